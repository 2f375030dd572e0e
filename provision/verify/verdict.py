"""What follows for a control from what its judges say."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from provision.controls import catalogue
from provision.messages.i18n import _, language
from provision.verify import judges
from provision.verify.evidence import SECTIONS, NotMeasuredError
from provision.verify.finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from provision.controls import Control
    from provision.verify.evidence import Evidence


@dataclass(frozen=True)
class Verdict:
    """What holds for one control."""

    control: Control
    state: State
    findings: tuple[Finding, ...]


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
    known = judges.parts()
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
    known: Iterable[judges.Part],
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
