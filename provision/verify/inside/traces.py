"""Looks for what this very run left behind: its made-up names, and the address that it came from.

Every probe of a run uses one random word in rooms and paths. Where it stands in a log, so would the
name of a room. Lines are counted where they lie and not carried away.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

from provision.verify.inside import reading

LOGS = "/var/log"
TAIL = 4 << 20
SLACK = 5
# They say who signed in on the server itself, which is what this look does as well.
SIGN_IN = re.compile(rb"sshd|sudo|systemd-logind|pam_unix|su\[")
# In a file that several programs share, each line names its writer after time and host.
SHARED = re.compile(
    rb"(?:\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d [\d:]{8}) \S+ ([\w./-]{1,40})(?:\[\d+\])?: "
)
RECORDS = ("wtmp", "btmp", "lastlog")
"""Files that hold nothing else; a colleague may sign in at a terminal meanwhile."""


def search(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return how many lines since the run began hold its word or its address, by their place."""
    begun = time.time() - wanted["seconds"] - SLACK
    word = wanted["marker"].encode()
    address = client()
    ours = (
        re.compile(rb"(?<![\d.:])" + re.escape(address.encode()) + rb"(?![\d:])")
        if address
        else None
    )
    marked: dict[str, int] = {}
    addressed: dict[str, int] = {}
    for path in _written_since(begun):
        for line in _tail(path):
            place = written(str(path), line)
            if word and word in line:
                marked[place] = marked.get(place, 0) + 1
            if ours and not SIGN_IN.search(line) and ours.search(line):
                addressed[place] = addressed.get(place, 0) + 1
    for line in reading.stream(
        "journalctl", "-q", "--no-pager", "-o", "short-iso", f"--since=@{begun:.0f}"
    ):
        # Time and host, then who wrote it.
        writer = line.split(b" ", 2)[-1].partition(b":")[0].partition(b"[")[0]
        place = "journal: " + writer.decode("utf-8", "replace")[:40]
        if word and word in line:
            marked[place] = marked.get(place, 0) + 1
        if ours and not SIGN_IN.search(line) and ours.search(line):
            addressed[place] = addressed.get(place, 0) + 1
    return {
        "searched": bool(word),
        "address_known": bool(address),
        "marked": marked,
        "addressed": addressed,
        "stored": _stored(begun),
    }


def written(path: str, line: bytes) -> str:
    """Return the place of a line: its file, and who wrote it where the line names that."""
    writer = SHARED.match(line)
    return f"{path}: {writer[1].decode('utf-8', 'replace')}" if writer else path


def client() -> str:
    """Return the address that this run came from, as the server sees it."""
    pid = os.getpid()
    while pid > 1:
        found = re.search(
            r"(?:^|\0)SSH_C(?:ONNECTION|LIENT)=(\S+) ", reading.text(f"/proc/{pid}/environ")
        )
        if found:
            return found[1]
        stat = reading.text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        pid = int(stat[1]) if len(stat) > 1 else 0
    return ""


def _written_since(begun: float) -> list[Path]:
    found = []
    for folder, folders, names in os.walk(LOGS):
        folders[:] = [each for each in folders if f"{folder}/{each}" != f"{LOGS}/journal"]
        for name in names:
            if name.startswith(RECORDS):
                continue
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= begun:
                found.append(path)
    return found


def _tail(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - TAIL, 0))
            return file.read(TAIL).splitlines()
    except OSError:
        return []


def _stored(begun: float) -> dict[str, int]:
    """Return how many files below Prosody's data were written since, by kind of store.

    A store's name says what it keeps: accounts, config (of a room), archive, muc_log, cron.
    """
    stores: dict[str, int] = {}
    base = Path("/var/lib/prosody")
    for path in reading.found(f"{base}/*/**/*"):
        try:
            status = path.stat()
        except OSError:
            continue
        if path.is_file() and status.st_ctime >= begun:
            parts = path.relative_to(base).parts
            store = parts[1] if len(parts) > 2 else path.stem  # noqa: PLR2004 - host, store, file
            stores[store] = stores.get(store, 0) + 1
    return stores
