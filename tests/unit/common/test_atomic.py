"""Files are there whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision.common.atomic import write_at_once

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_gets_its_content_and_mode_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_at_once(target, b"one", 0o600, new=True)
    write_at_once(target, b"two", 0o640, new=False)
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"two", 0o640)
    assert list(tmp_path.iterdir()) == [target]


def test_a_new_file_never_replaces_one_that_appeared(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        write_at_once(target, b"theirs", 0o600, new=True)
    assert target.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [target]
