"""What is kept on disk of the past: log files, journal, records of sign-ins, memory dumps."""

from __future__ import annotations

import os
import re
import sqlite3
import struct
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from provision.verify.inside import processes, reading

DAY = 86400
MANY = 400
UTMP = 384
DATABASE = b"SQLite format 3"
FIRST_LINE = 4096
DATES = (
    (re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)"), "%Y/%m/%d %H:%M:%S"),
    (re.compile(r"(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d)"), "%d/%b/%Y:%H:%M:%S"),
)
PERIODS = {"hourly": 1 / 24, "weekly": 7, "monthly": 31, "yearly": 366}
SHIPPERS = ("filebeat", "fluent-bit", "fluentd", "td-agent", "promtail", "vector", "nxlog",
            "splunkd", "telegraf", "alloy", "systemd-journal-upload",
            "datadog-agent")  # fmt: skip


def files(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return each file below /var/log: size, days since its last and its first line, rights.

    `closed` tells whether a directory above it keeps everybody else out.
    """
    now = time.time()
    found: list[dict[str, Any]] = []
    for folder, folders, names in os.walk("/var/log"):
        folders[:] = [each for each in folders if f"{folder}/{each}" != "/var/log/journal"]
        for name in names:
            path = Path(folder, name)
            if path.is_symlink() or not path.is_file():
                continue
            status = path.stat()
            found.append(
                {
                    "path": str(path),
                    "size": status.st_size,
                    "mode": f"{status.st_mode & 0o7777:04o}",
                    "closed": any(not parent.stat().st_mode & 0o001 for parent in path.parents),
                    "days": round((now - status.st_mtime) / DAY, 2),
                    "oldest": _oldest(path, status.st_size, now),
                }
            )
    found.sort(key=lambda file: -max(file["days"], file["oldest"] or 0))
    return {"files": found[:MANY], "total": len(found)}


def rotation(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what logrotate means to do, in its own words read from its rehearsal.

    Each pattern: days between rotations (nothing where size alone decides), how many old files are
    kept, at most how old these may be, the size that delays it, and whether an empty log counts.
    """
    said = reading.ask("logrotate", "-d", "/etc/logrotate.conf", both=True, good=1)
    patterns: dict[str, dict[str, Any]] = {}
    for block in re.split(r"^rotating pattern: ", said, flags=re.MULTILINE)[1:]:
        head = block.partition("considering log ")[0]
        paths, words = _head(" ".join(head.split()))
        for path in paths:
            patterns[path] = words
    return {
        "patterns": patterns,
        "problems": re.findall(r"^error: (.*)$", said, re.MULTILINE)[:5],
    }


def journal(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the journal's settings as merged from all its files, and the age of its first line."""
    settings: dict[str, str] = {}
    said = reading.ask("systemd-analyze", "cat-config", "systemd/journald.conf")
    for line in said.splitlines():
        if "=" in line and not line.startswith("#"):
            name, _sign, value = line.partition("=")
            settings[name.strip()] = value.strip()
    wanted = ("MaxRetentionSec", "MaxFileSec", "Storage", "ForwardToSyslog", "SystemMaxUse")
    oldest = None
    for first in reading.stream("journalctl", "-q", "--no-pager", "-o", "short-unix"):
        if first[:1].isdigit():  # and not a line between two boots
            oldest = float(first.split(b" ", 1)[0])
            break
    return {
        "settings": {name: settings[name] for name in wanted if name in settings},
        "oldest": round((time.time() - oldest) / DAY, 2) if oldest else None,
        "sign_ins": _sign_ins(),
        "bans": _bans(),
    }


def shipping(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what would carry logs to another machine: settings and running programs."""
    remote = re.compile(
        r"^\s*(?:[^#\s]\S*\s+@{1,2}\(?\S*[A-Za-z0-9]|.*\b(?:omfwd|omrelp|omkafka|omelasticsearch)\b"
        r"|\s*(?:network|tcp|udp|syslog)\s*\(\s*\"|\*\.\*\s+@)"
    )
    targets = [
        f"{path}:{number}"
        for pattern in ("/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf", "/etc/syslog-ng/**/*.conf")
        for path in reading.found(pattern)
        for number, line in enumerate(reading.text(path).splitlines(), 1)
        if remote.match(line)
    ]
    names = {Path(process["arguments"][0].split(" ")[0]).name for process in processes.every()}
    return {"targets": targets, "programs": sorted(names & set(SHIPPERS))}


def dumps(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return files that hold a process's memory, and where the kernel would put another."""
    patterns = ("/tmp/*.hprof", "/tmp/systemd-private-*/tmp/*.hprof", "/var/tmp/*.hprof",  # noqa: S108
                "/usr/share/jicofo/*.hprof", "/usr/share/jitsi-videobridge/*.hprof",
                "/tmp/hs_err_pid*", "/usr/share/j*/hs_err_pid*", "/var/crash/*",  # noqa: S108
                "/var/lib/systemd/coredump/*", "/core", "/core.*", "/var/lib/prosody/core*",
                "/tmp/core*", "/usr/share/j*/core*")  # fmt: skip  # noqa: S108
    paths = [path for pattern in patterns for path in reading.found(pattern) if path.is_file()]
    return {
        "files": [str(path) for path in paths],
        "pattern": reading.text("/proc/sys/kernel/core_pattern").strip(),
    }


def _oldest(path: Path, size: int, now: float) -> float | None:
    """Return the days since the first line, where it begins with a date that is understood."""
    if not size or path.suffix in {".gz", ".xz", ".zst", ".bz2"}:
        return None
    if path.name.startswith(("wtmp", "btmp")):
        return None
    line = reading.text(path, FIRST_LINE).partition("\n")[0]
    for pattern, form in DATES:
        if found := pattern.search(line):
            try:
                moment = datetime.strptime(found[1].replace("T", " "), form)  # noqa: DTZ007
            except ValueError:
                return None
            return round((now - moment.timestamp()) / DAY, 2)
    return None


def _head(text: str) -> tuple[list[str], dict[str, Any]]:
    """Return the paths of a pattern, and what its line says; the words stand in either order."""
    period = re.search(
        r" (?:after (\d+) days|(hourly|weekly|monthly|yearly)|(\d+) bytes)[ ,]", text
    )
    count = re.search(r"\((\d+) rotations\)", text)
    age = re.search(r"old logs are removed after (\d+) days", text)
    days = None
    if period:
        days = float(period[1]) if period[1] else PERIODS.get(period[2] or "")
    paths = re.findall(r'"([^"]+)"|(\S+)', text[: period.start()] if period else "")
    return [quoted or plain for quoted, plain in paths], {
        "days": days,
        "count": int(count[1]) if count else 0,
        "age": int(age[1]) if age else None,
        "waits_for_bytes": days is None or "only log files >= " in text,
        "empty": "empty log files are rotated" in text,
    }


def _sign_ins() -> dict[str, float]:
    """Return the days since the first sign-in that each record of them still holds."""
    now = time.time()
    found = {}
    for path in [*reading.found("/var/log/[wb]tmp*"), *reading.found("/var/lib/wtmpdb/wtmp.db")]:
        data = reading.beginning(path, UTMP) if path.suffix not in {".gz", ".xz"} else b""
        if data.startswith(DATABASE):  # Debian 13's newer form
            first = (_query(path, "SELECT min(Login) FROM wtmp") or 0) / 1e6
        else:
            first = struct.unpack_from("<i", data, 340)[0] if len(data) == UTMP else 0
        if first:
            found[str(path)] = round((now - first) / DAY, 2)
    return found


def _bans() -> float | None:
    """Return the days since the oldest address that fail2ban remembers."""
    for path in reading.found("/var/lib/fail2ban/fail2ban.sqlite3"):
        first = _query(path, "SELECT min(timeofban) FROM bans")
        if first:
            return round((time.time() - first) / DAY, 2)
    return None


def _query(path: Path, question: str) -> float | None:
    """Return one number of a database, without a lock or a journal beside it."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            row = connection.execute(question).fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return None
        raise
    return float(row[0]) if row and row[0] is not None else None
