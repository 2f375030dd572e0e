"""What a list of verdicts comes down to: counts, and one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from provision.messages.errors import ExitCode
from provision.messages.i18n import _
from provision.verify.finding import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.verify.evidence import Evidence
    from provision.verify.verdict import Verdict

_ELSEWHERE = {"browser", "history"}
"""What depends on the technician's computer, and not on the server."""
_ESSENTIAL = {"http", "inside"}
"""Without these the server was not really looked at."""


class Counts(NamedTuple):
    """How many controls of one severity are in which state."""

    total: int
    fulfilled: int
    """Confirmed ones among them."""
    confirmed: int
    failed: int
    not_measured: int
    open: int
    not_visible: int


def counts(verdicts: Iterable[Verdict], severity: str) -> Counts:
    """Return how many controls of a severity are in which state."""
    states = [verdict.state for verdict in verdicts if verdict.control.severity == severity]
    return Counts(
        len(states),
        states.count(State.FULFILLED) + states.count(State.CONFIRMED),
        states.count(State.CONFIRMED),
        states.count(State.FAILED),
        states.count(State.NOT_MEASURED),
        states.count(State.OPEN),
        states.count(State.NOT_VISIBLE),
    )


def sentence(verdicts: list[Verdict]) -> str:
    """Return the verdict in one sentence, for instance of 54 musts."""
    must = counts(verdicts, "must")
    if must.not_visible:
        return _(
            "Of {total} musts, {visible} can be seen from outside: {fulfilled} fulfilled, {failed} "
            "failed, {not_measured} not measured."
        ).format(visible=must.total - must.not_visible, **must._asdict())
    return _(
        "{fulfilled} of {total} musts fulfilled, {failed} failed, {not_measured} not measured, "
        "{open} open."
    ).format(**must._asdict())


def second_sentence(verdicts: list[Verdict]) -> str:
    """Return the same of the shoulds, or nothing where none of them is concerned."""
    should = counts(verdicts, "should")
    if should.total == should.not_visible:
        return ""
    if should.not_visible:
        return _(
            "Of {total} shoulds, {visible} can be seen from outside: {fulfilled} fulfilled, "
            "{failed} failed, {not_measured} not measured."
        ).format(visible=should.total - should.not_visible, **should._asdict())
    return _(
        "{fulfilled} of {total} shoulds fulfilled, {failed} failed, {not_measured} not measured, "
        "{open} open."
    ).format(**should._asdict())


def exit_code(verdicts: Iterable[Verdict], evidence: Evidence) -> ExitCode:
    """Return what a script should know: a must failed, or the server could not be looked at."""
    if any(v.state is State.FAILED and v.control.severity == "must" for v in verdicts):
        return ExitCode.CHECK_FAILED
    seen, unseen = (set(part) - _ELSEWHERE for part in (evidence.data, evidence.missing))
    if unseen & _ESSENTIAL or (unseen and not seen):
        return ExitCode.UNREACHABLE
    return ExitCode.OK
