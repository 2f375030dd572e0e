"""The directory of reports: `reports/<school>/<date>.json` and `.html` beside inventory.yml."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "reports"


def directory(inventory: Path, school: str) -> Path:
    """Return where the reports of a school are."""
    return inventory.parent / FOLDER / school


def earlier(inventory: Path, school: str, day: date) -> date | None:
    """Return the day of the last report before a day, or nothing."""
    days = []
    for path in directory(inventory, school).glob("*.json"):
        with suppress(ValueError):
            days.append(date.fromisoformat(path.stem))
    return max((found for found in days if found < day), default=None)
