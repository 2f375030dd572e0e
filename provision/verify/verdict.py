"""Judges: pure functions from evidence to a verdict, one or more parts for a control."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from provision.controls import catalogue
from provision.i18n import _
from provision.verify import judges
from provision.verify.evidence import SECTIONS, NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from provision.controls import Control
    from provision.verify.evidence import Evidence


class State(Enum):
    """What can be said of a control."""

    FULFILLED = "fulfilled"
    FAILED = "failed"
    NOT_MEASURED = "not measured"


class Finding(NamedTuple):
    """What one part of a control's proof found."""

    state: State
    sentence: str
    """What was seen, for people; with FAILED the evidence, with NOT_MEASURED the reason."""
    remedy: str = ""
    """What to do, with FAILED."""


@dataclass(frozen=True)
class Verdict:
    """What holds for one control."""

    control: Control
    state: State
    findings: tuple[Finding, ...]


class _Part(NamedTuple):
    section: str
    function: Callable[[Evidence], Finding]
    additional: bool


_parts: dict[str, list[_Part]] = {}


def fulfilled(sentence: str) -> Finding:
    """Return that what was measured is as required."""
    return Finding(State.FULFILLED, sentence)


def failed(sentence: str, remedy: str) -> Finding:
    """Return what was seen instead, and what to do."""
    return Finding(State.FAILED, sentence, remedy)


def judge(
    control: str, section: str, *, additional: bool = False
) -> Callable[[Callable[[Evidence], Finding]], Callable[[Evidence], Finding]]:
    """Declare a function as the judge of (a part of) a control, by what a section holds.

    A part that is `additional` tells more where it was measured, and is not missed otherwise: the
    browser's view of something that was proven from outside already. The function raises
    NotMeasuredError where the evidence does not suffice; a section that is missing does so itself.
    """
    assert section in SECTIONS, section

    def register(function: Callable[[Evidence], Finding]) -> Callable[[Evidence], Finding]:
        _parts.setdefault(control, []).append(_Part(section, function, additional))
        return function

    return register


def parts() -> dict[str, list[_Part]]:
    """Return the registered parts of every control that has a judge."""
    for module in pkgutil.iter_modules(judges.__path__, judges.__name__ + "."):
        importlib.import_module(module.name)
    return _parts


def verdicts(evidence: Evidence) -> list[Verdict]:
    """Return a verdict for each control of the catalogue, in its order.

    One part that failed decides; else one that had to be measured and was not; else the control is
    fulfilled.
    """
    known = parts()
    return [_verdict(control, known.get(key, []), evidence) for key, control in catalogue().items()]


def _verdict(control: Control, known: list[_Part], evidence: Evidence) -> Verdict:
    if not known:
        return Verdict(control, State.NOT_MEASURED, (_open(control),))
    findings, missed = [], False
    for part in known:
        try:
            findings.append(part.function(evidence))
        except NotMeasuredError as reason:
            missed = missed or not part.additional
            if not part.additional:
                findings.append(Finding(State.NOT_MEASURED, str(reason)))
    states = {finding.state for finding in findings}
    if State.FAILED in states:
        state = State.FAILED
    elif missed or State.FULFILLED not in states:
        state = State.NOT_MEASURED
    else:
        state = State.FULFILLED
    return Verdict(control, state, tuple(findings))


def _open(control: Control) -> Finding:
    """Return why nobody measured a control without a judge."""
    from provision.i18n import language  # noqa: PLC0415 - as the catalogue speaks it

    reason = control.unmeasured.text(language()) if control.unmeasured else ""
    return Finding(State.NOT_MEASURED, reason or _("The school or the provider must confirm it."))
