"""provision new."""

from typing import Annotated

import typer

from provision.i18n import N_
from provision.new_school import add
from provision.options import INVENTORY, InventoryOption


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
    inventory: InventoryOption = INVENTORY,
) -> None:
    """Add a school: asks what it needs and writes inventory.yml.

    Every answer is checked at once. Nothing is asked when --set gives all that is required, or
    when no terminal is there to answer.

    For example:
      provision new
      provision new gymnasium-nord --set address=203.0.113.10 --set certificate=own
    """
    add(school, settings or [], inventory)
