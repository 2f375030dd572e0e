"""Judges of `history`: whether somebody looks at the server regularly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import _
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

LONGEST = 8
"""Days: a week, and one day of grace."""


@judge("OPS-05", "history")
def checked_every_week(evidence: Evidence) -> Finding:
    """Judge whether the last check before today is at most a week old."""
    history = evidence["history"]
    seen = _("The last check before today was on {day}, {days} days ago.").format(
        day=history["last"], days=history["days"]
    )
    if history["days"] > LONGEST:
        return failed(seen, _("Run `provision verify` every week; docs/verify.md has a timer."))
    return fulfilled(seen)
