"""Where root may work: in directories that nobody but root can change.

In any other one, whoever owns it can put a link in the place of what root is about to read, write
or give away, at any moment. So every write of a module comes past `refuse`, and where a service has
to own a directory, the work is done as its account.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYBODY, GROUP = stat.S_IWOTH, stat.S_IWGRP
ROOTS_EQUALS = (0, 50)
"""Groups whose members are root's equals: root, and Debian's `staff`, once owner of /usr/local."""
LINKS = 40
LISTS = ("system.posix_acl_access", "system.posix_acl_default")


class GroundError(PermissionError):
    """Somebody else can change a directory in which root was about to work."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EPERM, "not root's alone", path)


def refuse(path: str) -> None:
    """Raise GroundError if anybody but root (or who runs this) can change the way to a path.

    The last part of the path is not looked at: it is up to the caller to follow no link there. A
    directory that is not there yet is no danger, since root makes it.
    """
    missing = os.path.abspath(path).split("/")[1:-1]
    here, followed = "", 0
    _refuse_others("/", os.lstat("/"))
    while missing:
        part = missing.pop(0)
        if part == "..":
            here = os.path.dirname(here)
            continue
        if part in ("", "."):
            continue
        below = f"{here}/{part}"
        try:
            status = os.lstat(below)
        except FileNotFoundError:
            return
        _refuse_others(below, status)
        if not stat.S_ISLNK(status.st_mode):
            here = below
            continue
        followed += 1
        if followed > LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(below)
        missing = [*target.split("/"), *missing]
        here = "" if target.startswith("/") else here


def _refuse_others(path: str, status: os.stat_result) -> None:
    """Raise GroundError where somebody else owns a directory (or a link), or may write in it.

    In a sticky one everybody can only change what is their own; whose the next part is, is looked
    at in its turn.
    """
    if status.st_uid not in (0, os.geteuid()):
        raise GroundError(path)
    mode = status.st_mode
    if stat.S_ISLNK(mode) or mode & stat.S_ISVTX:
        return
    if mode & EVERYBODY or (mode & GROUP and status.st_gid not in (*ROOTS_EQUALS, os.getegid())):
        raise GroundError(path)


def open_file(path: str) -> int:
    """Return a descriptor to read a plain file; raises OSError for a link, a pipe, a directory."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file", path)
    return descriptor


def give(path: str, rights: tuple[int, int, int]) -> None:
    """Set owner, group and mode of a file or directory that is no link, and let no list add to it.

    The mode last: a new owner takes special bits away, and beside a list it means something else.
    """
    kind = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, kind)
    try:
        os.fchown(descriptor, rights[0], rights[1])
        _unlist(descriptor)
        os.fchmod(descriptor, rights[2])
    finally:
        os.close(descriptor)


def listed(path: str) -> bool:
    """Tell whether an access control list gives somebody rights that mode and group do not show."""
    for name in LISTS:
        with contextlib.suppress(OSError):  # none is there, or this file system knows none
            os.getxattr(path, name, follow_symlinks=False)
            return True
    return False


def listed_below(path: str) -> bool:
    """Tell the same of anything below a directory."""
    return any(listed(_place(folder, name)) for folder, name, _status in _below(path))


def unlist_below(path: str) -> None:
    """Take away every list below a directory, whoever owns what it is for."""
    for folder, name, _status in _below(path):
        if listed(place := _place(folder, name)):
            _unlist(place)


def _unlist(place: int | str) -> None:
    links = {"follow_symlinks": False} if isinstance(place, str) else {}
    for name in LISTS:
        with contextlib.suppress(OSError):
            os.removexattr(place, name, **links)


def _place(folder: int, name: str) -> str:
    """Return a path to something in a directory that is held by its descriptor."""
    return f"/proc/self/fd/{folder}/{name}"


def foreign(path: str) -> bool:
    """Tell whether anything below a directory is not root's."""
    return any(status.st_uid for *_where, status in _below(path))


def take(path: str, group: int) -> None:
    """Give root and a group everything below a directory of root's that is not root's yet.

    Modes stay: who may change something is put right, not who may read it.
    """
    for folder, name, status in _below(path):
        if status.st_uid:
            os.chown(name, 0, group, dir_fd=folder, follow_symlinks=False)


def _below(path: str) -> Iterator[tuple[int, str, os.stat_result]]:
    """Yield what is below a directory, by a descriptor of the directory that it is in."""
    for _path, folders, files, folder in os.fwalk(path, follow_symlinks=False):
        for name in [*folders, *files]:
            yield folder, name, os.stat(name, dir_fd=folder, follow_symlinks=False)
