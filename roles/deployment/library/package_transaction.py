#!/usr/bin/python
"""All packages of all roles in one apt transaction that starts nothing and asks nothing."""

from __future__ import annotations

import os
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.deployment_lock import ARGUMENT, hold
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
  repository: {description: The address of our own source, type: str, required: true}
  trust:
    description: Whether to rebuild the trust store before, so that Java finds it complete.
    type: bool
    default: false
  lock_seconds: {description: How long to wait for another apt, type: int, default: 120}
  run: {description: Which deployment this belongs to, type: dict, default: {}}
author: The jitsi-provision team
"""

POLICY = "/usr/sbin/policy-rc.d"
POLICY_TEXT = (
    "#!/bin/sh\n# Managed by jitsi-provision; only there while packages are installed.\nexit 101\n"
)
QUIET = (
    *("-y", "-q", "-o", "Dpkg::Use-Pty=0", "-o", "APT::Color=0"),
    *("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"),
    # A package that was removed but not purged brings back what somebody has deleted since.
    *("-o", "Dpkg::Options::=--force-confmiss"),
    # Nothing of somebody else's goes, whatever a package of ours does not get on with.
    "--no-remove",
)
ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "UCF_FORCE_CONFFMISS": "1"}
LONGEST = 3600
"""How many seconds apt may take: a small server behind a slow line needs half of it."""
OWN_LINE = re.compile(r"E: |W: |Err:\d|dpkg: error|debconf: |The following packages have unmet")
# What apt says, in the order in which one cause hides another. Only lines of apt and dpkg count:
# maintainer scripts print what they like.
CAUSES = (
    ("apt_locked", r"Could not get lock|Unable to acquire|(?:is|was) locked by"),
    ("package_conflict", r"need to be removed but remove is disabled"),
    (
        "repository_signature",
        (
            r"is not signed|NO_PUBKEY|BADSIG|EXPKEYSIG|Sub-process .*sqv returned"
            r"|signatures? (?:couldn't|could not) be verified|Missing key"
        ),
    ),
    (
        "repository_missing",
        (
            r" 404 |does not have a Release file|Unable to locate package"
            r"|has no installation candidate|unmet dependencies|held broken packages"
        ),
    ),
    (
        "no_route",
        (
            r"Could not resolve|Temporary failure resolving|Network is unreachable|No route to host"
            r"|Connection refused|Connection timed out|Could not connect|Unable to connect"
            r"|Could not handshake|Certificate verification failed|SSL connection failed"
        ),
    ),
    ("package_broken", r"dpkg: error|returned an error code"),
)
OF_A_SOURCE = re.compile("Failed to fetch |The repository '|Release file for |Some index files")
DEBIAN = re.compile(r"//(?:[^/]*\.)?debian\.org(?:[:/]|$)|/debian(?:-security|-updates)?(?:/|$)")
DISK_FULL = r"No space left on device|don't have enough free space"
MOST_LINES = 10
MOST_CHARACTERS = 400


def cause(said: str) -> tuple[str, str]:
    """Return what stopped apt as a word, and the lines that say so."""
    lines = own_lines(said)
    whole = "\n".join(lines)
    kind = next((kind for kind, words in CAUSES if re.search(words, whole)), "package_failed")
    if re.search(DISK_FULL, said):
        kind = "disk_full"
    if kind == "package_broken" and "\ndpkg: error" in said:
        # The last words of the package's own script stand before dpkg's.
        lines = [*said.partition("\ndpkg: error")[0].splitlines()[-2:], *lines]
    # The same stands below with more words.
    whole = re.sub(
        r"^Err:.*\n(?: .*\n)*|^W: Some index.*", "", "\n".join(lines), flags=re.MULTILINE
    )
    shown = [line[:MOST_CHARACTERS] for line in whole.splitlines() if line.strip()]
    return kind, "\n".join(shown[-MOST_LINES:]) or said.strip()[-MOST_CHARACTERS:]


def own_lines(said: str) -> list[str]:
    """Return the lines in which apt and dpkg themselves say what is wrong."""
    found: list[str] = []
    continued = False
    for line in said.splitlines():
        continued = bool(OWN_LINE.match(line)) or (continued and line.startswith(" "))
        if continued:
            found.append(line)
    return found


def failed_update(said: str) -> bool:
    """Tell whether an update failed that ended with 0, because old lists remain."""
    return bool(re.search(r"^(?:E: |Err:)", said, re.MULTILINE))


def of_others(said: str, repository: str) -> bool:
    """Tell whether an update failed for sources alone that are neither ours nor Debian's.

    Of these nothing is installed here; who looks, says that they are refused.
    """
    wrong = set(re.findall(r"^(?:Err:\d+|E: The repository ')\s*(\S+)", said, re.MULTILINE))
    lines = re.findall(r"^E: (.*)$", said, re.MULTILINE)
    ours = any(url.rstrip("/") == repository.rstrip("/") or DEBIAN.search(url) for url in wrong)
    return bool(wrong) and not ours and all(OF_A_SOURCE.match(line) for line in lines)


def unlocked(module: AnsibleModule, *command: str, **keywords: str) -> tuple[int, str]:
    """Return a command's exit code and output, once no other program is in its way.

    apt itself waits for dpkg's lock only. On a server that has just been rented its daily update
    runs, and holds the lists.
    """
    end = time.monotonic() + module.params["lock_seconds"]
    while True:
        result = run(*command, longest=LONGEST, env=ENVIRONMENT, **keywords)
        said = result.stdout + result.stderr
        if not result.returncode or cause(said)[0] != "apt_locked" or time.monotonic() > end:
            return result.returncode, said
        time.sleep(1)


def must(module: AnsibleModule, *command: str, **keywords: str) -> str:
    """Return what a command says, or end the module with the reason why it failed."""
    code, said = unlocked(module, *command, **keywords)
    update = "update" in command
    if update and of_others(said, module.params["repository"]):
        return said
    if code or (update and failed_update(said)):
        kind, reason = cause(said)
        if kind == "repository_signature" and module.params["repository"] not in reason:
            kind = "source_signature"
        fail(module, "The packages could not be installed", kind=kind, reason=reason)
    return said


def install(module: AnsibleModule) -> list[str]:
    """Do the transaction; the caller takes the policy away again."""
    apt = ("apt-get", "-o", f"DPkg::Lock::Timeout={module.params['lock_seconds']}", *QUIET)
    # What an interrupted run left behind; whatever still fails then, apt says below.
    unlocked(module, "dpkg", "--configure", "-a", "--force-confold", "--force-confdef")
    must(module, *apt, "-o", "APT::Update::Error-Mode=any", "update")
    must(module, "debconf-set-selections", input="\n".join(module.params["answers"]) + "\n")
    if module.params["trust"]:
        run("update-ca-certificates", "--fresh")
    said = must(module, *apt, "install", *module.params["packages"])
    return re.findall(r"^Setting up (\S+) ", said, re.MULTILINE)


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "required": True},
            "answers": {"type": "list", "elements": "str", "default": []},
            "keyring": {"type": "path", "required": True},
            "key": {"type": "str", "default": "", "no_log": False},
            "repository": {"type": "str", "required": True},
            "trust": {"type": "bool", "default": False},
            "lock_seconds": {"type": "int", "default": 120},
            "run": ARGUMENT,
        },
        supports_check_mode=True,
    )
    hold(module)
    if module.check_mode:
        module.exit_json(changed=True, installed=module.params["packages"])
    replaced = module.params["key"] and os.path.exists(module.params["keyring"])
    if module.params["key"]:
        write_atomically(module.params["keyring"], module.params["key"], 0o644)
    if not os.path.exists(POLICY):
        write_atomically(POLICY, POLICY_TEXT, 0o755)
    try:
        installed = install(module)
    finally:
        if read_text(POLICY) == POLICY_TEXT:
            os.unlink(POLICY)
    paths = [module.params["keyring"]] if replaced else []
    module.exit_json(changed=True, installed=installed, paths=paths)


if __name__ == "__main__":
    main()
