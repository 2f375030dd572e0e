"""Deploying and planning: runs the playbook and says in a school's words what happens."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provision.access import connect
from provision.check import reached
from provision.declared import phases
from provision.declared.phases import Task
from provision.messages import console
from provision.messages.errors import ExitCode, ProvisionError
from provision.messages.i18n import N_, _, ngettext
from provision.messages.words import duration
from provision.play import runner
from provision.play.failures import explain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from provision.settings.table import School

SERVICES = {
    "prosody.service": "Prosody",
    "jicofo.service": N_("focus"),
    "jitsi-videobridge2.service": N_("bridge"),
    "nginx.service": N_("web"),
    "coturn.service": "TURN",
}


@dataclass
class _Progress:
    """A moving line that names the phase of one school; with several schools there is none."""

    quiet: bool
    phase: str = ""
    step: console.Step | None = None
    begun: float = field(default_factory=time.monotonic)

    def observe(self, _school: str, phase: str) -> None:
        """Show that a phase begins."""
        if self.quiet or phase == self.phase:
            return
        self.drop()
        self.phase = phase
        self.step = console.Step(_(phases.title(phase)))

    def drop(self) -> None:
        """Take the moving line away."""
        if self.step:
            self.step.drop()
        self.step = None


def headline(school: School, outcome: runner.Outcome | None = None) -> str:
    """Return the line that names a school and its server."""
    parts = [school.school, school.domain, school.address]
    server = (outcome.server if outcome else None) or {}
    if server:
        parts.append(server["os_name"].removesuffix(")").replace("GNU/Linux ", "").split(" (")[0])
    return " · ".join(parts)


def deploy(
    inventory: Path,
    schools: Mapping[str, School],
    *,
    verbose: bool = False,
    as_json: bool = False,
    rehearse: bool = False,
) -> ExitCode:
    """Deploy to schools, or with ``rehearse`` only say what would change; return the exit code."""
    if not as_json:
        connect.ensure(inventory, schools)
    progress = _Progress(quiet=verbose or len(schools) > 1)
    try:
        outcomes = runner.run(
            "deploy",
            inventory,
            schools,
            observe=progress.observe,
            output=console.note if verbose else None,
            rehearse=rehearse,
        )
    finally:
        progress.drop()
    busy = {key for key, outcome in outcomes.items() if _details(schools[key], outcome)}
    shut = {} if rehearse else reached.shut(inventory, schools, outcomes, busy)
    worst = ExitCode.OK
    for key, outcome in outcomes.items():
        error = explain(outcome.failure, schools[key], key) if outcome.failure else None
        error = shut.get(key, error)
        if error:
            worst = max(worst, error.exit_code)
        elapsed = time.monotonic() - progress.begun
        if as_json:
            console.result_line(_as_data(key, schools[key], outcome, error, rehearse=rehearse))
        if not rehearse:
            _print_outcome(key, schools[key], outcome, error, elapsed, as_json=as_json)
        elif error or not as_json:
            _print_plan(key, schools[key], outcome, error)
    return worst


def _as_data(
    key: str,
    school: School,
    outcome: runner.Outcome,
    error: ProvisionError | None,
    *,
    rehearse: bool,
) -> dict[str, Any]:
    """Return a school's outcome for a machine."""
    data: dict[str, Any] = {
        "school": key,
        "url": f"https://{school.domain}",
        "rehearsal": rehearse,
        "changed": outcome.paths(),
        "started": outcome.units("started"),
        "restarted": outcome.units("restarted"),
        "reloaded": outcome.units("reloaded"),
        "seconds": {phase: round(took, 2) for phase, took in outcome.seconds.items()},
    }
    if error:
        rows = {label: text for label, text in error.rows() if label}
        data["error"] = {"what": error.what, "exit_code": int(error.exit_code), "rows": rows}
    return data


def _print_outcome(
    key: str,
    school: School,
    outcome: runner.Outcome,
    error: ProvisionError | None,
    elapsed: float,
    *,
    as_json: bool,
) -> None:
    """Print what a deployment did; with ``as_json`` the result itself is printed already."""
    details = _details(school, outcome)
    if details or error or _warnings(outcome):
        console.note(headline(school, outcome))
    for sentence in _warnings(outcome):
        console.warning(sentence, indent=2)
    for phase in phases.DEPLOYMENT:
        if phase in details:
            console.phase(_(phase.title), outcome.seconds.get(phase.key, 0.0), details[phase])
    if error:
        failed = (outcome.failure or {}).get("phase", "")
        if failed in {phase.key for phase in phases.DEPLOYMENT} - {phases.LOOK.key}:
            console.bad(_(phases.title(failed)), indent=2)
        console.error(error)
        return
    if not details:
        console.good(
            _("{school}: nothing to change ({seconds} s)").format(
                school=key, seconds=f"{elapsed:.1f}"
            )
        )
        return
    url = f"https://{school.domain}"
    tell = console.note if as_json else console.result
    tell(_("Ready after {time}: {url}").format(time=duration(elapsed), url=url))
    if phases.ACCOUNTS in details:
        console.note(
            _("Only teachers can open rooms. Next: provision teachers add {school} NAME").format(
                school=key
            )
        )


