"""Accounts of Prosody and of the system: how many, how they are kept, never whose."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from provision.verify.inside import reading

DATA = Path("/var/lib/prosody")
GROUPS = ("adm", "systemd-journal", "root", "sudo", "shadow", "docker", "prosody", "jitsi")
FIRST_PERSON = 1000
NOBODY = 65534
COLONS = 6


def stores(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return for each host of Prosody's data: accounts, how they are kept, and the other stores.

    `orphans` counts files that belong to accounts which are gone.
    """
    hosts: dict[str, dict[str, Any]] = {}
    for folder in sorted(path for path in DATA.iterdir() if path.is_dir()):
        accounts = list(folder.glob("accounts/*.dat"))
        texts = [reading.text(path) for path in accounts]
        others = {
            each.name: [path.stem for path in each.iterdir()]
            for each in sorted(folder.iterdir())
            if each.is_dir() and each.name != "accounts"
        }
        names = {path.stem for path in accounts}
        hosts[unquote(folder.name)] = {
            "accounts": len(accounts),
            "hashed": sum('"stored_key"' in text and not _plain(text) for text in texts),
            "plain": sum(_plain(text) for text in texts),
            "iterations": min((_iterations(text) for text in texts), default=0),
            "modes": sorted({f"{path.stat().st_mode & 0o7777:04o}" for path in accounts}),
            "stores": {name: len(users) for name, users in others.items()},
            "orphans": {
                name: count
                for name, users in others.items()
                if name not in {"cron", "pubsub", "config", "persistent"}
                and (count := len(set(users) - names))
            },
        }
    return {"hosts": hosts, "mode": f"{DATA.stat().st_mode & 0o7777:04o}"}


def people(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return how many accounts of the system can sign in, and how many read logs by a group."""
    lines = reading.text("/etc/passwd").splitlines()
    entries = [line.split(":") for line in lines if line.count(":") == COLONS]
    if not entries:
        raise reading.UnansweredError("/etc/passwd cannot be read")
    able = {
        entry[0]
        for entry in entries
        if not entry[6].endswith(("nologin", "false", "sync"))
        and (entry[2] == "0" or FIRST_PERSON <= int(entry[2]) < NOBODY)
    }
    members: dict[str, set[str]] = {}
    for line in reading.text("/etc/group").splitlines():
        name, _x, number, users = (*line.split(":"), "", "", "")[:4]
        if name in GROUPS:
            primary = {entry[0] for entry in entries if entry[3] == number and name != "root"}
            members[name] = {user for user in users.split(",") if user} | (primary & able)
    masters = {"root"} | members.get("sudo", set()) | _sudoers(able)
    readers = members.get("adm", set()) | members.get("systemd-journal", set())
    return {
        "able": len(able),
        "masters": len(masters & able),
        "readers": len(readers & able),
        "readers_only": len((readers & able) - masters),
        "same_root": sum(entry[2] == "0" for entry in entries),
        "docker": len(members.get("docker", set())),
    }


def _plain(text: str) -> bool:
    return bool(re.search(r'\["password"\]\s*=', text))


def _iterations(text: str) -> int:
    found = re.search(r'\["iteration_count"\]\s*=\s*(\d+)', text)
    return int(found[1]) if found else 0


def _sudoers(able: set[str]) -> set[str]:
    text = "\n".join(reading.text(path) for path in reading.found("/etc/sudoers.d/*"))
    text += "\n" + reading.text("/etc/sudoers")
    return {name for name in able if re.search(rf"^{re.escape(name)}\s+\S+=", text, re.MULTILINE)}
