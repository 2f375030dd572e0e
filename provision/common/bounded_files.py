"""Files that may be somebody else's: read up to a size, and never waited for."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from provision.common.limits import FILE
from provision.messages.i18n import _

if TYPE_CHECKING:
    from pathlib import Path


class UnfitError(Exception):
    """What is there is no file that anybody means; the message is a sentence."""


class TooLargeError(UnfitError):
    """The file is larger than any honest one."""

    def __init__(self, limit: int = FILE) -> None:
        super().__init__(
            _("It is larger than {limit} kB; no file of this kind is.").format(limit=limit // 1000)
        )


class NotPlainError(UnfitError):
    """A pipe or a device, which may never end, or never begin."""

    def __init__(self) -> None:
        super().__init__(_("It is no file, but a pipe or a device."))


def read_bytes(path: Path, limit: int = FILE, *, pipes: bool = False) -> bytes:
    """Return what a file holds; raises OSError or UnfitError.

    With `pipes`, what another program writes is waited for: only where a person has just named it.
    """
    waits = 0 if pipes else os.O_NONBLOCK
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | waits), "rb") as stream:
        kind = os.fstat(stream.fileno()).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(kind) and not pipes:
            raise NotPlainError
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise TooLargeError(limit)
    return content
