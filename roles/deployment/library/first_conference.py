#!/usr/bin/python
"""Return when the bridge has carried its first conference since it was started.

The conference itself is held by a unit of role videobridge, after every start of the bridge.
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.deployment_lock import ARGUMENT, hold
from ansible.module_utils.school_server import fail, run

DOCUMENTATION = r"""
module: first_conference
short_description: Wait for the first conference on the bridge
options:
  unit: {description: The unit that holds it, type: str, required: true}
  run: {description: Which deployment this belongs to, type: dict, default: {}}
author: The jitsi-provision team
"""

NO_BRIDGE = "10"
"""The exit code of first_conference.py where no bridge signs in."""


def shown(unit: str, name: str) -> str:
    """Return one property of a unit."""
    return run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={"unit": {"type": "str", "required": True}, "run": ARGUMENT},
        supports_check_mode=True,
    )
    hold(module)
    unit = module.params["unit"]
    if module.check_mode:
        module.exit_json(changed=False)
    run("systemctl", "daemon-reload")
    # It may be on its way, because the bridge was started a moment ago: then this waits for it.
    if run("systemctl", "start", unit).returncode == 0:
        module.exit_json(changed=True)
    last = run("journalctl", "-u", unit, "-n", "5", "--no-pager", "-o", "cat").stdout
    if shown(unit, "ExecMainStatus") == NO_BRIDGE:
        units = ("-u", "jitsi-videobridge2.service", "-u", "jicofo.service")
        said = run("journalctl", *units, "-n", "16", "--no-pager", "-o", "cat").stdout
        fail(module, "No video bridge signs in", kind="no_bridge", reason=said)
    fail(module, "The bridge carries no conference", kind="no_conference", reason=last.strip())


if __name__ == "__main__":
    main()
