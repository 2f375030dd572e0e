"""How a server is protected now, and what it cannot do because it is a container; changes nothing.

The kept rules of the firewall are those through which somebody has signed in; see access_guard.py.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from typing import Any

from ansible.module_utils import overruled, ssh_in_force, tunnels
from ansible.module_utils.readings import opened, ssh_ports
from ansible.module_utils.school_server import CONFIG, STATE, read_text, run, write_atomically

TABLE = ("table", "inet", "jitsi_provision")
RULES = CONFIG + "/firewall.nft"
KEPT_RULES = STATE + "/firewall.nft"
GUARD = STATE + "/guard"
# What is noted; then, by whom renames it first, what is being kept or put back.
KEEPING, RESTORING = GUARD + ".keeping", GUARD + ".restoring"
BEGUN = (GUARD, KEEPING, RESTORING)
# Until the next boot, which may bring another kernel.
MOUNTS_KNOWN = "/run/jitsi-provision/private-mounts"
# What needs mounts of its own, one option for each kind of it in roles/confinement/shared.conf.
MOUNTS = (
    "ProtectSystem=strict", "ProtectHome=yes", "ProtectProc=invisible", "ProtectHostname=yes",
    "ProtectControlGroups=yes", "ProtectKernelTunables=yes", "ProtectKernelLogs=yes",
    "PrivateTmp=yes", "PrivateDevices=yes", "ReadWritePaths=/run",
)  # fmt: skip


def look(listeners: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what server_facts tells of protection; ``listeners`` as readings.listeners."""
    container = os.path.exists("/run/systemd/container")
    return {
        "container": container,
        "private_mounts": private_mounts(container=container),
        "sshd": bool(settings := run("sshd", "-T").stdout),
        "ssh_ports": ssh_ports(
            settings,
            ssh_socket(listeners),
            tunnels.ssh_connection(),
            listeners,
        ),
        "ssh": ssh_in_force.look(),
        "overruled": overruled.look(),
        "tunnels": tunnels.look(listeners),
        "own_rules": numbers_of_own_rules(),
        "open_now": open_now(),
        "firewall_possible": run("nft", "list", "tables").returncode in (0, 127),
        "access_kept": not any(map(os.path.exists, BEGUN)) and rules_kept(),
        "asks_at_boot": asks_at_boot(read_text("/etc/crypttab")),
    }


def ssh_socket(listeners: list[dict[str, Any]]) -> str:
    """Return what systemd says of the socket by which it starts sshd, where it holds any socket."""
    if not any(held["program"] == "systemd" for held in listeners):
        return ""
    return run("systemctl", "show", "ssh.socket", "--property=ActiveState,Listen").stdout


def rules_now() -> str:
    """Return the rules in force as a file for `nft -f`, with a checksum of what they are made of.

    Nothing where no rules of ours are in force.
    """
    listed = run("nft", "--stateless", "--numeric", "list", *TABLE)
    if listed.returncode:
        return ""
    name = " ".join(TABLE)
    made_of = hashlib.sha256("".join(map(read_text, sources())).encode()).hexdigest()
    return (
        "# Managed by jitsi-provision: the rules of the last deployment, loaded at boot.\n"
        f"# Made of {made_of}\n{name}\ndelete {name}\n{listed.stdout}"
    )


def sources() -> list[str]:
    """Return the files that the rules are made of: ours and the sysadmin's own."""
    return [RULES, *sorted(glob.glob(CONFIG + "/local/*.nft"))]


def rules_kept() -> bool:
    """Return whether the rules in force are those of the next boot; none are, before the first."""
    now = rules_now()
    return read_text(KEPT_RULES) == now and (bool(now) or not os.path.exists(RULES))


def open_now() -> list[str] | None:
    """Return the ports that rules of ours leave open now; None where there are no such rules."""
    listed = run("nft", "--stateless", "--numeric", "list", "chain", *TABLE[1:], "input")
    if listed.returncode:
        return None
    return sorted(f"{port}/{protocol}" for protocol, port in opened(listed.stdout))


def numbers_of_own_rules() -> list[int]:
    """Return every number in the sysadmin's own rules, which may open that port."""
    text = "".join(map(read_text, sources()[1:]))
    return sorted({int(number) for number in re.findall(r"\b\d{1,5}\b", re.sub("#.*", "", text))})


def private_mounts(*, container: bool) -> bool:
    """Tell whether services can have mounts of their own; some containers forbid it."""
    if not container:
        return True
    if not read_text(MOUNTS_KNOWN):
        options = [word for option in MOUNTS for word in ("-p", option)]
        tried = run("systemd-run", "--quiet", "--wait", "--collect", *options, "/bin/true")
        write_atomically(MOUNTS_KNOWN, "no\n" if tried.returncode else "yes\n", 0o644)
    return read_text(MOUNTS_KNOWN) == "yes\n"


def asks_at_boot(crypttab: str) -> bool:
    """Tell whether a disk wants a password at each boot, so that nobody may boot it at night."""
    return bool(
        re.search(r"^[^#\s]\S*\s+\S+(?:\s*$|\s+(?:none|-)(?:\s|$))", crypttab, re.MULTILINE)
    )
