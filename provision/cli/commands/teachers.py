"""provision teachers."""

from typing import TYPE_CHECKING, Annotated

import typer

from provision.cli.completers import schools
from provision.cli.options import INVENTORY, InventoryOption, JsonOption, verb_app
from provision.messages import console
from provision.messages.i18n import N_, _

if TYPE_CHECKING:
    from pathlib import Path

    from provision.settings.table import School
    from provision.teachers.accounts import Passwords

app = verb_app("Add, list and remove the accounts of teachers.")

SchoolArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCHOOL",
        help=N_("The school's short name."),
        show_default=False,
        autocompletion=schools,
    ),
]
NamesArgument = Annotated[
    list[str],
    typer.Argument(metavar="NAME", help=N_("What the teacher signs in with."), show_default=False),
]


@app.command("add")
def add(
    school: SchoolArgument,
    names: NamesArgument,
    json: JsonOption = False,
    inventory: InventoryOption = INVENTORY,
) -> None:
    """Make accounts for teachers; their first passwords are shown once.

    For example:
      provision teachers add gymnasium-nord a.meier
    """
    from provision.teachers import accounts as teachers
    from provision.verify.archive import directory

    _print(teachers.add(inventory, school, _known(inventory, school), names), as_json=json)
    if not json and not directory(inventory, school).exists():
        console.note(_("Next: provision verify {school}").format(school=school))


@app.command("password")
def password(
    school: SchoolArgument,
    names: NamesArgument,
    json: JsonOption = False,
    inventory: InventoryOption = INVENTORY,
) -> None:
    """Give teachers new passwords and end their sessions; the passwords are shown once.

    For example:
      provision teachers password gymnasium-nord a.meier
    """
    from provision.teachers import accounts as teachers

    _print(teachers.renew(inventory, school, _known(inventory, school), names), as_json=json)


@app.command("remove")
def remove(
    school: SchoolArgument, names: NamesArgument, inventory: InventoryOption = INVENTORY
) -> None:
    """Remove teachers' accounts and end their sessions.

    For example:
      provision teachers remove gymnasium-nord a.meier
    """
    from provision.teachers import accounts as teachers

    done = teachers.remove(inventory, school, _known(inventory, school), names)
    if done.names:
        console.good(_("removed: {names}").format(names=", ".join(done.names)))
    if done.stopped:
        raise done.stopped


@app.command("list")
def list_accounts(
    school: SchoolArgument, json: JsonOption = False, inventory: InventoryOption = INVENTORY
) -> None:
    """List the teachers' accounts on a school's server.

    For example:
      provision teachers list gymnasium-nord
    """
    from provision.teachers import accounts as teachers

    names = teachers.accounts(inventory, school, _known(inventory, school))
    if json:
        console.result_line(names)
        return
    for name in names:
        console.result(name)
    if not names:
        console.note(_("There is no teacher yet."))
        console.note(_("Next: provision teachers add {school} NAME").format(school=school))


def _known(inventory: "Path", school: str) -> "School":
    from provision.inventory.reading import chosen

    return chosen(inventory, [school])[school]


def _print(made: "Passwords", *, as_json: bool) -> None:
    """Print new passwords, once, also where something came in between; then raise what that was."""
    shown = made.passwords | made.unsure
    if shown and as_json:
        console.result_line(shown)
    elif shown:
        console.table([_("teacher"), _("password")], list(shown.items()))
        console.note(_("These passwords are shown only now. Hand them over on paper or in person."))
    if made.unsure:
        console.warning(
            _(
                "Whether these are in force is not known: {names}. Try them, or run this again."
            ).format(names=", ".join(made.unsure))
        )
    if made.stopped:
        raise made.stopped
