"""What the Tab key offers in place of a value: names from files on this computer, at once.

Nothing here may fail or wait: a file that is not there, or is no inventory, has nothing to offer.
What is offered becomes part of a shell's command line, so a name that no school may have is none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer  # noqa: TC002 - Typer asks for the annotations when the program runs

from provision.messages.i18n import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable


def schools(context: typer.Context, incomplete: str) -> list[str]:
    """Return the short names of the schools that are not on the line yet."""
    from provision.inventory.school_names import school_names  # noqa: PLC0415 - at the Tab key alone

    given = context.params.get("schools") or ()
    path = Path(str(context.params.get("inventory") or "inventory.yml")).expanduser()
    return [name for name in _begin(school_names(path), incomplete) if name not in given]


def control_ids(incomplete: str) -> list[str]:
    """Return the ids of controls, also behind others and a comma, in capitals or small as typed."""
    from provision.controls import catalogue  # noqa: PLC0415 - as above

    before, comma, last = incomplete.rpartition(",")
    ids = [name.lower() if last.islower() else name for name in catalogue()]
    return [f"{before}{comma}{name}" for name in _begin(ids, last)]


def languages(incomplete: str) -> list[str]:
    """Return the languages that the program speaks."""
    return _begin(LANGUAGES, incomplete)


def _begin(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
