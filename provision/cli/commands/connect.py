"""provision connect."""

from pathlib import Path
from typing import Annotated

import typer

from provision.cli.completers import schools
from provision.cli.options import INVENTORY, InventoryOption, whole_number
from provision.messages import console
from provision.messages.errors import UsageError
from provision.messages.i18n import N_, _


def command(  # noqa: PLR0917 - Typer gives them by name
    school: Annotated[
        str | None,
        typer.Argument(
            metavar="SCHOOL",
            help=N_("The school's short name; not needed where there is one."),
            autocompletion=schools,
        ),
    ] = None,
    fingerprint: Annotated[
        str,
        typer.Option(
            metavar="FINGERPRINT",
            help=N_("SHA256:… or MD5:…, the server's key as the provider shows it."),
        ),
    ] = "",
    identity: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=N_("Your SSH key; else the one that ssh uses, or a new one.")
        ),
    ] = None,
    password_fd: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help=N_("Read the provider's password from this file descriptor."),
            parser=whole_number,
        ),
    ] = None,
    new_server: Annotated[
        bool,
        typer.Option("--new-server", help=N_("The server was set up anew: compare its key again.")),
    ] = False,
    sudo: Annotated[
        bool,
        typer.Option("--sudo", help=N_("Let the account use sudo without a password, if needed.")),
    ] = False,
    inventory: InventoryOption = INVENTORY,
) -> None:
    """Make the first contact with a server: compare its key, install yours.

    The provider's password is used once and kept nowhere. A server that is connected already is
    left alone.

    For example:
      provision connect gymnasium-nord
      provision connect gymnasium-nord --fingerprint SHA256:… --password-fd 0 < password
    """
    from provision.access.connect import Contact, Wishes
    from provision.access.host_keys import parse_fingerprint
    from provision.inventory.reading import load, select

    try:
        wanted = parse_fingerprint(fingerprint) if fingerprint else ""
    except ValueError as error:
        raise UsageError(_("--fingerprint is not a fingerprint"), str(error)) from error
    known = load(inventory, files=False)
    if school is None and len(known.schools) > 1:
        raise UsageError(
            _("Which school?"),
            _("{path} has several: {known}").format(path=inventory, known=", ".join(known.schools)),
            _("name one of them"),
        )
    key = select(known, [school] if school else [])[0]
    wishes = Wishes(wanted, identity, password_fd, new_server, sudo)
    if Contact(inventory, key, known.schools[key], wishes).make():
        console.note(_("Next: provision check {key}").format(key=key))
