"""What listens, what the server talks to, what the firewall lets through, and how SSH is set."""

from __future__ import annotations

import ipaddress
import json
import pwd
import re
import shlex
from pathlib import Path
from typing import Any

from provision.verify.inside import packet_filter, reading
from provision.verify.inside.packet_match import Stranger

SSH = ("permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication",
       "permitemptypasswords", "pubkeyauthentication", "kexalgorithms", "ciphers", "macs",
       "hostkeyalgorithms", "pubkeyacceptedalgorithms", "requiredrsasize", "allowtcpforwarding",
       "allowagentforwarding", "x11forwarding", "permittunnel", "gatewayports", "maxauthtries",
       "logingracetime", "hostkey", "loglevel", "allowstreamlocalforwarding", "disableforwarding",
       "port", "usedns", "permituserenvironment")  # fmt: skip
ACCOUNTS = ("prosody", "jicofo", "jvb", "turnserver", "www-data")
"""Those of the services, which should reach only what they need."""


def sockets(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return who listens where, and with whom programs here began to talk (not who called them)."""
    listening = []
    for columns in _rows("ss", "-Hlntup"):
        address, port = _place(columns[4])
        listening.append(
            {"protocol": columns[0], "address": address, "port": port, "program": _program(columns)}
        )
    served = {(each["protocol"], each["port"]) for each in listening}
    peers: dict[tuple[str, str, int, str], int] = {}
    for columns in _rows("ss", "-Hntup"):
        local, peer = columns[4:6]
        port = _place(local)[1]
        address, far = _place(peer)
        if (columns[0], port) in served or not far or _kind(address) == "own":
            continue
        key = (_program(columns), columns[0], far, _kind(address))
        peers[key] = peers.get(key, 0) + 1
    return {
        "listening": listening,
        "peers": [
            {"program": program, "protocol": protocol, "port": port, "kind": kind, "count": count}
            for (program, protocol, port, kind), count in sorted(peers.items())
        ],
    }


def firewall(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return how many ports are open to strangers, and to whom the services' accounts may send.

    By hook: `input` by family, `output` by account (`` is anybody else) and family. Each with what
    is open for `sure`, and what `may` be, where `unknown` names what a rule says that nobody here
    understands.
    """
    if not reading.there("nft"):
        # iptables of today writes rules that only nft can tell.
        if reading.there("iptables"):
            raise reading.UnansweredError("nft is not installed, which would tell the rules")
        return {"program": False, "legacy": _legacy(), "unknown": [], "input": {}, "output": {}}
    said = reading.ask("nft", "-j", "list", "ruleset")
    rules = packet_filter.Filter(json.loads(said)["nftables"])
    outward = {family: _outward(number) for family, number in (("ip", "-4"), ("ip6", "-6"))}

    def tried(hook: str, family: str, account: str = "") -> dict[str, dict[str, int]]:
        names = (account, _number(account)) if account else ()
        stranger = Stranger(hook, family, outward[family], names)
        sure, may = map(packet_filter.counted, rules.passes(stranger))
        return {"sure": sure, "may": may}

    families = ("ip", "ip6")
    return {
        "program": True,
        # The older tool's rules are not among them.
        "legacy": _legacy(),
        "input": {family: tried("input", family) for family in families},
        "output": {
            account: {family: tried("output", family, account) for family in families}
            for account in ("", *filter(reading.exists, ACCOUNTS))
        },
        "unknown": sorted(rules.unknown),
    }


def _legacy() -> bool:
    return bool(reading.text("/proc/net/ip_tables_names").strip())


def _outward(family: str) -> frozenset[str]:
    """Return the interfaces that lead to others than neighbours."""
    ways = json.loads(reading.ask("ip", "-j", family, "route", "show", "default") or "[]")
    return frozenset(way["dev"] for way in ways if "dev" in way)


def _number(account: str) -> str:
    return str(pwd.getpwnam(account).pw_uid)


def ssh(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that sshd would use for a new connection, and its kinds of host keys."""
    who = ("-C", "user=root,host=localhost,addr=192.0.2.1")
    # What it is started with overrules every file.
    given = re.search(r"^\s*SSHD_OPTS=(.*)$", reading.text("/etc/default/ssh"), re.MULTILINE)
    words = shlex.split(" ".join(shlex.split(given[1]))) if given else []
    said = reading.ask("sshd", "-T", *who, *words)
    settings: dict[str, Any] = {}
    for line in said.splitlines():
        name, _space, value = line.partition(" ")
        if name == "hostkey":
            settings.setdefault(name, []).append(value.rpartition("/")[2])
        elif name in SSH:
            settings[name] = value
    if not settings:
        raise ValueError("sshd -T says nothing")
    bits = {}
    for path in reading.found("/etc/ssh/ssh_host_*_key.pub"):
        bits[path.stem] = int(reading.ask("ssh-keygen", "-l", "-f", str(path)).split()[0])
    return {"settings": settings, "bits": bits, "matched": sorted(_matched())}


def _matched() -> set[str]:
    """Return what holds for some people only, below a line with `Match`."""
    found = set()
    for path in [Path("/etc/ssh/sshd_config"), *reading.found("/etc/ssh/sshd_config.d/*.conf")]:
        inside = False
        for line in reading.lines(path):
            name, _space, value = re.sub(r"[\s=]+", " ", line).replace('"', "").partition(" ")
            inside = inside or name.lower() == "match"
            if inside and name.lower() in SSH:
                found.add(f"{name.lower()} {value.partition(' #')[0].strip().lower()}")
    return found


def _rows(*command: str) -> list[list[str]]:
    rows = [line.split() for line in reading.ask(*command).splitlines()]
    return [columns for columns in rows if len(columns) >= 6]  # noqa: PLR2004 - up to the peer


def _place(text: str) -> tuple[str, int]:
    address, _colon, port = text.rpartition(":")
    return address.strip("[]").partition("%")[0], int(port) if port.isdigit() else 0


def _program(columns: list[str]) -> str:
    found = re.search(r'\(\("([^"]+)"', columns[-1])
    return found[1] if found else ""


def _kind(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.removeprefix("::ffff:"))
    except ValueError:
        return "own"
    if parsed.is_loopback or parsed.is_unspecified or parsed.is_link_local:
        return "own"
    return "private" if parsed.is_private else "public"
