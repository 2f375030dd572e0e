#!/usr/bin/python
"""All packages of all roles in one apt transaction that starts nothing and asks nothing."""

from __future__ import annotations

import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.school_server import fail, read_text, run, write_atomically

DOCUMENTATION = r"""
module: package_transaction
short_description: Install packages together, with their questions answered and no service started
description:
  - Services start later, once, when files and accounts are there (policy-rc.d stops maintainer
    scripts meanwhile; a policy-rc.d of somebody else stays as it is).
options:
  packages: {description: Names, type: list, elements: str, required: true}
  answers: {description: Lines for debconf-set-selections, type: list, elements: str, default: []}
  keyring: {description: Where the repository's key is kept, type: path, required: true}
  key: {description: The key, if it is not there yet, type: str, default: ''}
  trust:
    description: Whether to rebuild the trust store before, so that Java finds it complete.
    type: bool
    default: false
  lock_seconds: {description: How long to wait for another apt, type: int, default: 120}
author: The jitsi-provision team
"""

POLICY = "/usr/sbin/policy-rc.d"
POLICY_TEXT = (
    "#!/bin/sh\n# Managed by jitsi-provision; only there while packages are installed.\nexit 101\n"
)
QUIET = (
    "-y",
    "-q",
    "-o",
    "Dpkg::Options::=--force-confdef",
    "-o",
    "Dpkg::Options::=--force-confold",
    "-o",
    "Dpkg::Use-Pty=0",
    "-o",
    "APT::Color=0",
)
# What apt says, in the order in which one cause hides another.
CAUSES = (
    ("apt_locked", r"Could not get lock|is another process using it|lock-frontend"),
    ("disk_full", r"No space left on device|don't have enough free space"),
    (
        "repository_signature",
        r"is not signed|NO_PUBKEY|BADSIG|EXPKEYSIG|Sub-process .*sqv returned"
        r"|signatures? (?:couldn't|could not) be verified|Missing key",
    ),
    (
        "repository_missing",
        r"\b404\b|does not have a Release file|Unable to locate package"
        r"|has no installation candidate",
    ),
    (
        "no_route",
        r"Could not resolve|Temporary failure resolving|Network is unreachable"
        r"|Connection refused|Connection timed out|Could not connect|Unable to connect",
    ),
    ("package_broken", r"dpkg: error|returned an error code|unmet dependencies"),
)


def apt(module, *arguments):
    """Run apt-get, or end with the cause in a word and apt's own last lines."""
    lock = f"DPkg::Lock::Timeout={module.params['lock_seconds']}"
    result = run(
        "apt-get", "-o", lock, *QUIET, *arguments, env={"DEBIAN_FRONTEND": "noninteractive"}
    )
    said = result.stdout + result.stderr
    # apt-get update ends with 0 when a repository could not be read and old lists remain.
    failed = result.returncode or (
        arguments[0] == "update" and re.search(r"^(?:E|Err): ?", said, re.MULTILINE)
    )
    if failed:
        lines = [line for line in said.splitlines() if re.match(r"(?:E|W|Err|dpkg): ?", line)]
        kind = next((kind for kind, words in CAUSES if re.search(words, said)), "package_failed")
        fail(
            module,
            "The packages could not be installed",
            kind=kind,
            reason="\n".join(lines[-6:]) or said[-800:],
        )
    return said


def install(module):
    """Do the transaction; the caller takes the policy away again."""
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run("dpkg", "--configure", "-a", "--force-confold", "--force-confdef")
    apt(module, "update")
    answers = run("debconf-set-selections", input="\n".join(module.params["answers"]) + "\n")
    if answers.returncode:
        fail(module, "debconf refused an answer", kind="package_failed", reason=answers.stderr)
    if module.params["trust"]:
        run("update-ca-certificates")
    said = apt(module, "install", *module.params["packages"])
    return re.findall(r"^Setting up (\S+) ", said, re.MULTILINE)


def main():
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "required": True},
            "answers": {"type": "list", "elements": "str", "default": []},
            "keyring": {"type": "path", "required": True},
            "key": {"type": "str", "default": "", "no_log": False},
            "trust": {"type": "bool", "default": False},
            "lock_seconds": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True, installed=module.params["packages"])
    if module.params["key"]:
        write_atomically(module.params["keyring"], module.params["key"], 0o644)
    if not os.path.exists(POLICY):
        write_atomically(POLICY, POLICY_TEXT, 0o755)
    try:
        installed = install(module)
    finally:
        if read_text(POLICY) == POLICY_TEXT:
            os.unlink(POLICY)
    module.exit_json(changed=True, installed=installed)


if __name__ == "__main__":
    main()
