#!/usr/bin/python
"""Each unit started, restarted or reloaded once, in order, and only for what changed."""

from __future__ import annotations

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.school_server import PENDING, fail, read_json, run, write_json

DOCUMENTATION = r"""
module: unit_states
short_description: Start units, and do once what changed files ask of them
description:
  - Units of one wave start together, the waves one after another.
  - Reads what M(file_tree) noted on the server, so that an interrupted run loses nothing.
options:
  waves: {description: Lists of units, type: list, elements: list, required: true}
  seconds: {description: How long a unit may take to start, type: int, default: 60}
author: The jitsi-provision team
"""


def active(unit):
    """Tell whether a unit runs, or was skipped because of a condition of its own.

    In a container, for instance, the clock belongs to the host, and the time service steps aside.
    """
    shown = run(
        "systemctl",
        "show",
        unit,
        "-p",
        "ActiveState,SubState,SourcePath,ConditionResult,ConditionTimestampMonotonic",
    ).stdout
    state = dict(line.split("=", 1) for line in shown.splitlines())
    if state.get("ConditionResult") == "no" and state["ConditionTimestampMonotonic"] != "0":
        return True
    return state.get("ActiveState") in ("active", "reloading") and not init_script_ended(state)


def init_script_ended(state):
    """Tell whether a service with only an init script (Jicofo) has died: systemd calls it active."""
    return state["SourcePath"].startswith("/etc/init.d/") and state["SubState"] == "exited"


def wait_active(module, names):
    """Wait until units run; a unit that fails ends the deployment with its own last words."""
    end = time.monotonic() + module.params["seconds"]
    waiting = list(names)
    while waiting:
        states = run("systemctl", "is-active", *waiting).stdout.split()
        failed = [name for name, state in zip(waiting, states) if state == "failed"]
        if failed or time.monotonic() > end:
            unit = (failed or waiting)[0]
            journal = run("journalctl", "-u", unit, "-n", "15", "--no-pager", "-o", "cat").stdout
            fail(
                module,
                f"{unit} does not start",
                kind="unit_failed",
                unit=unit,
                reason=journal.strip()[-1500:],
            )
        waiting = [name for name in waiting if not active(name)]
        if waiting:
            time.sleep(0.1)


def main():
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "waves": {"type": "list", "elements": "list", "required": True},
            "seconds": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    pending = read_json(PENDING, {})
    done = {"started": [], "restarted": [], "reloaded": []}
    if not module.check_mode:
        run("systemctl", "daemon-reload")
    for wave in module.params["waves"]:
        verbs = {"start": [], "restart": [], "reload": []}
        for unit in wave:
            effects = pending.get(unit, {})
            if not active(unit):
                verbs["start"].append(unit)
            elif effects.get("restart"):
                verbs["restart"].append(unit)
            elif effects.get("reload"):
                verbs["reload"].append(unit)
        for verb, names in verbs.items():
            if not names:
                continue
            done[{"start": "started"}.get(verb, verb + "ed")] += names
            if module.check_mode:
                continue
            run("systemctl", "reset-failed", *names)
            # "start" does nothing for an init script that systemd still calls active.
            result = run("systemctl", "restart" if verb == "start" else verb, *names)
            if result.returncode:
                wait_active(module, names)
                fail(
                    module,
                    f"{', '.join(names)}: {result.stderr.strip()}",
                    kind="unit_failed",
                    unit=names[0],
                    reason=result.stderr.strip(),
                )
            wait_active(module, names)
        for unit in wave:
            pending.pop(unit, None)
        if not module.check_mode:
            write_json(PENDING, pending)
    module.exit_json(changed=any(done.values()), **done)


if __name__ == "__main__":
    main()
