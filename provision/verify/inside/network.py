"""What listens, what the server talks to, what the firewall lets through, and how SSH is set."""

from __future__ import annotations

import ipaddress
import json
import pwd
import re
import shlex
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
    """Return the chains of nftables that see packets come and go: family, hook, policy.

    `users` names the accounts of services whose packets a chain leads to a list that ends in a
    refusal; `open` tells that it accepts everything whatever its policy says.
    """
    said = reading.run("nft", "-j", "list", "ruleset")
    entries = json.loads(said or "{}").get("nftables", [])
    rules: dict[tuple[str, str, str], list[list[Any]]] = {}
    for rule in (entry["rule"] for entry in entries if "rule" in entry):
        place = (rule["family"], rule["table"], rule["chain"])
        rules.setdefault(place, []).append(rule.get("expr", []))
    chains = []
    for chain in (entry["chain"] for entry in entries if "chain" in entry):
        if chain.get("hook") not in HOOKS or chain.get("type") != "filter":
            continue
        place = (chain["family"], chain["table"], chain["name"])
        own = rules.get(place, [])
        chains.append(
            {
                "family": chain["family"],
                "hook": chain["hook"],
                "policy": "drop" if _refuses(own) else chain.get("policy", "accept"),
                "rules": len(own),
                "open": any(_bare(rule) == ["accept"] for rule in own),
                "users": sorted(
                    user
                    for rule in own
                    for target in _targets(rule)
                    if _refuses(rules.get((*place[:2], target), []))
                    for user in _users(rule)
                ),
            }
        )
    return {
        "program": bool(said),
        "chains": chains,
        # The older tool's rules are not in the list above.
        "legacy": bool(reading.text("/proc/net/ip_tables_names").strip()),
    }


def _bare(rule: list[Any]) -> list[str]:
    """Return what a rule does and asks, without counting and logging."""
    words = [next(iter(part)) for part in rule]
    return [word for word in words if word not in {"counter", "log", "limit"}]


def _refuses(chain: list[list[Any]]) -> bool:
    """Tell whether a chain refuses everything that no rule before has let pass."""
    return any(_bare(rule) in (["drop"], ["reject"]) for rule in chain)


def _targets(rule: list[Any]) -> list[str]:
    return [part[verb]["target"] for part in rule for verb in ("goto", "jump") if verb in part]


def _users(rule: list[Any]) -> list[str]:
    """Return the accounts that a rule is about."""
    users = []
    for match in (part["match"] for part in rule if "match" in part):
        if match["op"] in {"==", "in"} and match["left"] == {"meta": {"key": "skuid"}}:
            right = match["right"]
            names = right.get("set", []) if isinstance(right, dict) else right
            users += [_account(name) for name in (names if isinstance(names, list) else [names])]
    return users


def _account(number: Any) -> str:
    try:
        return pwd.getpwuid(int(number)).pw_name
    except (KeyError, ValueError):
        return str(number)


def ssh(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that sshd would use for a new connection, and its kinds of host keys."""
    who = ("-C", "user=root,host=localhost,addr=192.0.2.1")
    # What it is started with overrules every file.
    given = re.search(r"^\s*SSHD_OPTS=(.*)$", reading.text("/etc/default/ssh"), re.MULTILINE)
    words = shlex.split(" ".join(shlex.split(given[1]))) if given else []
    said = reading.run("sshd", "-T", *who, *words)
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
