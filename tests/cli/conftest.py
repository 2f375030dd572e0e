"""Runs the program as a person does, and returns everything that can be seen of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from provision.cli import main

if TYPE_CHECKING:
    from pathlib import Path


class Seen(NamedTuple):
    """The exit code and both streams, complete."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Run the program with these arguments."""

    def __call__(self, *arguments: str) -> Seen: ...


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in an empty directory, in English, without a terminal."""
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "PROVISION_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")

    def program(*arguments: str) -> Seen:
        code = main(arguments)
        return Seen(code, *capsys.readouterr())

    return program


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Where the program looks for the schools."""
    return tmp_path / "inventory.yml"
