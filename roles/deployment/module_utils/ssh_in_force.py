"""Whether sshd obeys what lies in its directory of settings; and how it is made to.

For sshd the first value counts. Where /etc/ssh/sshd_config has lost its Include line, or says
something above it, a file of ours is in place and not in force.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from ansible.module_utils.school_server import read_text

MAIN = "/etc/ssh/sshd_config"
DIRECTORY = "/etc/ssh/sshd_config.d"
LINE = f"Include {DIRECTORY}/*.conf"
DEFAULTS = "/etc/default/ssh"
# What our file there says; tests/unit/check/test_in_force.py compares them.
NAMES = frozenset({
    "passwordauthentication", "kbdinteractiveauthentication", "challengeresponseauthentication",
    "permitrootlogin", "logingracetime", "x11forwarding", "allowagentforwarding",
    "allowtcpforwarding", "gatewayports", "permittunnel", "permituserenvironment", "kexalgorithms",
    "ciphers", "macs", "hostkeyalgorithms",
})  # fmt: skip


def look() -> dict[str, Any]:
    """Return whether the line is missing, and the options that overrule every file."""
    return {"line_missing": line_missing(read_text(MAIN)), "options": options(read_text(DEFAULTS))}


def line_missing(text: str) -> bool:
    """Tell whether a text of sshd_config says something of ours before that line."""
    for line in text.splitlines():
        word, *rest = re.split(r"[\s=]+", line.strip(), maxsplit=1)
        name = word.lower()
        if name == "include" and f"{DIRECTORY}/*.conf" in "".join(rest).replace('"', ""):
            return False
        # What an included file says above it may be anything.
        if name in NAMES or name in {"match", "include"}:
            return True
    return True


def with_line(text: str) -> str:
    """Return the text that includes the directory first of all."""
    return f"{LINE}\n{text}"


def options(defaults: str) -> list[str]:
    """Return what SSHD_OPTS says that no file can overrule."""
    found = re.search(r"^\s*SSHD_OPTS=(.*)$", defaults, re.MULTILINE)
    try:
        words = shlex.split(" ".join(shlex.split(found[1]))) if found else []
    except ValueError:
        return []
    overruling = []
    for number, word in enumerate(words):
        after = words[number + 1] if number + 1 < len(words) else ""
        if word.startswith("-f"):
            overruling.append(f"{word} {after}".strip() if word == "-f" else word)
        if word.startswith("-o"):
            value = after if word == "-o" else word[2:]
            if re.split(r"[=\s]", value.strip())[0].lower() in NAMES:
                overruling.append(f"-o {value}")
    return overruling
