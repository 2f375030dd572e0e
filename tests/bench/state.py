"""Where the bench keeps what it knows: one directory, small JSON files, one lock."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
"""The repository's root."""

_threads = threading.RLock()
_depth: dict[Path, int] = {}


def directory() -> Path:
    """Return the state directory: $PROVISION_BENCH_DIR, else .bench/ in the repository."""
    return Path(os.environ.get("PROVISION_BENCH_DIR") or ROOT / ".bench").resolve()


def read(path: Path, default: Any) -> Any:
    """Return what a JSON file holds, or the default when there is none."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return default


def write(path: Path, value: Any) -> None:
    """Write a JSON file so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    new.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    new.replace(path)


@contextmanager
def lock(name: str = "lock") -> Iterator[None]:
    """Hold the bench for oneself, against other processes and threads; may be nested."""
    path = directory() / name
    with _threads:
        if _depth.get(path):
            _depth[path] += 1
            try:
                yield
            finally:
                _depth[path] -= 1
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _depth[path] = 1
            try:
                yield
            finally:
                _depth[path] = 0
