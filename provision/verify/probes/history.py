"""When this program looked at the server before: what the reports beside inventory.yml say."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from provision.messages.i18n import N_
from provision.verify.archive import earlier
from provision.verify.evidence import NotMeasuredError

if TYPE_CHECKING:
    from provision.verify.target import Target


def measure(target: Target) -> dict[str, Any]:
    """Return `last`, the date of the last report of an earlier day, and `days`, its age.

    Raises NotMeasuredError on the day of the first report.
    """
    today = date.today()  # noqa: DTZ011 - reports are named by the technician's calendar
    last = earlier(target.inventory, target.key, today) if target.inventory else None
    if last is None:
        raise NotMeasuredError(
            N_("This is the first report. From the second on it shows whether checks are regular.")
        )
    return {"last": last.isoformat(), "days": (today - last).days}
