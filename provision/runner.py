"""The only module that starts Ansible: turns its events into phases, changes and failures.

Ansible's own record of a run (every result, on disk) goes to a private temporary directory that is
deleted with the run.
"""

from __future__ import annotations

import locale
import os
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ansible_runner

from provision import i18n, paths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PHASES = ("look", "write", "install", "accounts", "start", "conference", "access", "certificate")
"""In the order of the tasks, whose names begin with one of these and a bar."""


@dataclass
class Outcome:
    """What a run did to one school's server."""

    school: str
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The result of each task that ran, by its name without the phase."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each phase took."""
    failure: dict[str, Any] | None = None
    """The result of the task that failed, with ``phase`` and ``unreachable``."""

    def paths(self) -> list[str]:
        """Return what changed on the disk, in the order in which it happened."""
        changed: list[str] = []
        for result in self.results.values():
            changed += result.get("paths", [])
            changed += [f"package {name}" for name in result.get("installed", [])]
            for verb in ("added", "updated", "removed"):
                changed += [f"account {name}" for name in result.get(verb, [])]
            if result.get("changed") and "install-certificate" in str(result.get("cmd")):
                changed += [f"certificate of {name}" for name in result["stdout"].split()]
        return list(dict.fromkeys(changed))

    def units(self, verb: str) -> list[str]:
        """Return the units that were ``started``, ``restarted`` or ``reloaded``."""
        return [unit for result in self.results.values() for unit in result.get(verb) or []]


@dataclass
class _Events:
    """Reads the events of one run."""

    outcomes: dict[str, Outcome]
    observe: Callable[[str, str], None]
    output: Callable[[str], None] | None
    through: set[str] = field(default_factory=set)
    """The schools that Ansible counts among those it has finished with."""

    def __call__(self, event: dict[str, Any]) -> bool:
        """Take one event; nothing of it is kept on disk."""
        if self.output and event.get("stdout"):
            self.output(event["stdout"])
        data = event.get("event_data", {})
        if event.get("event") == "playbook_on_stats":
            self.through.update(data.get("processed", {}))
        phase, bar, name = str(data.get("task", "")).partition(" | ")
        outcome = self.outcomes.get(data.get("host", ""))
        kind = event.get("event", "")
        if not bar or outcome is None:
            return False
        if kind == "runner_on_start":
            self.observe(outcome.school, phase)
        elif kind in {"runner_on_ok", "runner_on_failed", "runner_on_unreachable"}:
            result = data.get("res", {})
            outcome.seconds[phase] = outcome.seconds.get(phase, 0.0) + _took(data)
            if kind == "runner_on_ok":
                outcome.results[name] = result
            else:
                outcome.failure = result | {
                    "phase": phase,
                    "unreachable": kind == "runner_on_unreachable",
                }
        return False


def _took(data: dict[str, Any]) -> float:
    """Return the seconds of a task."""
    begun, ended = data.get("start"), data.get("end")
    if not begun or not ended:
        return float(data.get("duration", 0.0))
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def _usable_locale() -> dict[str, str]:
    """Return what to set where Ansible would refuse this computer's locale.

    It wants one that is installed and speaks UTF-8; `ssh` often brings the name of one that is not.
    """
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "")
        if locale.getlocale()[1] == "UTF-8":
            return {}
    except (locale.Error, ValueError):
        pass
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return {"LC_ALL": "C.UTF-8"}


def run(
    playbook: str,
    inventory: Path,
    schools: Sequence[str],
    *,
    observe: Callable[[str, str], None] = lambda _school, _phase: None,
    output: Callable[[str], None] | None = None,
    variables: dict[str, Any] | None = None,
    rehearse: bool = False,
) -> dict[str, Outcome]:
    """Run a playbook on schools and return what happened, by school.

    ``observe`` is told each school's phase as it begins; ``output`` receives Ansible's own lines.
    ``variables`` may hold secrets: they travel in a file that only this user can read. Raises
    KeyboardInterrupt after Ctrl-C; what already runs on a server, ends there by itself.
    """
    outcomes = {school: Outcome(school) for school in schools}
    events = _Events(outcomes, observe, output)
    with tempfile.TemporaryDirectory(prefix="provision-") as private:
        finished = ansible_runner.run(
            private_data_dir=private,
            playbook=str(paths.playbook(playbook)),
            inventory=str(inventory.resolve()),
            limit=",".join(schools),
            cmdline="--check --diff" if rehearse else None,
            extravars=variables or {},
            envvars={
                "ANSIBLE_CONFIG": str(paths.playbooks() / "ansible.cfg"),
                # Beside this Python stands the Ansible that belongs to the program; with pipx it is
                # not on PATH.
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                # For the sentences of the action plugins, which run in Ansible's process.
                i18n.VARIABLE: i18n.language(),
                **_usable_locale(),
            },
            event_handler=events,
            quiet=True,
            settings={"suppress_ansible_output": True, "idle_timeout": 900},
        )
        if finished.status == "canceled":
            raise KeyboardInterrupt
        said = finished.stdout.read()[-1500:] if finished.stdout else ""
    _refuse_silence(events, said.strip())
    return outcomes


def _refuse_silence(events: _Events, said: str) -> None:
    """Make a failure of every school with which Ansible did nothing, or did not come to an end."""
    for school, outcome in events.outcomes.items():
        silent = not outcome.results or school not in events.through
        if silent and not outcome.failure:
            outcome.failure = {
                "phase": "",
                "unreachable": False,
                "kind": "not_through",
                "msg": said,
            }
