"""Passwords of teachers are on no disk of the technician's computer, at no moment of a run."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision.common import folders
from tests.bench.process import wait_until

if TYPE_CHECKING:
    import subprocess

    from tests.technician.conftest import Computer

# Takes what Ansible sends, as a server does, and keeps the connection for as long as it is let.
TAKES = 'cat > "{place}/taken.$$"; sleep 60; exit 255'
PASSWORD = re.compile(rb"(?<![0-9a-z-])(?:[a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}(?![0-9a-z-])")


@pytest.fixture
def running(computer: Computer) -> subprocess.Popen[str]:
    """A run that adds a teacher, at the moment when the server has everything."""
    computer.ssh(TAKES.format(place=computer.place))
    program = computer.start("teachers", "add", "nord", "a.meier")
    assert wait_until(lambda: bool(passwords(taken(computer))), seconds=60, every=0.05)
    return program


def taken(computer: Computer) -> list[Path]:
    """Return what the server was sent."""
    return list(computer.place.glob("taken.*"))


def passwords(paths: list[Path]) -> set[bytes]:
    """Return the passwords in some files."""
    found: set[bytes] = set()
    for path in paths:
        try:
            found.update(PASSWORD.findall(path.read_bytes()))
        except OSError:
            continue  # gone meanwhile, or a socket
    return found


def files_of(computer: Computer) -> list[Path]:
    """Return every file of the technician."""
    places = (computer.temporary, computer.home, computer.project)
    return [path for place in places for path in place.rglob("*") if path.is_file()]


def test_no_file_holds_a_password_while_a_run_goes_on(
    computer: Computer, running: subprocess.Popen[str]
) -> None:
    [secret] = passwords(taken(computer))
    assert files_of(computer)
    assert secret not in passwords(files_of(computer))
    lines = b""
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                lines += (process / name).read_bytes()
            except OSError:
                continue
    assert secret not in lines
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does it
    out, err = running.communicate(timeout=20)
    # The server may have taken it already, so it is shown, and nowhere else.
    assert (running.returncode, set(PASSWORD.findall(out.encode()))) == (130, {secret})
    assert err.endswith("✗ Interrupted\n")
    assert list(computer.temporary.iterdir()) == []


def test_a_killed_run_leaves_no_password_and_nothing_that_runs(
    computer: Computer, running: subprocess.Popen[str]
) -> None:
    [secret] = passwords(taken(computer))
    running.kill()
    running.communicate(timeout=20)
    assert secret not in passwords(files_of(computer))
    mark = str(computer.temporary).encode()

    def ansible() -> list[bytes]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes()
                own = mark in (process / "environ").read_bytes()
            except OSError:
                continue
            if own and b"ansible" in line:
                found.append(line)
        return found

    assert wait_until(lambda: not ansible(), seconds=10, every=0.1), ansible()


def test_the_next_run_sweeps_what_a_killed_one_left(
    computer: Computer, running: subprocess.Popen[str]
) -> None:
    running.kill()
    running.communicate(timeout=20)
    left = list(computer.temporary.iterdir())
    assert left
    computer.ssh("exit 255")
    assert computer.run("plan").code == 3
    assert list(computer.temporary.iterdir()) == []


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary folders."""
    monkeypatch.setattr(folders.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def make(place: Path, name: str, *, mode: int = 0o700, age: int = 0) -> Path:
    """Make a folder with something in it."""
    folder = place / name
    (folder / "env").mkdir(parents=True)
    (folder / "env" / "extravars").write_text("secret")
    folder.chmod(mode)
    moment = time.time() - age
    os.utime(folder, (moment, moment))
    return folder


def test_only_folders_of_runs_that_have_ended_are_swept(temporary: Path) -> None:
    own, started = os.getpid(), folders.started(os.getpid())
    elsewhere = temporary / "elsewhere"
    (elsewhere / "env").mkdir(parents=True)
    (temporary / "provision-linked42").symlink_to(elsewhere)
    dead = [
        make(temporary, f"provision-run-{own}-{started + 1}-abc"),
        make(temporary, f"provision-run-4194305-{started}-abc"),
        make(temporary, "provision-a1b2c3d4", age=2 * 86_400),
    ]
    kept = [
        make(temporary, f"provision-run-{own}-{started}-abc"),
        make(temporary, f"provision-run-4194305-{started}-open", mode=0o755),
        make(temporary, "provision-e5f6g7h8"),
        make(temporary, "provision-browser-x", age=2 * 86_400),
        make(temporary, "somebody-else", age=2 * 86_400),
    ]
    folders.sweep()
    assert [path for path in dead if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert (elsewhere / "env").exists()
