"""Judges: pure functions from evidence to a verdict, one or more parts for a control."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from provision.controls import catalogue
from provision.messages.i18n import _, language
from provision.messages.words import cut
from provision.verify import judges
from provision.verify.evidence import SECTIONS, NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from provision.controls import Control
    from provision.verify.evidence import Evidence


LONGEST = 2000
"""No sentence of a report is longer, whatever a server has sent."""


class State(Enum):
    """What can be said of a control."""

    FAILED = "failed"
    NOT_MEASURED = "not measured"
    OPEN = "open"
    """The school or the provider has to confirm it, and did not yet."""
    CONFIRMED = "confirmed"
    """The school says so in inventory.yml; what can be measured of it is fulfilled."""
    FULFILLED = "fulfilled"
    NOT_VISIBLE = "not visible"
    """It can only be measured from a side from which nobody looked."""


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
    return Finding(State.FULFILLED, cut(sentence, LONGEST))


def failed(sentence: str, remedy: str) -> Finding:
    """Return what was seen instead, and what to do."""
    return Finding(State.FAILED, cut(sentence, LONGEST), remedy)


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


def verdicts(
    evidence: Evidence,
    confirmed: Mapping[str, str] = MappingProxyType({}),
    sections: Collection[str] = SECTIONS,
) -> list[Verdict]:
    """Return a verdict for each control of the catalogue, in its order.

    One part that failed decides; else one that had to be measured and was not; else the control is
    fulfilled. What the school has to confirm is open until `confirmed`, by the control's id, says
    what it has. Parts of other `sections` than the given ones are passed over.
    """
    known = parts()
    return [
        _verdict(
            control,
            [part for part in known.get(key, []) if part.section in sections],
            evidence,
            confirmed.get(key, ""),
            everything=set(sections) == set(SECTIONS),
        )
        for key, control in catalogue().items()
    ]


def _verdict(
    control: Control,
    known: Iterable[_Part],
    evidence: Evidence,
    confirmed: str,
    *,
    everything: bool,
) -> Verdict:
    findings, missed = [], False
    for part in known:
        try:
            findings.append(part.function(evidence))
        except NotMeasuredError as reason:
            # What is additional is not missed, but a reader should know that nobody looked.
            missed = missed or not part.additional
            findings.append(Finding(State.NOT_MEASURED, str(reason)))
    measured = {finding.state for finding in findings}
    if everything:
        findings += _beyond(control, confirmed)
    if State.FAILED in measured:
        state = State.FAILED
    elif missed:
        state = State.NOT_MEASURED
    elif not everything and State.FULFILLED not in measured:
        state = State.NOT_VISIBLE
    elif control.asks and everything:
        state = State.CONFIRMED if confirmed else State.OPEN
    else:
        state = State.FULFILLED if State.FULFILLED in measured else State.NOT_MEASURED
    return Verdict(control, state, tuple(findings))


def _beyond(control: Control, confirmed: str) -> list[Finding]:
    """Return what is to be said of a control beside what was measured."""
    said = []
    if control.unmeasured:
        said.append(Finding(State.NOT_MEASURED, control.unmeasured.text(language())))
    if control.asks and confirmed:
        said.append(Finding(State.CONFIRMED, _("The school says: {text}").format(text=confirmed)))
    elif control.asks:
        sentence = _("The school has to confirm it in inventory.yml, with a date.")
        if "provider" in control.responsible:
            sentence = _("The school has to ask its provider and confirm it in inventory.yml.")
        said.append(Finding(State.OPEN, sentence))
    return said
