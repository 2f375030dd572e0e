"""Where else a secret lies that everybody on the server can read: configuration, pages, homes.

Bounded: so many files of each place, none of them large, and only for a moment.
"""

from __future__ import annotations

import os
import stat
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from provision.verify.inside import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

PLACES = ("/etc", "/var/www", "/srv", "/usr/share/jitsi-meet", "/usr/local", "/opt", "/home",
          "/root", "/var/backups", "/var/lib/jitsi-provision",
          "/tmp", "/var/tmp")  # noqa: S108  # fmt: skip
FILES = 4000
SIZE = 256 * 1024
SECONDS = 4.0
TELLING = 12
"""A shorter text could be anywhere by chance."""


def found(secrets: Collection[str]) -> set[str]:
    """Return the files with one of these texts in them that everybody can read."""
    wanted = [secret.encode() for secret in secrets if len(secret) >= TELLING]
    end = time.monotonic() + SECONDS
    places: set[str] = set()
    for place in PLACES:
        for path in islice(_open_files(place), FILES):
            if time.monotonic() > end:
                return places
            content = reading.beginning(path, SIZE)
            if any(secret in content for secret in wanted):
                places.add(path)
    return places


def key_texts(text: str) -> list[str]:
    """Return a line of each secret key in a PEM file by which a copy is known."""
    keys = text.split("PRIVATE KEY-----\n")[1::2]
    lines = (key.partition("-----")[0].split() for key in keys)
    return [body[len(body) // 2] for body in lines if body]


def _open_files(place: str) -> Iterator[str]:
    """Yield the plain files below a place that everybody can open, however deep; no links."""
    try:
        if not Path(place).parent.stat().st_mode & stat.S_IXOTH:
            return
        waiting = [place] if stat.S_ISDIR(os.lstat(place).st_mode) else []
    except OSError:
        return
    while waiting:
        folder = waiting.pop(0)
        try:
            # Whoever may enter, and knows a name, need not be able to list them.
            if not os.lstat(folder).st_mode & stat.S_IXOTH:
                continue
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                waiting.append(entry.path)
            elif stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IROTH:
                yield entry.path
