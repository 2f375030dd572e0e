"""Ansible's own variables in inventory.yml: those few that may stand there, and how.

Ansible obeys some two hundred of them. Many name a program that runs on this very computer, and any
may hold a template that does; an inventory of somebody else would only have to be looked at.
"""

from __future__ import annotations

import re
from typing import Any

from provision.messages.i18n import _
from provision.settings.text import text

PREFIX = "ansible_"
KEY = "ansible_ssh_private_key_file"
SECONDS = "ansible_ssh_timeout"
ALLOWED = frozenset({KEY, SECONDS})
"""Which key signs in (`provision connect` writes it), and how long a slow line is waited for."""
ROLES = {"deployment_guard_seconds": 600, "deployment_lock_seconds": 86_400}
"""What the roles let a project set in group_vars/schools.yml, in seconds, and the most of it."""
INSTEAD = {
    "ansible_host": "address",
    "ansible_ssh_host": "address",
    "ansible_user": "ssh_user",
    "ansible_ssh_user": "ssh_user",
    "ansible_port": "ssh_port",
    "ansible_ssh_port": "ssh_port",
}
"""Which setting says the same."""
_PATH = re.compile(r"(?:~/|/)[^\"'\\]*")
_LONGEST = {SECONDS: 600, **ROLES}


def is_secret(name: str) -> bool:
    """Return whether the value may be a password, which nobody wants to read on a screen."""
    return "pass" in name


def wrong(name: str, value: Any) -> str:
    """Return what is wrong with a variable of Ansible, or nothing."""
    if name in INSTEAD:
        return _("This setting is called {right} here.").format(right=INSTEAD[name])
    if name in _LONGEST:
        right = type(value) is int and 1 <= value <= _LONGEST[name]
        return (
            "" if right else _("It must be between {ge} and {le}.").format(ge=1, le=_LONGEST[name])
        )
    if name not in ALLOWED:
        return _(
            "This variable of Ansible is not allowed: it could run a program on this computer. "
            "Possible are: {names}."
        ).format(names=", ".join(sorted(ALLOWED)))
    try:
        path = text(value) if isinstance(value, str) else ""
    except ValueError as error:
        return str(error)
    if not _PATH.fullmatch(path):
        return _("It must be the path of a key that begins with / or ~/, without quotation marks.")
    return ""
