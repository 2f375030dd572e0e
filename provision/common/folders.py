"""The temporary folder of a run, and those that killed runs left behind."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "provision-run-"
_NAME = re.compile(rf"{PREFIX}(?P<pid>\d+)-(?P<started>\d+)-\w+")
# Versions before kept Ansible's record, with teachers' passwords, in such a folder.
_FORMER = re.compile(r"provision-[a-z0-9_]{8}")
_FORMER_CONTENT = {"artifacts", "env"}
DAY = 86_400
_STARTED = 19
"""Which word after the name in /proc/PID/stat is the moment of the start."""


@contextmanager
def temporary() -> Iterator[Path]:
    """Yield a folder that only this user can read; it goes with the run, or with the next one."""
    sweep()
    pid = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{pid}-{started(pid)}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove what killed runs of this user left; nobody else's, and of no run that goes on."""
    with suppress(OSError):
        for path in Path(tempfile.gettempdir()).iterdir():
            if path.name.startswith("provision-") and _is_ours(path) and _is_left(path):
                shutil.rmtree(path, ignore_errors=True)


def started(pid: int) -> int:
    """Return when a process began, in the kernel's own count; zero where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[_STARTED])


def _is_ours(path: Path) -> bool:
    """Return whether it is a folder, no link, of this user, and closed to all others."""
    try:
        seen = path.lstat()
    except OSError:
        return False
    private = not seen.st_mode & 0o077
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid() and private


def _is_left(path: Path) -> bool:
    """Return whether the run that made a folder has ended."""
    if found := _NAME.fullmatch(path.name):
        return started(int(found["pid"])) != int(found["started"])
    if not _FORMER.fullmatch(path.name):
        return False
    with suppress(OSError):
        content = {entry.name for entry in path.iterdir()}
        return bool(content & _FORMER_CONTENT) and path.stat().st_mtime < time.time() - DAY
    return False
