"""Options that several commands share, and how a verb uses Typer."""

from pathlib import Path
from typing import Annotated

import typer

from provision.cli.completers import schools
from provision.messages.i18n import N_, _


def verb_app(sentence: str = "") -> typer.Typer:
    """Return a Typer for a verb: its help, completion and errors are ours (`verbs.py`)."""
    return typer.Typer(
        help=sentence,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,  # passwords among them
    )


def whole_number(typed: str) -> int:
    """Return a number that was typed; raises Typer's error with our sentence."""
    try:
        return int(typed)
    except ValueError as error:
        raise typer.BadParameter(_("Write a whole number, for instance 0.")) from error


InventoryOption = Annotated[
    Path,
    typer.Option(
        "--inventory",
        "-i",
        metavar="FILE",
        help=N_("The file with the schools; else inventory.yml in this directory."),
    ),
]
SchoolsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SCHOOL",
        help=N_("Short names of schools; not needed where there is only one."),
        show_default=False,
        autocompletion=schools,
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help=N_("Every school in the file."))]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help=N_("Show Ansible's own output as well."))
]
JsonOption = Annotated[bool, typer.Option("--json", help=N_("Write JSON for a machine."))]
BrowserOption = Annotated[
    bool, typer.Option("--browser", help=N_("Look also with a browser; needs Chromium."))
]

INVENTORY = Path("inventory.yml")
