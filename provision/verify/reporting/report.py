"""What one run says of one server: the verdicts with all that a reader needs beside them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from provision.messages.i18n import N_, _
from provision.verify.evidence import SECTIONS
from provision.verify.finding import State
from provision.verify.reporting.summary import counts, sentence
from provision.verify.verdict import verdicts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from provision.controls import Control
    from provision.verify.evidence import Evidence
    from provision.verify.target import Target
    from provision.verify.verdict import Verdict

FORMAT = 1
"""Of the data below reports/; grows when something is called otherwise."""
WORDS = {
    State.FAILED: N_("failed"),
    State.NOT_MEASURED: N_("not measured"),
    State.OPEN: N_("open"),
    State.CONFIRMED: N_("confirmed"),
    State.FULFILLED: N_("fulfilled"),
    State.NOT_VISIBLE: N_("not visible from outside"),
}
"""How people call a state. The order is that of a report: worst first."""


class Change(NamedTuple):
    """A control whose state is not what it was."""

    control: Control
    before: State
    now: State


@dataclass(frozen=True)
class Report:
    """One run, in the language that is active while it is made."""

    key: str
    """The school's short name; the domain for a stranger's server."""
    name: str
    domain: str
    address: str
    moment: datetime
    program: str
    evidence: Evidence
    verdicts: list[Verdict]
    since: date | None = None
    """The day of the report that it is compared with."""
    changes: Sequence[Change] = ()

    @property
    def digest(self) -> str:
        """What identifies the evidence: the SHA-256 of its data as JSON with sorted keys."""
        text = json.dumps(self.evidence.data, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def of(self, state: State) -> list[Verdict]:
        """Return the verdicts of a state, musts first, else in the catalogue's order."""
        found = [verdict for verdict in self.verdicts if verdict.state is state]
        return sorted(found, key=lambda verdict: verdict.control.severity != "must")

    def reasons(self) -> dict[str, list[Control]]:
        """Return why controls could not be measured: by the first reason those it concerns."""
        found: dict[str, list[Control]] = {}
        for verdict in self.of(State.NOT_MEASURED):
            said = [part.sentence for part in verdict.findings if part.state is State.NOT_MEASURED]
            reason = next(filter(None, said), "") or _("Nothing measures it yet.")
            found.setdefault(reason, []).append(verdict.control)
        return found


def make(
    target: Target,
    evidence: Evidence,
    moment: datetime,
    *,
    sections: Collection[str] = SECTIONS,
    only: Collection[str] = (),
    before: tuple[date, Mapping[str, State]] | None = None,
) -> Report:
    """Judge the evidence in the active language, and compare with the states of an earlier day.

    With `only`, it is about these controls; parts that need other `sections` are passed over.
    """
    confirmed = target.school.confirmed if target.school else {}
    judged = [
        verdict
        for verdict in verdicts(evidence, confirmed, sections)
        if not only or verdict.control.id in only
    ]
    return Report(
        key=target.key or target.domain,
        name=target.school.school if target.school else target.domain,
        domain=target.domain,
        address=target.address,
        moment=moment,
        program=version("jitsi-provision"),
        evidence=evidence,
        verdicts=judged,
        since=before[0] if before else None,
        changes=_changes(judged, before[1]) if before else (),
    )


def as_data(report: Report) -> dict[str, Any]:
    """Return a report for machines, without the evidence itself."""
    return {
        "format": FORMAT,
        "school": report.key,
        "name": report.name,
        "domain": report.domain,
        "address": report.address,
        "date": report.moment.isoformat(timespec="seconds"),
        "program": report.program,
        "evidence": {"sha256": report.digest, "sections": list(report.evidence.data)},
        "missing": {key: str(reason) for key, reason in report.evidence.missing.items()},
        "verdict": sentence(report.verdicts),
        "must": counts(report.verdicts, "must")._asdict(),
        "should": counts(report.verdicts, "should")._asdict(),
        "since": report.since.isoformat() if report.since else None,
        "changes": [
            {"id": change.control.id, "before": change.before.value, "now": change.now.value}
            for change in report.changes
        ],
        "controls": [_control(verdict) for verdict in report.verdicts],
    }


def _control(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.control.id,
        "severity": verdict.control.severity,
        "state": verdict.state.value,
        "findings": [
            {
                "state": finding.state.value,
                "sentence": finding.sentence,
                **({"remedy": finding.remedy} if finding.remedy else {}),
            }
            for finding in verdict.findings
        ],
    }


def _changes(judged: Sequence[Verdict], before: Mapping[str, State]) -> list[Change]:
    """Return the controls whose state changed; those that are new in the catalogue did not."""
    changed = [
        Change(verdict.control, before[verdict.control.id], verdict.state)
        for verdict in judged
        if before.get(verdict.control.id, verdict.state) is not verdict.state
    ]
    order = list(WORDS)
    return sorted(changed, key=lambda change: order.index(change.now))


def word(state: State) -> str:
    """Return how people call a state, in the active language."""
    return _(WORDS[state])
