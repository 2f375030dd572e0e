"""Which rules of other programs refuse what comes in, asked of the kernel itself; only looks.

A unit of a firewall says little: `ufw enable` leaves its unit inactive until the next boot.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ansible.module_utils.school_server import read_text, run

OURS = ("jitsi_provision", "jitsi_provision_trial")
HARMLESS = {"counter", "log", "limit", "xt"}
REFUSALS = (["drop"], ["reject"])
LEGACY = (
    ("/proc/net/ip_tables_names", "iptables-legacy-save"),
    ("/proc/net/ip6_tables_names", "ip6tables-legacy-save"),
)


def look() -> list[dict[str, Any]]:
    """Return each filter that refuses what no rule of its own lets in.

    ``name`` is ufw, firewalld, iptables, or a chain of nftables in its own words; ``numbers`` are
    those in its rules: a port that is not among them is closed.
    """
    # Without the members of sets: of some programs these are hundreds of thousands.
    listed = run("nft", "--terse", "--json", "list", "ruleset").stdout
    try:
        entries = json.loads(listed or "{}").get("nftables", [])
    except ValueError:
        entries = []
    found = {}
    for name, table in closing(entries):
        numbers = run("nft", "--terse", "--numeric", "list", "table", *table).stdout
        found.setdefault(name, set()).update(numbers_in(numbers))
    for names, program in LEGACY:
        if read_text(names).strip() and (name := legacy(said := run(program).stdout)):
            found.setdefault(name, set()).update(numbers_in(said))
    return [{"name": name, "numbers": sorted(numbers)} for name, numbers in found.items()]


def closing(entries: list[dict[str, Any]]) -> list[tuple[str, tuple[str, str]]]:
    """Return who refuses what comes in, and in which table, from the ruleset as JSON."""
    rules: dict[tuple[str, str, str], list[list[str]]] = {}
    for rule in (entry["rule"] for entry in entries if "rule" in entry):
        words = [next(iter(part)) for part in rule.get("expr", [])]
        place = (rule["family"], rule["table"], rule["chain"])
        rules.setdefault(place, []).append([word for word in words if word not in HARMLESS])
    names = {
        (entry["chain"]["family"], entry["chain"]["table"], entry["chain"]["name"])
        for entry in entries
        if "chain" in entry
    }
    found = []
    for chain in (entry["chain"] for entry in entries if "chain" in entry):
        if chain.get("hook") != "input" or chain.get("type") != "filter" or chain["table"] in OURS:
            continue
        place = (chain["family"], chain["table"], chain["name"])
        refuses = any(rule in REFUSALS for rule in rules.get(place, []))
        if chain.get("policy") == "drop" or refuses:
            found.append((owner(place, names), place[:2]))
    return found


def owner(place: tuple[str, str, str], names: set[tuple[str, str, str]]) -> str:
    """Return which program a chain belongs to; one that nobody knows by its own words."""
    family, table, _chain = place
    if table == "firewalld":
        return "firewalld"
    if any(name[:2] == (family, table) and name[2].startswith("ufw") for name in names):
        return "ufw"
    return " ".join(place)


def legacy(saved: str) -> str:
    """Return who refuses what comes in by rules of the older iptables, or nothing."""
    closed = r"^:INPUT (DROP|REJECT)|^-A INPUT (-m comment --comment \S+ )?-j (DROP|REJECT)"
    if not re.search(closed, saved, re.MULTILINE):
        return ""
    return "ufw" if ":ufw" in saved else "iptables"


def numbers_in(rules: str) -> set[int]:
    """Return every number that rules name, also those within a range of ports."""
    found = {int(number) for number in re.findall(r"\b\d{1,5}\b", rules)}
    for first, last in re.findall(r"\b(\d{1,5})[-:](\d{1,5})\b", rules):
        found.update(range(int(first), min(int(last), 65535) + 1))
    return found
