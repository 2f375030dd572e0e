"""What listens, what the server talks to, what the firewall lets through, and how SSH is set."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from provision.verify.inside import reading

SSH = ("permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication",
       "permitemptypasswords", "pubkeyauthentication", "kexalgorithms", "ciphers", "macs",
       "hostkeyalgorithms", "pubkeyacceptedalgorithms", "requiredrsasize", "allowtcpforwarding",
       "allowagentforwarding", "x11forwarding", "permittunnel", "gatewayports", "maxauthtries",
       "logingracetime", "hostkey", "loglevel", "allowstreamlocalforwarding", "disableforwarding",
       "port", "usedns", "permituserenvironment")  # fmt: skip
HOOKS = ("input", "output", "forward")


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
    """Return the chains of nftables that see packets come and go: family, hook, policy, rules."""
    said = reading.run("nft", "-j", "list", "ruleset")
    chains: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in json.loads(said or "{}").get("nftables", []):
        chain, rule = entry.get("chain"), entry.get("rule")
        if chain and chain.get("hook") in HOOKS and chain.get("type") == "filter":
            chains[chain["family"], chain["table"], chain["name"]] = {
                "family": chain["family"],
                "hook": chain["hook"],
                "policy": chain.get("policy", "accept"),
                "rules": 0,
                "open": False,
                "counted": False,
            }
        if rule and (key := (rule["family"], rule["table"], rule["chain"])) in chains:
            words = [next(iter(part)) for part in rule.get("expr", [])]
            chains[key]["rules"] += 1
            # A rule that accepts or refuses everything decides in place of the policy.
            bare = [word for word in words if word not in {"counter", "log", "limit", "comment"}]
            if bare in (["drop"], ["reject"]):
                chains[key]["policy"] = "drop"
            chains[key]["open"] = chains[key]["open"] or bare == ["accept"]
            chains[key]["counted"] = chains[key]["counted"] or "counter" in words
    return {
        "program": bool(said),
        "chains": list(chains.values()),
        # The older tool's rules are not in the list above.
        "legacy": bool(reading.text("/proc/net/ip_tables_names").strip()),
    }


def ssh(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that sshd would use for a new connection, and its kinds of host keys."""
    said = reading.run("sshd", "-T", "-C", "user=root,host=localhost,addr=192.0.2.1")
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
        shown = reading.run("ssh-keygen", "-l", "-f", str(path)).split()
        if shown:
            bits[path.stem] = int(shown[0])
    return {"settings": settings, "bits": bits}


def _rows(*command: str) -> list[list[str]]:
    rows = [line.split() for line in reading.run(*command).splitlines()]
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
