"""Writes a report to its place, and reads the one before it.

One report a day: another run on the same day replaces it, and is compared with the day before it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from provision.common.atomic import write_at_once
from provision.common.bounded_files import UnfitError, read_bytes
from provision.common.limits import REPORT
from provision.messages import console, legible
from provision.verify.archive import directory, earlier
from provision.verify.finding import State
from provision.verify.reporting.report import as_data

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from provision.verify.reporting.report import Report

_MODE = 0o644


def states_before(inventory: Path, school: str, day: date) -> tuple[date, dict[str, State]] | None:
    """Return the day of the last report before a day, and its state of each control by id.

    There is nothing where no such report can be read.
    """
    last = earlier(inventory, school, day)
    if last is None:
        return None
    path = directory(inventory, school) / f"{last.isoformat()}.json"
    with suppress(OSError, UnfitError, ValueError, LookupError, TypeError):
        found = json.loads(read_bytes(path, REPORT))
        return last, {entry["id"]: State(entry["state"]) for entry in found["controls"]}
    return None


def write(report: Report, page: str, inventory: Path) -> Path:
    """Write the data and the page of a report, and return where the page is.

    Raises OSError where that is not possible.
    """
    folder = directory(inventory, report.key)
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / report.moment.date().isoformat()
    data = as_data(report)
    data["evidence"] |= {"data": dict(report.evidence.data)}
    text = console.as_json(data, indent=1) + "\n"
    write_at_once(stem.with_suffix(".json"), text.encode(), _MODE, new=False)
    write_at_once(stem.with_suffix(".html"), legible.shown(page).encode(), _MODE, new=False)
    return stem.with_suffix(".html")
