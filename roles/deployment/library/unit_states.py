#!/usr/bin/python
"""Each unit started, restarted or reloaded once, in order, and only for what changed."""

from __future__ import annotations

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.deployment_lock import ARGUMENT, hold
from ansible.module_utils.readings import running
from ansible.module_utils.school_server import PENDING, fail, read_json, run, write_json
from ansible.module_utils.unit_failure import unit_failure

DOCUMENTATION = r"""
module: unit_states
short_description: Start units, and do once what changed files ask of them
description:
  - Units of one wave start together, the waves one after another.
  - Reads what M(file_tree) noted on the server, so that an interrupted run loses nothing.
options:
  waves: {description: Lists of units, type: list, elements: list, required: true}
  seconds: {description: How long a unit may take to start, type: int, default: 60}
  run: {description: Which deployment this belongs to, type: dict, default: {}}
author: The jitsi-provision team
"""


PROPERTIES = "ActiveState,SubState,SourcePath,ConditionResult,ConditionTimestampMonotonic"
RUDEST = {True: "restart", False: "reload-or-restart"}
DONE = {"start": "started", "restart": "restarted", "reload": "reloaded"}


def active(unit: str) -> bool:
    """Tell whether a unit runs, or was skipped because of a condition of its own.

    In a container, for instance, the clock belongs to the host, and the time service steps aside.
    """
    shown = run("systemctl", "show", unit, "-p", PROPERTIES).stdout
    state = dict(line.split("=", 1) for line in shown.splitlines())
    if state.get("ConditionResult") == "no" and state["ConditionTimestampMonotonic"] != "0":
        return True
    return running(state)


def wait_active(module: AnsibleModule, names: list[str]) -> None:
    """Wait until units run; a unit that fails ends the deployment with its own last words."""
    end = time.monotonic() + module.params["seconds"]
    waiting = list(names)
    while waiting:
        states = run("systemctl", "is-active", *waiting).stdout.split()
        failed = [name for name, state in zip(waiting, states, strict=True) if state == "failed"]
        if failed or time.monotonic() > end:
            unit = (failed or waiting)[0]
            fail(module, f"{unit} does not start", **unit_failure(unit))
        waiting = [name for name in waiting if not active(name)]
        if waiting:
            time.sleep(0.1)


def invocations(units: list[str], seconds: int) -> dict[str, str]:
    """Return what identifies the present run of each unit, as soon as none is on its way."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        jobs = run("systemctl", "list-jobs", "--plain", "--no-legend").stdout.split()
        if not set(units).intersection(jobs):
            break
        time.sleep(0.1)
    shown = run("systemctl", "show", "--value", "--property=InvocationID", *units).stdout
    return dict(zip(units, shown.split("\n\n"), strict=True))


def verbs(
    wave: list[str], pending: dict[str, dict[str, list[str]]], followed: set[str]
) -> dict[str, list[str]]:
    """Return what has to be done to the units of a wave, each at most once.

    The ``followed`` were restarted a moment ago because another unit was, as the focus is.
    """
    wanted: dict[str, list[str]] = {"start": [], "restart": [], "reload": []}
    for unit in wave:
        effects = pending.get(unit, {})
        if not active(unit):
            wanted["start"].append(unit)
        elif unit in followed:
            continue
        elif effects.get("restart"):
            wanted["restart"].append(unit)
        elif effects.get("reload"):
            wanted["reload"].append(unit)
    return {verb: names for verb, names in wanted.items() if names}


def act(module: AnsibleModule, verb: str, names: list[str]) -> None:
    """Start, restart or reload units together, and wait until they run."""
    run("systemctl", "reset-failed", *names)
    # "start" does nothing for an init script that systemd still calls active.
    end = 3 * module.params["seconds"]
    result = run("systemctl", "restart" if verb == "start" else verb, *names, longest=end)
    wait_active(module, names)
    if result.returncode:
        said = result.stderr.strip()
        what = f"{', '.join(names)}: {said}"
        fail(module, what, kind="unit_failed", unit=names[0], reason=said)


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "waves": {"type": "list", "elements": "list", "required": True},
            "seconds": {"type": "int", "default": 60},
            "run": ARGUMENT,
        },
        supports_check_mode=True,
    )
    hold(module)
    pending = read_json(PENDING, {})
    done: dict[str, list[str]] = {word: [] for word in DONE.values()}
    if not module.check_mode:
        run("systemctl", "daemon-reload")
    units = [unit for wave in module.params["waves"] for unit in wave]
    before = invocations(units, module.params["seconds"])
    for wave in module.params["waves"]:
        now = invocations(units, module.params["seconds"])
        followed = {unit for unit in wave if before[unit] and now[unit] != before[unit]}
        done["restarted"] += [unit for unit in wave if unit in followed]
        for verb, names in verbs(wave, pending, followed).items():
            done[DONE[verb]] += names
            if not module.check_mode:
                act(module, verb, names)
        for unit in wave:
            pending.pop(unit, None)
        if not module.check_mode:
            write_json(PENDING, pending)
    for unit, effects in pending.items():
        # No role here declares it: what remains is to forget a setting of a role that has gone.
        if not module.check_mode:
            run("systemctl", f"try-{RUDEST[bool(effects.get('restart'))]}", unit)
    if pending and not module.check_mode:
        write_json(PENDING, {})
    module.exit_json(changed=any(done.values()), **done)


if __name__ == "__main__":
    main()
