"""What the programs of a server say, read into plain data; nothing here runs anything."""

from __future__ import annotations

import ipaddress
import json
import re
import ssl
from typing import Any

UNIT_PROPERTIES = "Id,LoadState,ActiveState,SubState,SourcePath,InvocationID"
PACKAGE_FORMAT = "${db:Status-Abbrev}\t${Package}\t${Version}\n"


def release(text: str) -> dict[str, Any]:
    """Return what /etc/os-release says of the system."""
    found = dict(re.findall(r'^(\w+)=[\'"]?([^\'"\n]*)[\'"]?$', text, re.MULTILINE))
    number = found.get("VERSION_ID", "")
    return {
        "os": found.get("ID", ""),
        "os_name": found.get("PRETTY_NAME", "an unknown system"),
        "release": int(number) if number.isdigit() else 0,
        "codename": found.get("VERSION_CODENAME", ""),
    }


def memory(meminfo: str, limit: str) -> int:
    """Return the memory in MB; a container's limit is what its services really get."""
    total = re.search(r"MemTotal:\s+(\d+)", meminfo)
    megabytes = int(total[1]) // 1024 if total else 0
    return min(megabytes, int(limit) // 1048576) if limit.strip().isdigit() else megabytes


def interfaces(text: str) -> list[str]:
    """Return the addresses that `ip -j address` shows, but for those of this machine alone."""
    return [
        entry["local"]
        for interface in json.loads(text or "[]")
        for entry in interface.get("addr_info", [])
        if entry.get("scope") == "global"
    ]


def route(text: str) -> str:
    """Return the own address that `ip -j route get` shows, if others can answer to it."""
    ways = json.loads(text or "[]")
    source: str = ways[0].get("prefsrc", "") if ways else ""
    return "" if source and ipaddress.ip_address(source).is_link_local else source


def packages(text: str) -> dict[str, Any]:
    """Return installed packages with their versions, and whether dpkg was interrupted."""
    installed, interrupted = {}, False
    for line in text.splitlines():
        status, name, version = line.split("\t")
        if status.startswith(("ii", "hi")):
            installed[name] = version
        elif status[1:2] in tuple("UFHWt") and status[:1] != "d":
            interrupted = True
    return {"packages": installed, "dpkg_interrupted": interrupted}


def debconf_host_name(text: str) -> str:
    """Return the host name that Jitsi's packages were once installed with, or nothing."""
    entry = re.search(
        r"^Name: jitsi-videobridge/jvb-hostname\n(?:.+\n)*?Value: (.*)$", text, re.MULTILINE
    )
    return entry[1].strip() if entry else ""


def units(text: str) -> dict[str, dict[str, Any]]:
    """Return for each unit whether it exists, runs, and since which invocation."""
    states = {}
    for block in text.strip().split("\n\n"):
        entry = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if entry:
            states[entry["Id"]] = {
                "loaded": entry["LoadState"] == "loaded",
                "active": running(entry) or starting(entry),
                "invocation": entry.get("InvocationID", ""),
            }
    return states


def running(entry: dict[str, str]) -> bool:
    """Tell whether a unit runs."""
    return entry.get("ActiveState") in ("active", "reloading") and not init_script_ended(entry)


def starting(entry: dict[str, str]) -> bool:
    """Tell whether a unit is on its way; one that dies again and again is not."""
    begins = entry.get("ActiveState") == "activating"
    return begins and not entry.get("SubState", "").startswith("auto-restart")


def init_script_ended(entry: dict[str, str]) -> bool:
    """Tell whether a service with only an init script has died: systemd still calls it active."""
    init_script = entry.get("SourcePath", "").startswith("/etc/init.d/")
    return init_script and entry.get("SubState") == "exited"


def listeners(text: str) -> list[dict[str, Any]]:
    """Return from the output of `ss` who holds which port."""
    held = []
    for line in text.splitlines():
        columns = line.split()
        address, _colon, port = columns[4].rpartition(":")
        program = re.search(r'\(\("([^"]+)",pid=(\d+)', line)
        held.append(
            {
                "protocol": columns[0],
                "address": address.strip("[]"),
                "port": int(port) if port.isdigit() else 0,
                "program": program[1] if program else "",
                "pids": [int(number) for number in re.findall(r"pid=(\d+)", line)],
            }
        )
    return held


def certificate(text: str) -> dict[str, Any]:
    """Return names, issuer, beginning and end of a certificate as `openssl x509` shows it."""
    shown = dict(re.findall(r"^(issuer|subject|notBefore|notAfter)=(.*)$", text, re.MULTILINE))
    if not shown:
        return {}
    fingerprint = re.search(r"Fingerprint=([0-9A-F:]+)", text)
    return {
        "names": sorted(re.findall(r"DNS:([^,\s]+)", text)),
        "issuer": shown["issuer"].strip(),
        "self_signed": shown["issuer"] == shown["subject"],
        "begins": int(ssl.cert_time_to_seconds(shown["notBefore"])),
        "ends": int(ssl.cert_time_to_seconds(shown["notAfter"])),
        "fingerprint": fingerprint[1] if fingerprint else "",
    }


def ssh_ports(
    settings: str, socket: str, connection: str, listeners: list[dict[str, Any]]
) -> list[int]:
    """Return every port on which somebody may come in by SSH, now or after sshd's next start.

    From `sshd -T`, `systemctl show ssh.socket`, the variable SSH_CONNECTION of this very sign-in,
    and who listens.
    """
    ports = set(re.findall(r"^port (\d+)$", settings, re.MULTILINE))
    if "ActiveState=active" in socket:
        ports.update(re.findall(r"^Listen=\S*?(\d+) \(Stream\)", socket, re.MULTILINE))
    ports.update(connection.split()[3:4])
    # The local end of a tunnel is held by sshd as well.
    ports.update(
        str(held["port"])
        for held in listeners
        if held["program"] == "sshd" and not held["address"].startswith(("127.", "::1"))
    )
    return sorted(int(port) for port in ports if port != "0")


def opened(chain: str) -> set[tuple[str, int]]:
    """Return the ports that a chain, as `nft list` shows it, opens to everybody."""
    found = set()
    for protocol, numbers in re.findall(
        r"^\s*(tcp|udp) dport (\d+|\{[^}]*\}) accept$", chain, re.MULTILINE
    ):
        found.update((protocol, int(number)) for number in re.findall(r"\d+", numbers))
    return found


def hosts(text: str, *names: str) -> dict[str, list[str]]:
    """Return the addresses that /etc/hosts has for these names."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for line in text.splitlines():
        address, *known = line.partition("#")[0].split() or [""]
        for name in names:
            if name.lower() in (one.lower() for one in known):
                found[name].append(address)
    return found
