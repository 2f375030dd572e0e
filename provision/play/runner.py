"""The only module that starts Ansible: turns its events into phases, changes and failures.

Ansible reads an inventory of ours and tells its events through a pipe: neither settings nor results
are on the disk. Its environment and its configuration are ours, too.
"""

from __future__ import annotations

import json
import locale
import os
import selectors
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision import paths
from provision.access import expired, host_keys, openssh, own_way
from provision.common import bounded, environment, folders, limits
from provision.declared.phases import Task
from provision.inventory import reading
from provision.messages import i18n
from provision.messages.i18n import N_, _
from provision.play import hand_over
from provision.play.process import START

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from provision.settings.table import School

GOODBYE = 3.0
"""How many seconds Ansible has to end what runs, before it is killed."""
ENDLESS = N_("The server sends without end.")


@dataclass
class Outcome:
    """What a run did to one school's server."""

    school: str
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The result of each task that ran, by its name without the phase: a Task of phases.py."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each phase took."""
    failure: dict[str, Any] | None = None
    """The result of the task that failed, with ``phase`` and ``unreachable``."""

    @property
    def server(self) -> dict[str, Any] | None:
        """What was seen of the server (server_facts), or nothing where nobody got that far."""
        return self.result(Task.LOOK).get("server")

    def result(self, task: Task) -> dict[str, Any]:
        """Return what a task came to; nothing where it was skipped, or nobody got that far."""
        return self.results.get(task, {})

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
    through: set[str] = field(default_factory=set)
    """The schools that Ansible counts among those it has finished with."""

    def __call__(self, event: dict[str, Any]) -> None:
        """Take one event."""
        if event["kind"] == "end":
            self.through.add(event["host"])
            return
        phase, bar, name = str(event["task"]).partition(" | ")
        outcome = self.outcomes.get(event["host"])
        if not bar or outcome is None:
            return
        if event["kind"] == "start":
            self.observe(outcome.school, phase)
            return
        result = event["result"]
        outcome.seconds[phase] = outcome.seconds.get(phase, 0.0) + event["seconds"]
        if event["kind"] == "ok":
            outcome.results[name] = result
            return
        if result.get("endless"):
            result["msg"] = _(ENDLESS)
        unreachable = event["kind"] == "unreachable"
        outcome.failure = result | {"phase": phase, "unreachable": unreachable}


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
    inventory_file: Path,
    schools: Mapping[str, School],
    *,
    observe: Callable[[str, str], None] = lambda _school, _phase: None,
    output: Callable[[str], None] | None = None,
    variables: Mapping[str, Any] | None = None,
    rehearse: bool = False,
) -> dict[str, Outcome]:
    """Run a playbook on schools and return what happened, by school.

    ``observe`` is told each school's phase as it begins; ``output`` receives Ansible's own lines.
    ``variables`` may hold secrets: they are handed over in memory. Raises KeyboardInterrupt after
    Ctrl-C; what already runs on a server, ends there by itself.
    """
    outcomes = {school: Outcome(school) for school in schools}
    host_keys.refuse_odd(inventory_file.parent / host_keys.FILE)
    own = reading.ansible_variables(inventory_file, list(schools))
    content = hand_over.text(inventory_file.parent, schools, own, variables or {})
    options = ["--check", "--diff"] if rehearse else []
    with folders.temporary() as private, bounded.in_memory(content) as given:
        arguments = ["-i", f"/dev/fd/{given}", *options, str(paths.playbook(playbook))]
        ansible = _Ansible(arguments, given, private)
        events = _Events(outcomes, observe)
        ansible.follow(events, output)
    _refuse_silence(events, ansible.last_words)
    for name, outcome in outcomes.items():
        if outcome.failure and expired.is_meant(outcome.failure):
            openssh.drop_kept(schools[name])
    return outcomes


class _Ansible:
    """Ansible's process, and what it says."""

    def __init__(self, arguments: Sequence[str], given: int, private: Path) -> None:
        self._events, told = os.pipe()
        self._unread = b""
        self._said = self._line = b""
        self._heard = time.monotonic()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", START, str(paths.PACKAGE.parent), str(os.getpid()),
                 *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(given, told),
                env=_environment(told, private),
                # Ctrl-C goes to the program alone, which ends this.
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(self._events)
            raise
        finally:
            os.close(told)

    @property
    def last_words(self) -> str:
        """What it said last of all."""
        return self._said.decode(errors="replace")[-1500:].strip()

    def follow(
        self, take: Callable[[dict[str, Any]], None], output: Callable[[str], None] | None
    ) -> None:
        """Take its events until it has ended, however that is."""
        assert self._process.stdout
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._events, selectors.EVENT_READ, take)
                selector.register(self._process.stdout, selectors.EVENT_READ, output)
                while selector.get_map() and self._goes_on(selector):
                    pass
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GOODBYE)
        finally:
            self._end(output)

    def _goes_on(self, selector: selectors.BaseSelector) -> bool:
        """Take what is there; return whether there can be more."""
        ready = selector.select(1.0)
        for key, _mask in ready:
            data = os.read(key.fd, 65536)
            if not data:
                selector.unregister(key.fileobj)
            elif key.fd == self._events:
                self._take(data, key.data)
            else:
                self._hear(data, key.data)
        if ready:
            self._heard = time.monotonic()
            return True
        # A program that ssh has started may hold a pipe for longer than Ansible lives.
        return (
            self._process.poll() is None and time.monotonic() - self._heard < limits.ANSIBLE_SILENCE
        )

    def _take(self, data: bytes, take: Callable[[dict[str, Any]], None]) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            take(json.loads(line))

    def _hear(self, data: bytes, output: Callable[[str], None] | None) -> None:
        self._said = (self._said + data)[-limits.ANSIBLE_OUTPUT :]
        if not output:
            return
        *lines, rest = (self._line + data).split(b"\n")
        self._line = rest[-limits.ANSIBLE_OUTPUT :]
        for line in lines:
            output(line.decode(errors="replace"))

    def _end(self, output: Callable[[str], None] | None) -> None:
        """End it with all that it has started, and close what it wrote to."""
        if output and self._line:
            output(self._line.decode(errors="replace"))
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GOODBYE)
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._events)
        assert self._process.stdout
        self._process.stdout.close()


def _environment(events: int, private: Path) -> dict[str, str]:
    """Return the environment of Ansible's process."""
    return environment.ours(
        {
            "ANSIBLE_CONFIG": str(paths.playbooks() / "ansible.cfg"),
            "ANSIBLE_LOCAL_TEMP": str(private),
            "ANSIBLE_SSH_EXTRA_ARGS": shlex.join(own_way.quietly()),
            "ANSIBLE_CALLBACK_PLUGINS": str(paths.PACKAGE / "play" / "events"),
            "ANSIBLE_CALLBACKS_ENABLED": "school_events",
            "PROVISION_EVENTS": str(events),
            # Beside this Python stands the Ansible that belongs to the program; with pipx it is
            # not on PATH.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            # For the sentences of the action plugins, which run in Ansible's process.
            i18n.VARIABLE: i18n.language(),
            **_usable_locale(),
        }
    )


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
