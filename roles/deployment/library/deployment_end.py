#!/usr/bin/python
"""Give the server back after a deployment, so that the next one can begin at once."""

from __future__ import annotations

from ansible.module_utils import deployment_lock
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: deployment_end
short_description: Let other deployments of this server begin
description:
  - Without this call they can after a minute, see module_utils/deployment_lock.py.
options:
  run: {description: The deployment that ends, type: dict, required: true}
author: The jitsi-provision team
"""


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(argument_spec={"run": {"type": "dict", "required": True}})
    deployment_lock.give_back(module.params["run"])
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
