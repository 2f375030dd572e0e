"""provision verify."""

from typing import Annotated

import typer

from provision.cli.completers import control_ids
from provision.cli.options import (  # fmt: skip
    INVENTORY,
    AllOption,
    BrowserOption,
    InventoryOption,
    JsonOption,
    SchoolsArgument,
)
from provision.messages.i18n import N_

OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="CONTROL",
        help=N_("Only these controls; writes no report."),
        autocompletion=control_ids,
    ),
]
TellAllOption = Annotated[
    bool, typer.Option("--verbose", "-v", help=N_("Show also what was seen of fulfilled controls."))
]


def command(  # noqa: PLR0917 - Typer gives them by name
    schools: SchoolsArgument = None,
    everyone: AllOption = False,
    only: OnlyOption = None,
    browser: BrowserOption = False,
    verbose: TellAllOption = False,
    json: JsonOption = False,
    inventory: InventoryOption = INVENTORY,
) -> int:
    """Measure a server and say of each control whether it is fulfilled.

    Looks from outside and, over SSH, from inside; believes no setting. A dated report for the data
    protection officer is written to reports/. The exit code is 1 if a must fails.

    For example:
      provision verify gymnasium-nord
      provision verify --all --json
      provision verify gymnasium-nord --only TLS-01,TLS-02
    """
    from provision.inventory.reading import chosen
    from provision.verify.run import verify
    from provision.verify.selection import controls

    ids = controls(only or [])
    meant = chosen(inventory, schools or [], everyone=everyone)
    return verify(inventory, meant, only=ids, browser=browser, as_json=json, verbose=verbose)
