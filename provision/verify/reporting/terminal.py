"""Prints a report to the terminal: worst first, the verdict last, where a person looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.controls import groups
from provision.messages import console
from provision.messages.i18n import _, language
from provision.verify.finding import State
from provision.verify.reporting import summary
from provision.verify.reporting.page import day
from provision.verify.reporting.report import word

if TYPE_CHECKING:
    from provision.controls import Control
    from provision.verify.finding import Finding
    from provision.verify.reporting.report import Report
    from provision.verify.verdict import Verdict

INDENT = 11
"""Where sentences begin: behind the mark and the id."""


def show(report: Report, *, verbose: bool = False) -> None:
    """Print a report as the result of the command."""
    place = [report.name, report.domain, report.address]
    console.result(" · ".join(dict.fromkeys(part for part in place if part)), bold=True)
    _failed(report)
    _not_measured(report)
    _open(report)
    _good(report, verbose=verbose)
    _changes(report)
    console.result()
    if summary.counts(report.verdicts, "must").not_visible:
        number = len(report.of(State.NOT_VISIBLE))
        text = _("{number} controls cannot be seen from outside.").format(number=number)
        console.result(text)
    console.result(summary.sentence(report.verdicts), bold=True)
    if second := summary.second_sentence(report.verdicts):
        console.result(second)


def _failed(report: Report) -> None:
    for verdict in report.of(State.FAILED):
        _heading("✗", verdict.control)
        for finding in verdict.findings:
            if finding.state is State.FAILED:
                console.paragraph(finding.sentence, INDENT)
                if finding.remedy:
                    console.paragraph(_("Next: {text}").format(text=finding.remedy), INDENT)


def _not_measured(report: Report) -> None:
    for reason, controls in report.reasons().items():
        console.marked("!", _("Not measured: {ids}").format(ids=_ids(controls)), indent=2)
        console.paragraph(reason, 4)


def _open(report: Report) -> None:
    controls = [verdict.control for verdict in report.of(State.OPEN)]
    if controls:
        text = _("Open, for the school to confirm: {ids}").format(ids=_ids(controls))
        console.marked("!", text, indent=2)


def _good(report: Report, *, verbose: bool) -> None:
    good = [v for v in report.verdicts if v.state in {State.FULFILLED, State.CONFIRMED}]
    for group, heading in groups().items():
        verdicts = [verdict for verdict in good if verdict.control.group == group]
        if verdicts and not verbose:
            ids = _ids([verdict.control for verdict in verdicts])
            console.marked("✓", f"{heading.text(language())}: {ids}", indent=2)
        for verdict in verdicts if verbose else ():
            _heading("✓", verdict.control)
            for finding in _told(verdict):
                console.paragraph(finding.sentence, INDENT)


def _told(verdict: Verdict) -> list[Finding]:
    return [finding for finding in verdict.findings if finding.sentence]


def _changes(report: Report) -> None:
    if not report.since or not report.changes:
        return
    console.result(_("New since {day}").format(day=day(report.since)) + ":")
    together: dict[tuple[State, State], list[Control]] = {}
    for change in report.changes:
        together.setdefault((change.before, change.now), []).append(change.control)
    for (before, now), controls in together.items():
        console.result(f"    {word(before)} → {word(now)}: {_ids(controls)}")


def _heading(mark: str, control: Control) -> None:
    severity = "" if control.severity == "must" else f" ({_('should')})"
    console.marked(mark, f"{control.id} {control.title.text(language())}{severity}", indent=2)


def _ids(controls: list[Control]) -> str:
    return ", ".join(control.id for control in controls)
