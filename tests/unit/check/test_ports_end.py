"""How the connection of `provision check` for the listener ends: quietly, and whatever holds it."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

import pytest

from provision.check import ports
from provision.settings.table import School

if TYPE_CHECKING:
    from pathlib import Path

SCHOOL = School(
    address="203.0.113.10", domain="meet.example.org", school="Schule", contact="it@example.org"
)


@pytest.mark.parametrize(
    "script",
    ["exit 255", "echo nonsense; exec sleep 60", "sleep 60 & exit 255", "kill -9 $$"],
    ids=["refuses", "lives on", "leaves a program behind", "killed"],
)
def test_nothing_is_said_of_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, script: str
) -> None:
    """Who reaps the child first, was the cause of a warning: nobody but asyncio may."""
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(ports, "PATIENCE", 0.3)
    monkeypatch.setattr(ports, "GOODBYE", 2)

    async def often() -> None:
        for _number in range(5):
            found = await ports.look(SCHOOL, tmp_path / "known_hosts", None)
            assert found.readings == ()

    with caplog.at_level(logging.DEBUG, "asyncio"):
        asyncio.run(often())
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []
