"""Copies of secrets that everybody can read are found wherever people keep such files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision.verify.inside import copies
from tests.unit.made_certificates import key_pem, make_key

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "correct-horse-battery"
KEY = key_pem(make_key()).decode()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "etc").mkdir()
        monkeypatch.setattr(copies, "PLACES", (f"{name}/etc", f"{name}/none"))
        yield Path(name) / "etc"


def put(path: Path, text: str, mode: int = 0o644) -> str:
    """Make a file with its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_what_everybody_can_read_is_searched(place: Path) -> None:
    backup = put(place / "nginx" / "old" / "turn.conf.bak", f"secret={SECRET}\n")
    put(place / "closed.conf", SECRET, 0o640)
    put(place / "home" / "notes", SECRET)
    (place / "home").chmod(0o700)
    put(place / "hidden" / "deep" / "x", SECRET)
    (place / "hidden").chmod(0o750)
    (place / "link").symlink_to(place / "closed.conf")
    os.mkfifo(place / "pipe")
    assert copies.found([SECRET]) == {backup}


def test_a_short_word_may_be_anywhere(place: Path) -> None:
    put(place / "a", "password")
    assert copies.found(["password"]) == set()


def test_a_key_is_known_by_one_of_its_lines(place: Path) -> None:
    [line] = copies.key_texts(KEY)
    assert len(line) > 30
    copy = put(place / "key.txt", KEY.replace("\n", "\r\n"))
    put(place / "other.txt", key_pem(make_key()).decode())
    assert copies.found([line]) == {copy}
    assert copies.key_texts("-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n") == []
    assert copies.key_texts("-----BEGIN PRIVATE KEY-----\n") == []


def test_the_search_has_an_end(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "FILES", 3)
    for number in range(5):
        put(place / str(number), SECRET if number > 2 else "")
    assert copies.found([SECRET]) == set()
    put(place / "0", SECRET)
    monkeypatch.setattr(copies, "SECONDS", -1.0)
    assert copies.found([SECRET]) == set()
