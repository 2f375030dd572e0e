"""Packages: which are installed, where they come from, which updates wait.

Nothing is fetched but the head of each source, and of that nothing is kept.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from provision.verify.inside import apt_update, reading

OF_INTEREST = re.compile(
    r"^(?:jitsi|jicofo|jigasi|jibri|prosody|nginx|coturn|openjdk|apache2|vosk|etherpad|excalidraw"
    r"|unattended-upgrades|needrestart|fail2ban|rsyslog|docker|linux-image|apparmor$|certbot$"
    r"|systemd-coredump|goaccess|awstats|matomo|prometheus|telegraf|filebeat|borgbackup|restic)"
)
STAMPS = ("update-success-stamp", "upgrade-stamp", "unattended-upgrades-stamp", "update-stamp")
SETTINGS = ("APT::Periodic::Enable", "APT::Periodic::Update-Package-Lists",
            "APT::Periodic::Unattended-Upgrade", "Unattended-Upgrade::Automatic-Reboot",
            "Unattended-Upgrade::Automatic-Reboot-Time")  # fmt: skip
HOUR = 3600
SPARE = 3
"""Seconds of the whole look in which nobody waits for apt any more."""
# What Debian's security team or the makers of Jitsi have released; by its suite, or its name.
SECURITY = re.compile(r"-security|jitsi|jicofo", re.IGNORECASE)


def installed(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return versions of the packages that matter here, and those that are held back."""
    said = reading.ask("dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n")
    rows = [line.split() for line in said.splitlines()]
    return {
        "versions": {
            row[0]: row[1]
            for row in rows
            if len(row) > 2 and row[2].startswith(("ii", "hi")) and OF_INTEREST.match(row[0])  # noqa: PLR2004
        },
        "held": [row[0] for row in rows if len(row) > 2 and row[2].startswith("h")],  # noqa: PLR2004
        "total": len(rows),
    }


def sources(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return each source of packages: its host, suite, and whether a key of its own is named."""
    found = []
    for path in [Path("/etc/apt/sources.list"), *reading.found("/etc/apt/sources.list.d/*")]:
        text = reading.text(path)
        if path.suffix == ".sources":
            for block in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
                fields = dict(re.findall(r"^([\w-]+):\s*(.*(?:\n[ \t].*)*)", block, re.MULTILINE))
                if fields.get("URIs") and fields.get("Enabled", "yes").lower() != "no":
                    found += [
                        _source(
                            uri,
                            fields.get("Suites", ""),
                            "Signed-By" in fields,
                            "Trusted" in fields and fields["Trusted"].lower() == "yes",
                        )
                        for uri in fields["URIs"].split()
                    ]
        elif path.suffix == ".list":
            for line in text.splitlines():
                entry = re.match(r"\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)", line)
                if entry:
                    options = entry[1] or ""
                    found.append(
                        _source(
                            entry[2], entry[3], "signed-by=" in options, "trusted=yes" in options
                        )
                    )
    legacy = [
        path
        for path in reading.found("/etc/apt/trusted.gpg.d/*")
        if not path.name.startswith("debian-archive")
    ]
    return {
        "sources": found,
        "origins": _origins(),
        "old_keys": [str(path) for path in legacy]
        + [p for p in ["/etc/apt/trusted.gpg"] if Path(p).exists()],
        "unauthenticated": "true"
        in reading.ask("apt-config", "dump", "APT::Get::AllowUnauthenticated").lower(),
    }


def asked(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what `apt-get update` would say of each source: {"code", "said", "places"} or "late".

    Lists that are kept say nothing of it: apt keeps them where it refuses new ones.
    """
    return apt_update.ask_apt(max(wanted["patience"] - SPARE, 1))


def updates(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return security updates that wait, by apt's own lists, their age, and automatic updates.

    apt runs as an account without rights: it writes no cache.
    """
    # A third of what a rehearsal of the whole upgrade would cost.
    said = reading.ask("apt", "list", "--upgradable", user=_nobody())
    waiting = re.findall(r"^([^/\s]+)/(\S+) ", said, re.MULTILINE)
    now = time.time()
    lists = [path.stat().st_mtime for path in reading.found("/var/lib/apt/lists/*Release")]
    stamps = {name: Path("/var/lib/apt/periodic", name) for name in STAMPS}
    settings: dict[str, Any] = {}
    for line in reading.ask("apt-config", "dump").splitlines():
        name, _space, value = line.partition(" ")
        if name in SETTINGS:
            settings[name] = value.strip('";')
        elif name in {
            "Unattended-Upgrade::Origins-Pattern::",
            "Unattended-Upgrade::Allowed-Origins::",
        }:
            settings.setdefault("origins", []).append(value.strip('";'))
    log = Path("/var/log/unattended-upgrades/unattended-upgrades.log")
    return {
        "answered": said.startswith("Listing"),
        "security": sorted(name for name, suite in waiting if SECURITY.search(name + suite)),
        "others": sum(not SECURITY.search(name + suite) for name, suite in waiting),
        "lists_hours": round((now - max(lists)) / HOUR, 1) if lists else None,
        "stamps": {
            name: round((now - path.stat().st_mtime) / HOUR, 1)
            for name, path in stamps.items()
            if path.exists()
        },
        "log_hours": round((now - log.stat().st_mtime) / HOUR, 1) if log.exists() else None,
        "settings": settings,
        "reboot": Path("/run/reboot-required").exists(),
    }


def releases(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the releases of Jitsi Meet that apt knows of, the newest first."""
    said = reading.ask("apt-cache", "madison", "jitsi-meet", user=_nobody())
    rows = [line.split("|") for line in said.splitlines()]
    return {"jitsi": [row[1].strip() for row in rows if len(row) > 1]}


def _nobody() -> str | None:
    return "nobody" if reading.exists("nobody") else None


def _origins() -> list[str]:
    """Return who says to have made the lists of packages that apt has."""
    found = set()
    for path in reading.found("/var/lib/apt/lists/*Release"):
        origin = re.search(r"^(?:Origin|Label): (.*)$", reading.text(path, 4096), re.MULTILINE)
        found.add(origin[1].strip() if origin else "")
    return sorted(found)


def _source(uri: str, suite: str, signed: bool, trusted: bool) -> dict[str, Any]:
    # An address may hold a password for a mirror; only the host and its path are told.
    place = re.sub(r"^[a-z+]+://(?:[^/@]*@)?", "", uri).rstrip("/")
    return {
        "host": place.partition("/")[0],
        "place": place,
        "suite": suite,
        "signed": signed,
        "trusted": trusted,
    }
