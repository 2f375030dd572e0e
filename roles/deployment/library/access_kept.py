#!/usr/bin/python
"""Keep the new settings of SSH and firewall: whoever can call this has signed in through them."""

from __future__ import annotations

from ansible.module_utils import access_guard, access_trial
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.deployment_lock import ARGUMENT, hold

DOCUMENTATION = r"""
module: access_kept
short_description: Keep new settings of SSH and firewall, after signing in anew
description:
  - The action plugin of the same name makes a new connection first; without this call the server
    takes the settings back.
options:
  seconds: {description: After how many the server takes them back, type: int, default: 60}
  run: {description: Which deployment this belongs to, type: dict, default: {}}
  look: {description: Only tell whether they are on trial, type: bool, default: false}
  settings: {description: "The school's; the action plugin names open ports", type: dict}
  server: {description: What was seen of the server; for the action plugin, type: dict}
author: The jitsi-provision team
"""


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "seconds": {"type": "int", "default": 60},
            "look": {"type": "bool", "default": False},
            "run": ARGUMENT,
        }
    )
    hold(module)
    if module.params["look"]:
        module.exit_json(changed=False, on_trial=access_trial.in_force())
    module.exit_json(changed=True, kept=access_guard.keep())


if __name__ == "__main__":
    main()