def _details(school: School, outcome: runner.Outcome) -> dict[phases.Phase, str]:
    """Return a sentence for each phase that changed something."""
    results = outcome.results.values()
    details: dict[phases.Phase, str] = {}
    files = sum(path[0] == "/" and path[-1] != "/" for path in outcome.paths())
    if files:
        details[phases.WRITE] = ngettext("{number} file", "{number} files", files).format(
            number=files
        )
    installed = [name for result in results for name in result.get("installed", [])]
    if installed:
        number = len(installed)
        details[phases.INSTALL] = ngettext("{number} package", "{number} packages", number).format(
            number=number
        )
    accounts = [n for r in results for n in (*r.get("added", []), *r.get("updated", []))]
    if accounts:
        details[phases.ACCOUNTS] = ""
    verbs = {
        "started": N_("started: {services}"),
        "restarted": N_("restarted: {services}"),
        "reloaded": N_("reloaded: {services}"),
    }
    moved = [
        _(sentence).format(services=", ".join(_(SERVICES[u]) for u in units))
        for verb, sentence in verbs.items()
        if (units := [unit for unit in outcome.units(verb) if unit in SERVICES])
    ]
    if moved:
        details[phases.START] = "; ".join(moved)
    if any(outcome.result(task).get("changed") for task in phases.CERTIFICATE.tasks):
        details[phases.CERTIFICATE] = {
            "letsencrypt": _("from the certificate authority, renewed by itself"),
            "own": _("your own"),
            "self-signed": _("self-signed: browsers warn"),
        }[school.certificate]
    if outcome.result(Task.CONFERENCE).get("changed"):
        details[phases.CONFERENCE] = _("the bridge carries media")
    if outcome.result(Task.SIGN_IN).get("changed"):
        details[phases.ACCESS] = _("kept, because you can still sign in")
    return details


def _print_plan(
    key: str, school: School, outcome: runner.Outcome, error: ProvisionError | None
) -> None:
    """Print what a deployment would do."""
    if error:
        console.note(headline(school, outcome))
        console.error(error)
        return
    console.result(headline(school, outcome))
    for sentence in _warnings(outcome):
        console.warning(sentence, indent=2)
    # It ran, since nothing failed; without its word nobody knows what would change.
    tree = outcome.results[Task.WRITE]
    rows = {
        N_("would install {number}:"): tree.get("missing_packages", []),
        N_("would write {number}:"): tree.get("paths", []),
        N_("would start {number}:"): [
            _(SERVICES.get(unit, unit)) for unit in tree.get("inactive", [])
        ],
        N_("would restart {number}:"): _affected(tree, "restart"),
        N_("would reload {number}:"): _affected(tree, "reload"),
    }
    if outcome.result(Task.CERTIFICATE).get("changed"):
        names = ", ".join(name for name in (school.domain, school.turn_domain) if name)
        rows[N_("would obtain {number}:")] = [_("a certificate for {domain}").format(domain=names)]
    rows = {heading: things for heading, things in rows.items() if things}
    if not rows:
        console.result("  " + _("nothing to change"))
        return
    for heading, things in rows.items():
        console.result("  " + _(heading).format(number=len(things)))
        for thing in things:
            console.result(f"    {thing}")
    console.note(_("Nothing was changed. Next: provision deploy {school}").format(school=key))


def _affected(tree: dict[str, Any], effect: str) -> list[str]:
    """Return the running services that a change would restart or reload."""
    return [
        _(SERVICES.get(unit, unit))
        for unit, effects in tree.get("effects", {}).items()
        if effect in effects and unit not in tree.get("inactive", [])
    ]


def _warnings(outcome: runner.Outcome) -> Sequence[str]:
    """Return what a person should know about the server."""
    warnings: list[str] = [
        sentence
        for task in phases.LOOK.tasks
        for sentence in outcome.result(task).get("warnings_found", [])
    ]
    local = (outcome.server or {}).get("local_changes", [])
    if local:
        warnings.append(
            _("Changes of your own are in force: {files}").format(files=", ".join(local))
        )
    return warnings
