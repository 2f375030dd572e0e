"""What the programs that we start, Ansible and ssh, get to see of the person's environment.

Ansible obeys some two hundred variables: one of them leaves passwords on the server, others name
programs and plug-ins to run. So its environment is made here, of what a terminal, an agent and a
way through a proxy need.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "TMPDIR"),
        *("LANG", "LANGUAGE"),
        # ssh, its agent, and what asks for the agent's passphrase.
        *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "GPG_TTY"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "KRB5CCNAME"),
        *("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"),
        # A ProxyCommand of ~/.ssh/config may want them.
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    }
)
LOCALE = "LC_"


def ours(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a program that we start, with some more variables."""
    kept = {
        name: value for name, value in os.environ.items() if name in KEPT or name.startswith(LOCALE)
    }
    return kept | dict(more or {})
