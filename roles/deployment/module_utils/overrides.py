"""Owners and modes that dpkg keeps, whatever a package's scripts would set: statoverrides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible.module_utils.file_rights import group_number, user_number
from ansible.module_utils.school_server import read_text

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "/var/lib/dpkg/statoverride"


def known(path: str) -> tuple[int | None, int | None, int] | None:
    """Return the numbers of owner and group, and the mode, that dpkg keeps for a path."""
    for line in read_text(FILE).splitlines():
        owner, group, mode, kept = [*line.split(" ", 3), "", "", ""][:4]
        if kept == path:
            return _number(owner, user_number), _number(group, group_number), int(mode, 8)
    return None


def command(path: str, rights: tuple[int, int, int]) -> list[str]:
    """Return the command that makes dpkg keep these rights from now on.

    It writes down names, and on Debian 12 refuses all work once one of them is gone; ours stay.
    """
    owner, group, mode = rights
    kept = [f"#{owner}", f"#{group}", f"{mode:04o}", path]
    return ["dpkg-statoverride", "--force-statoverride-add", "--add", *kept]


def _number(word: str, find: Callable[[str], int | None]) -> int | None:
    """Return the number of a user or a group that stands by its name or its number."""
    if word.startswith("#"):
        return int(word[1:])
    return find(word)
