"""What can go wrong with regular checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("OPS-05")
def nobody_looked_for_nine_days(evidence: Evidence) -> None:
    evidence["history"] |= {"days": 9}
