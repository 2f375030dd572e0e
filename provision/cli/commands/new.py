"""provision new."""

from pathlib import Path
from typing import Annotated

import typer

from provision.cli.options import INVENTORY, InventoryOption
from provision.messages import console
from provision.messages.errors import UsageError
from provision.messages.i18n import N_, _


def command(
    school: Annotated[
        str | None,
        typer.Argument(
            metavar="SCHOOL",
            help=N_("Its short name for this program; else it is made from the school's name."),
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help=N_("Answer a question beforehand, or set what is not asked; can be repeated."),
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help=N_("Add all schools of a list, one a row; --set is then what they share."),
        ),
    ] = None,
    csv_template: Annotated[
        bool,
        typer.Option(
            "--csv-template", help=N_("Print an empty list for --csv, with an example in it.")
        ),
    ] = False,
    inventory: InventoryOption = INVENTORY,
) -> None:
    """Add a school: asks what it needs and writes inventory.yml.

    Every answer is checked at once. Nothing is asked when --set gives all that is required, or
    when no terminal is there to answer. A list is a table that a spreadsheet saved as CSV in
    UTF-8, with commas or semicolons; an empty cell leaves the default, and either all of its
    schools are added or none.

    For example:
      provision new
      provision new gymnasium-nord --set address=203.0.113.10 --set certificate=own
      provision new --csv-template > schools.csv
      provision new --csv schools.csv --set contact=it@schools.example.org
    """
    if csv_template:
        from provision.inventory.csv_file import template

        if school or settings or csv:
            raise UsageError(_("--csv-template stands alone"))
        console.result(template())
    elif csv:
        from provision.inventory.new_schools import add_list

        if school:
            raise UsageError(
                _("There is a word too many: {word}").format(word=school),
                _("with --csv, the short names stand in the list"),
            )
        add_list(csv, settings or [], inventory)
    else:
        from provision.inventory.new_school import add

        add(school, settings or [], inventory)
