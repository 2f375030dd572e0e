"""What a thorough look reads on a server, with real locks, real apt output and the like."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from provision.check.judges import packages
from provision.messages.result import Level
from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

HELD = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "


@pytest.fixture
def preflight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module."""
    Server(tmp_path, monkeypatch)
    return utility("preflight")


def test_who_holds_apts_lock(
    preflight: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock"
    monkeypatch.setattr(preflight, "LOCKS", (str(tmp_path / "nowhere"), str(lock)))
    assert preflight.lock_holder() == ""
    program = subprocess.Popen(
        [sys.executable, "-c", HELD + "print(flush=True); sys.stdin.read()", str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert program.stdout
    program.stdout.readline()
    assert preflight.lock_holder().startswith("python")
    program.communicate()
    assert preflight.lock_holder() == ""
    with lock.open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # looking has taken no lock


def test_the_language_and_what_root_may_do(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"/etc/default/locale": '#  File\nLANG="de_DE.UTF-8"\nLC_ALL=C\n'}
    monkeypatch.setattr(preflight, "read_text", lambda path: files.get(path, ""))
    assert preflight.default_locale()["locale"] == "de_DE.UTF-8"
    files.clear()
    assert preflight.default_locale()["locale"] == ""
    assert preflight.capabilities("Name:\tx\nCapEff:\t00000000a80425fb\n") == 0xA80425FB
    assert preflight.capabilities("") == 0


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on which every program takes longer than anybody waits."""
    for name in ("systemd-detect-virt", "locale", "getent", "systemctl", "apt-mark", "apt-get"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\nexec sleep 9\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")


@pytest.mark.usefixtures("slow")
def test_a_program_that_does_not_answer_in_time_says_nothing(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "PATIENCE", 0.1)
    monkeypatch.setattr(preflight, "APT_PATIENCE", 0.1)
    monkeypatch.setattr(preflight, "lock_holder", str)
    monkeypatch.setattr(preflight, "reboot", list)
    seen = preflight.look()
    assert seen["late"] == ["apt-get", "apt-get update", "apt-mark", "getent", "locale",
                            "systemd-detect-virt"]  # fmt: skip
    assert seen["sources"] == {"late": True}
    whole = {"preflight": seen, "dpkg_interrupted": False}
    found = packages.check(whole, "https://download.jitsi.org")
    assert [(one.level, one.sentence) for one in found] == [
        (
            Level.FAILURE,
            (
                "The server is slow: these did not answer in time, so nobody knows what they "
                "would have said: apt-get, apt-get update, apt-mark, getent, locale, "
                "systemd-detect-virt"
            ),
        )
    ]


def test_names_in_etc_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Server(tmp_path, monkeypatch)
    text = "127.0.0.1 localhost\n127.0.1.1\tMeet.Example.org meet # x meet2\n::1 localhost\n\n#"
    assert utility("readings").hosts(text, "meet.example.org", "meet2", "localhost") == {
        "meet.example.org": ["127.0.1.1"],
        "meet2": [],
        "localhost": ["127.0.0.1", "::1"],
    }
