#!/usr/bin/python
"""Return when the bridge has carried its first conference since it was started.

The conference itself is held by a unit of role videobridge, after every start of the bridge.
"""

from __future__ import annotations

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.deployment_lock import ARGUMENT, hold
from ansible.module_utils.school_server import fail, run
from ansible.module_utils.unit_failure import unit_failure

DOCUMENTATION = r"""
module: first_conference
short_description: Wait for the first conference on the bridge
options:
  unit: {description: The unit that holds it, type: str, required: true}
  run: {description: Which deployment this belongs to, type: dict, default: {}}
  bridge: {description: The unit of the bridge, type: str, default: jitsi-videobridge2.service}
  seconds: {description: How long to wait for it at most, type: int, default: 200}
author: The jitsi-provision team
"""

NO_BRIDGE = "10"
"""The exit code of first_conference.py where no bridge signs in."""
DEATHS = 3
"""After how many restarts nobody need wait for a bridge any longer."""


def shown(unit: str, name: str) -> str:
    """Return one property of a unit."""
    return run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()


def wait(module: AnsibleModule, unit: str, bridge: str) -> None:
    """Return when the conference was held, or could not be.

    With each start of the bridge the unit begins anew: a bridge that dies again and again would
    have a plain `systemctl start` wait without end.
    """
    died = int(shown(bridge, "NRestarts") or 0)
    run("systemctl", "start", "--no-block", unit)
    end = time.monotonic() + module.params["seconds"]
    while time.monotonic() < end:
        again = int(shown(bridge, "NRestarts") or 0) - died
        if again >= DEATHS:
            fail(module, f"{bridge} does not stay", **unit_failure(bridge))
        # With a job it is on its way, whatever it was before.
        state, job = shown(unit, "ActiveState"), shown(unit, "Job")
        if not job and (state == "active" or not again):
            return
        time.sleep(0.2)
    fail(module, f"{unit} does not end", **unit_failure(unit))


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "required": True},
            "bridge": {"type": "str", "default": "jitsi-videobridge2.service"},
            "seconds": {"type": "int", "default": 200},
            "run": ARGUMENT,
        },
        supports_check_mode=True,
    )
    hold(module)
    unit = module.params["unit"]
    if module.check_mode:
        module.exit_json(changed=False)
    run("systemctl", "daemon-reload")
    # It may be on its way, because the bridge was started a moment ago: then this waits for it.
    wait(module, unit, module.params["bridge"])
    if shown(unit, "ActiveState") == "active":
        module.exit_json(changed=True)
    last = run("journalctl", "-u", unit, "-n", "5", "--no-pager", "-o", "cat").stdout
    if shown(unit, "ExecMainStatus") == NO_BRIDGE:
        units = ("-u", "jitsi-videobridge2.service", "-u", "jicofo.service")
        said = run("journalctl", *units, "-n", "16", "--no-pager", "-o", "cat").stdout
        fail(module, "No video bridge signs in", kind="no_bridge", reason=said)
    fail(module, "The bridge carries no conference", kind="no_conference", reason=last.strip())


if __name__ == "__main__":
    main()
