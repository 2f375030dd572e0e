"""Tells the program that started Ansible what happens: one line of JSON for each event.

Ansible loads this file by its path (runner.py says where it is). It writes to a pipe, so that no
result of a task is ever on a disk.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

from provision.common.limits import ANSIBLE_RESULT

DOCUMENTATION = r"""
name: school_events
type: aggregate
short_description: Events for the program provision
description: Writes the beginning and the result of each task to a pipe.
requirements: []
"""
VARIABLE = "PROVISION_EVENTS"
"""The number of the descriptor."""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Writes events while tasks run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "school_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._pipe = int(os.environ[VARIABLE])
        self._begun: dict[tuple[str, str], float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Tell that a task begins."""
        self._begun[host.name, _number(task)] = time.monotonic()
        self._tell("start", host.name, task.name)

    def v2_runner_on_ok(self, result: Any) -> None:
        """Tell what a task did."""
        self._tell_result("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Tell why a task failed."""
        del ignore_errors
        self._tell_result("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Tell that nobody could sign in."""
        self._tell_result("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Tell of each host that it is through, however that ended."""
        for host in stats.processed:
            self._tell("end", host, "")

    def _tell_result(self, kind: str, result: Any) -> None:
        name = result.host.name
        begun = self._begun.pop((name, _number(result.task)), time.monotonic())
        took = time.monotonic() - begun
        self._tell(kind, name, result.task.name, seconds=took, result=dict(result.result))

    def _tell(self, kind: str, host: str, task: str, **more: Any) -> None:
        event = {"kind": kind, "host": host, "task": task, **more}
        line = json.dumps(event, default=str).encode()
        if len(line) > ANSIBLE_RESULT:
            short = {"kind": "failed", "host": host, "task": task, "seconds": 0.0}
            line = json.dumps(short | {"result": {"endless": True}}).encode()
        line += b"\n"
        while line:
            line = line[os.write(self._pipe, line) :]


def _number(task: Any) -> str:
    return str(task._uuid)  # noqa: SLF001 - Ansible has no public name for it
