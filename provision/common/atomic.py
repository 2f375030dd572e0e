"""Writes files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_at_once(target: Path, content: bytes, mode: int, *, new: bool) -> None:
    """Write a file so that at every moment either the old or the whole new one is there."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)  # noqa: PTH101 - mkstemp hands over a string
        if new:
            os.link(name, target)  # fails where a file appeared meanwhile
        else:
            os.replace(name, target)  # noqa: PTH105 - as above
            return
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108 - as above
