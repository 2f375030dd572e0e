"""`provision verify`: measures schools' servers side by side, judges, reports."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from provision.messages import console
from provision.messages.errors import ExitCode
from provision.messages.i18n import N_, _, speaking
from provision.messages.reasons import reason
from provision.verify.evidence import Evidence, NotMeasuredError
from provision.verify.measure import measure_all
from provision.verify.reporting import page, paper, report, reports, summary, terminal
from provision.verify.selection import sections_of
from provision.verify.target import of_school

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from provision.settings.table import School
    from provision.verify.target import Target

NO_BROWSER = NotMeasuredError(N_("It needs a browser: run it again with --browser."))


class Progress:
    """A moving line for one server, a line for each of several when it is done."""

    def __init__(self, servers: int, sections: int) -> None:
        self._sections = sections
        self._done: dict[str, int] = {}
        self._begun = time.monotonic()
        self._step = console.Step(_("look at the server")) if servers == 1 else None

    def observe(self, key: str, section: str) -> None:
        """Tell that a section of a server was measured."""
        self._done[key] = self._done.get(key, 0) + 1
        if self._step:
            self._step.update(f"{self._done[key]}/{self._sections} {section}")

    def done(self, key: str) -> None:
        """Tell that a server was looked at."""
        if self._step:
            self._step.done()
        else:
            console.phase(key, time.monotonic() - self._begun, "")


def verify(
    inventory: Path,
    schools: Mapping[str, School],
    *,
    only: Collection[str] = (),
    browser: bool = False,
    as_json: bool = False,
    verbose: bool = False,
) -> ExitCode:
    """Print a report of each school, and write it unless only some controls are meant."""
    targets = {key: of_school(inventory, key, school) for key, school in schools.items()}
    wanted = [section for section in sections_of(only) if browser or section != "browser"]
    progress = Progress(len(targets), len(wanted))
    worst = ExitCode.OK
    for key, found in measure_all(targets, wanted, progress.observe):
        progress.done(key)
        missing = found.missing if browser else {**found.missing, "browser": NO_BROWSER}
        school = _School(targets[key], Evidence(found.data, missing), inventory, only)
        worst = max(worst, school.conclude(as_json=as_json, verbose=verbose))
    return worst


class _School:
    """What was measured of one school, on its way to the reader."""

    def __init__(
        self, target: Target, evidence: Evidence, inventory: Path, only: Collection[str]
    ) -> None:
        self._target, self._evidence, self._inventory, self._only = (
            target, evidence, inventory, only
        )  # fmt: skip
        self._moment = datetime.now().astimezone()
        self._before = reports.states_before(inventory, target.key, self._moment.date())

    def conclude(self, *, as_json: bool, verbose: bool) -> ExitCode:
        """Print and write the report; return what a script should know."""
        shown = self._report()
        code = summary.exit_code(shown.verdicts, self._evidence)
        if not as_json:
            terminal.show(shown, verbose=verbose)
        files: list[Path] = []
        if not self._only:
            try:
                files = self._write()
            except OSError as error:
                console.bad(
                    _("The report cannot be written: {reason}").format(reason=reason(error))
                )
                code = max(code, ExitCode.REFUSED)
        if "inside" in self._evidence.missing and not as_json:
            next_step = _("if it was never connected, or set up anew: provision connect {school}")
            console.note(_("Next: {text}").format(text=next_step.format(school=self._target.key)))
        if as_json:
            console.result_line(report.as_data(shown) | {"files": [str(path) for path in files]})
        return code

    def _report(self) -> report.Report:
        return report.make(
            self._target, self._evidence, self._moment, only=self._only, before=self._before
        )

    def _write(self) -> list[Path]:
        """Write page and data in the school's own language, and a PDF where that is possible."""
        assert self._target.school is not None
        with speaking(self._target.school.language):
            made = self._report()
            written = reports.write(made, page.html(made), self._inventory)
        printed = paper.pdf(written)
        files = [written, printed] if printed else [written]
        names = ", ".join(str(path) for path in files)
        console.note(_("Report: {names}").format(names=names))
        if not printed:
            console.note(_("For a PDF, open the page in a browser and print it into a file."))
        return files
