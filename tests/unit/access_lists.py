"""Access control lists, made as `setfacl` makes them; the kernel judges by them."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SOMEBODY = 65533


def let_in(path: Path, *, folder: bool = False) -> None:
    """Let somebody read a file by a list, as `setfacl -m u:…:r` does; for new ones, too."""

    def entry(tag: int, rights: int, number: int = 0xFFFFFFFF) -> bytes:
        return struct.pack("<HHI", tag, rights, number)

    owner, somebody, group, mask, other = (
        entry(1, 6), entry(2, 4, SOMEBODY), entry(4, 0), entry(16, 4), entry(32, 0)
    )  # fmt: skip
    value = struct.pack("<I", 2) + owner + somebody + group + mask + other
    names = ["system.posix_acl_access", *(["system.posix_acl_default"] if folder else [])]
    try:
        for name in names:
            os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"this file system knows no lists: {error}")


def lists(root: Path) -> list[str]:
    """Return what below a directory has a list."""
    return sorted(
        str(path.relative_to(root))
        for path in [root, *root.rglob("*")]
        if any(name.startswith("system.posix_acl") for name in os.listxattr(path))
    )
