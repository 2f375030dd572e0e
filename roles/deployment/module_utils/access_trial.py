"""Takes away for a while what connections of before have earned, so that a new one proves much.

A VPN that ends on this very server goes on as an established connection through rules that would
refuse it tomorrow. While settings are on trial, packets of a port that is listened on are counted
apart for each direction, in zones of the kernel's connection tracking: each is the first one there,
and must pass the rules as such. Streams to such a port are cut and have to come again. Ports that
the rules open to everybody need no trial, nor does what this server itself has begun.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from ansible.module_utils import readings
from ansible.module_utils.school_server import run, write_atomically

NAME = "jitsi-provision-trial"
TABLE = ("table", "inet", "jitsi_provision_trial")
OURS = ("table", "inet", "jitsi_provision")
SCRIPT = "/run/jitsi-provision/trial"
DELAY = 1
"""Seconds after which it begins: what called for it comes through such a tunnel, maybe."""
COME, GO = 7001, 7002
# What no program listens to: GRE, ESP and other tunnels of the kernel.
REST = "meta l4proto != { tcp, udp, icmp, ipv6-icmp }"
FORWARDED = "docker-proxy"
"""Its packets are led away before any rule of ours, and must find the way back."""


def begin() -> None:
    """Let the trial begin in a moment; nothing where there are no rules of ours."""
    end()
    listed = run("nft", "--stateless", "--numeric", "list", "chain", *OURS[1:], "input")
    if listed.returncode:
        return
    held = readings.listeners(run("ss", "-H", "-l", "-n", "-t", "-u", "-p").stdout)
    closed = closed_ports(held, readings.opened(listed.stdout))
    write_atomically(SCRIPT, script(closed), 0o700)
    options = (f"--on-active={DELAY}s", "--timer-property=AccuracySec=100ms", "--collect")
    run("systemd-run", f"--unit={NAME}", *options, "sh", SCRIPT)


def in_force() -> bool:
    """Return whether the trial has begun, or none is needed."""
    return not os.path.exists(SCRIPT) or run("nft", "list", *TABLE).returncode == 0


def end() -> None:
    """Let established connections count again."""
    run("systemctl", "stop", NAME + ".timer")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(SCRIPT)
    run("nft", "delete", *TABLE)


def closed_ports(held: list[dict[str, Any]], opened: set[tuple[str, int]]) -> dict[str, list[int]]:
    """Return by protocol the ports on which somebody waits for packets from outside."""
    closed: dict[str, set[int]] = {"tcp": set(), "udp": set()}
    for one in held:
        here = one["address"].split("%")[0].startswith(("127.", "::1"))
        place = one["protocol"], one["port"]
        if not here and one["port"] and one["program"] != FORWARDED and place not in opened:
            closed[one["protocol"]].add(one["port"])
    return {protocol: sorted(ports) for protocol, ports in closed.items()}


def script(closed: dict[str, list[int]]) -> str:
    """Return the program that begins the trial."""
    rules = {"dport": [], "sport": []}  # type: dict[str, list[str]]
    if closed["udp"]:
        numbers = ", ".join(map(str, closed["udp"]))
        rules = {side: [f"udp {side} {{ {numbers} }}"] for side in rules}
    chains = [
        f"chain {name} {{ type filter hook {hook} priority raw; {device} lo return; "
        + "; ".join(f"{what} ct zone set {zone}" for what in (*rules[side], REST))
        + "; }"
        for name, hook, device, side, zone in (
            ("come", "prerouting", "iif", "dport", COME),
            ("go", "output", "oif", "sport", GO),
        )
    ]
    name = " ".join(TABLE)
    table = "\n".join((name, f"delete {name}", name + " {", *chains, "}"))
    cut = [f"ss -K state established sport = :{port}" for port in closed["tcp"]]
    return "\n".join(
        (f"nft -f - <<'END'\n{table}\nEND", *(f"{line} >/dev/null" for line in cut), "")
    )
