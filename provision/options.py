"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from provision.i18n import N_

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
