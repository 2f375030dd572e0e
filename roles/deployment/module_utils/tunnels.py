"""Tunnels that end on this machine, and whether this very sign-in comes through one; only looks."""

from __future__ import annotations

import glob
import json
import os
import re
from typing import Any

from ansible.module_utils.school_server import read_text, run

OWN = re.compile(rb"(?:^|\0)SSH_CONNECTION=([^\0]+)")


def look(listeners: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``ports`` that the kernel itself holds for tunnels, by whom; and the ``way_in``.

    The way in has ``interface``, ``kind`` and ``ports`` where it is a tunnel that ends here.
    """
    interfaces = json.loads(run("ip", "-j", "-d", "link").stdout or "[]")
    own = json.loads(run("ip", "-j", "address").stdout or "[]")
    ports = kernel_ports(interfaces, wireguard_ports(), listeners)
    address = (ssh_connection().split() + [""] * 3)[2]
    name = next((i["ifname"] for i in own for a in i["addr_info"] if a["local"] == address), "")
    return {"ports": ports, "way_in": way_in(name, interfaces, ports, listeners)}


def ssh_connection() -> str:
    """Return SSH_CONNECTION of this sign-in; sudo forgets it, those who called it do not."""
    known = os.environ.get("SSH_CONNECTION", "")
    process = str(os.getpid())
    while not known and process not in ("", "0", "1"):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                found = OWN.search(file.read())
        except OSError:
            break
        known = found[1].decode(errors="replace") if found else ""
        parent = re.search(r"^PPid:\s*(\d+)", read_text(f"/proc/{process}/status"), re.MULTILINE)
        process = parent[1] if parent else ""
    return known


def wireguard_ports() -> dict[str, int]:
    """Return the port of each interface of WireGuard; nothing where its program is not there."""
    lines = run("wg", "show", "all", "listen-port").stdout.splitlines()
    pairs = (line.split() for line in lines)
    return {name: int(port) for name, port in pairs if port.isdigit()}


def kernel_ports(
    interfaces: list[dict[str, Any]], wireguard: dict[str, int], listeners: list[dict[str, Any]]
) -> dict[str, str]:
    """Return which kind of tunnel holds a port that no program holds, such as 51820/udp."""
    found = {}
    nobodys = [
        held["port"] for held in listeners if held["protocol"] == "udp" and not held["program"]
    ]
    for interface in interfaces:
        kind = interface.get("linkinfo", {}).get("info_kind", "")
        data = interface.get("linkinfo", {}).get("info_data", {})
        port = wireguard.get(interface["ifname"]) or data.get("port")
        if kind == "wireguard" and not port and len(set(nobodys)) == 1:
            port = nobodys[0]
        if port in nobodys:
            found[f"{port}/udp"] = kind
    return found


def way_in(
    name: str,
    interfaces: list[dict[str, Any]],
    ports: dict[str, str],
    listeners: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return what an interface hangs on, if it is a tunnel that ends on this machine."""
    interface = next((one for one in interfaces if one["ifname"] == name), {})
    kind = interface.get("linkinfo", {}).get("info_kind", "")
    if kind == "tun":
        holders = programs_of(name)
        of_it = [h for h in listeners if set(h.get("pids", [])) & holders.keys()]
        kind = ", ".join(sorted(set(holders.values()))) or kind
        found = sorted({f"{held['port']}/{held['protocol']}" for held in of_it})
    else:
        found = sorted(port for port, holder in ports.items() if holder == kind)
    return {"interface": name, "kind": kind, "ports": found} if found else {}


def programs_of(name: str) -> dict[int, str]:
    """Return the programs by their numbers that hold an interface made by a program."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/fdinfo/*"):
        if re.search(rf"^iff:\s*{re.escape(name)}$", read_text(path), re.MULTILINE):
            number = path.split("/")[2]
            found[int(number)] = read_text(f"/proc/{number}/comm").strip()
    return found
