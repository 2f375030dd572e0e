"""Rights of files, errors that name the right one, and one previous version of each."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import stat
from typing import TYPE_CHECKING

from ansible.module_utils import ground
from ansible.module_utils.school_server import STAGED, STATE, make_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def naming(path: str) -> Iterator[None]:
    """Make an error name the file that was meant, not the one that was staged for it."""
    try:
        yield
    except OSError as error:
        if error.filename is None or STAGED in str(error.filename):
            error.filename = path
        raise


def user_number(name: str) -> int | None:
    """Return a user's number, or nothing."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def group_number(name: str) -> int | None:
    """Return a group's number, or nothing."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def rights_of(path: str) -> tuple[int, int, int]:
    """Return the numbers of owner and group, and the mode, of what is there: of a link, its own."""
    now = os.lstat(path)
    return now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)


def settled(path: str, rights: tuple[int, int, int]) -> bool:
    """Tell whether a path has these rights, and nobody any beside them."""
    return rights_of(path) == rights and not ground.listed(path)


def read_bytes(path: str) -> bytes | None:
    """Return a file as it is; nothing where there is none, or a link or a pipe in its place."""
    try:
        descriptor = ground.open_file(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.ENXIO):
            return None
        raise
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def refuse_directory(path: str) -> None:
    """Raise an OSError where a directory is in the place of a file."""
    if os.path.isdir(path) and not os.path.islink(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)


def keep_previous(path: str) -> None:
    """Keep one previous version of a file, in one place, with its rights.

    No key of a service, though: nobody wrote it, and it is of use to thieves only.
    """
    content = read_bytes(path)
    if content is None:
        return
    uid, gid, mode = rights_of(path)
    if uid and b"PRIVATE KEY-----" in content:
        return
    make_folder(STATE + "/previous", 0o700)
    write_atomically(STATE + "/previous" + path, content, mode, uid, gid)
