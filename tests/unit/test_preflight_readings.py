"""What a thorough look reads on a server, with real locks, real apt output and the like."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

HELD = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
URIS = """\
'http://deb.debian.org/debian/dists/trixie/InRelease' deb.debian.org_debian_dists_trixie_InRelease 0
'https://repo.example/stable/InRelease' repo.example_stable_InRelease 0
'http://deb.debian.org/debian/dists/trixie/main/binary-amd64/Packages.xz' deb.debian.org_Packages 0
"""
REFUSED = """\
Err:2 https://repo.example/stable/InRelease
E: Failed to fetch https://repo.example/stable/InRelease  404  Not Found [IP: 203.0.113.7 443]
E: Download Failed
"""


@pytest.fixture
def preflight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module."""
    Server(tmp_path, monkeypatch)
    return utility("preflight")


def answers(
    monkeypatch: pytest.MonkeyPatch, preflight: ModuleType, *results: tuple[int, str, str]
) -> None:
    """Let programs answer so, one after the other."""
    waiting = iter(results)
    monkeypatch.setattr(
        preflight,
        "patiently",
        lambda *command: subprocess.CompletedProcess(command, *next(waiting)),
    )


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


def test_package_sources_with_their_reasons(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, preflight, (0, URIS, ""), (100, "", REFUSED))
    assert preflight.apt_sources() == [
        {"url": "http://deb.debian.org/debian/dists/trixie/InRelease", "reason": ""},
        {"url": "https://repo.example/stable/InRelease", "reason": "404  Not Found"},
    ]
    answers(monkeypatch, preflight, (0, URIS, ""), (124, "", "it does not end"))
    assert {one["reason"] for one in preflight.apt_sources()} == {"it does not end"}
    answers(monkeypatch, preflight, (100, "", "E: Malformed entry 1\nE: more"))
    assert preflight.apt_sources() == [{"url": "", "reason": "Malformed entry 1"}]
    answers(monkeypatch, preflight, (0, "", ""))
    assert preflight.apt_sources() == []


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


def test_a_program_that_does_not_end_counts_as_failed(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "PATIENCE", 0.05)
    assert preflight.patiently("sleep", "9").returncode == 124


def test_names_in_etc_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Server(tmp_path, monkeypatch)
    text = "127.0.0.1 localhost\n127.0.1.1\tMeet.Example.org meet # x meet2\n::1 localhost\n\n#"
    assert utility("readings").hosts(text, "meet.example.org", "meet2", "localhost") == {
        "meet.example.org": ["127.0.1.1"],
        "meet2": [],
        "localhost": ["127.0.0.1", "::1"],
    }
