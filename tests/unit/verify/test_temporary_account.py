"""The temporary teacher's account goes, whatever ends the proof."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from provision.access.answers import MARK
from provision.verify import teacher
from tests.unit.modules import OWNER, Server, utility

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "meet.school.example.org"
FOLDER = "meet%2eschool%2eexample%2eorg"


class Proof:
    """The server's program at work in a directory that stands for Prosody's."""

    def __init__(self, folder: Path, seconds: int = 60) -> None:
        self.data = folder / "data"
        self.data.mkdir(exist_ok=True)
        self.closed = folder / "closed"
        (folder / "prosodyctl").write_text(f'#!/bin/sh\necho "$@" >> {self.closed}\n')
        (folder / "prosodyctl").chmod(0o755)
        program = teacher._program().replace(b"/var/lib/prosody", str(self.data).encode())
        program = program.replace(b'ACCOUNT = "prosody"', f'ACCOUNT = "{OWNER}"'.encode())
        wish = json.dumps({"host": HOST, "seconds": seconds, "mark": MARK})
        self.process = subprocess.Popen(
            [sys.executable, "-c", teacher._START, wish, str(len(program))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
        )
        assert self.process.stdin
        self.process.stdin.write(program)
        self.process.stdin.flush()
        self.account = self.line()

    def line(self) -> dict[str, Any]:
        """Return the next line of the program."""
        assert self.process.stdout
        assert self.process.stdout.readline() == b"\n"
        told = self.process.stdout.readline().decode()
        found: dict[str, Any] = json.loads(told.removeprefix(MARK))
        return found

    @property
    def files(self) -> list[str]:
        """Everything in Prosody's directory."""
        return sorted(
            str(path.relative_to(self.data)) for path in self.data.rglob("*") if path.is_file()
        )


@pytest.fixture
def proof(tmp_path: Path) -> Iterator[Proof]:
    """A proof that is going on."""
    made = Proof(tmp_path)
    yield made
    made.process.kill()
    made.process.wait()


def test_the_account_is_one_that_prosody_knows(
    proof: Proof, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server(tmp_path, monkeypatch)
    user, password = proof.account["user"], proof.account["password"]
    assert user.startswith(utility("prosody_store").TEMPORARY)
    assert len(password) >= 32
    (file,) = proof.files
    assert file == f"{FOLDER}/accounts/{user.replace('-', '%2d')}.dat"
    assert utility("prosody_store").password_matches(str(proof.data / file), password)
    assert (proof.data / file).stat().st_mode & 0o077 == 0


def test_the_account_goes_at_the_end_and_the_server_says_so(proof: Proof) -> None:
    assert proof.process.stdin
    proof.process.stdin.write(b"over\n")
    proof.process.stdin.flush()
    assert proof.line() == {"removed": True}
    assert proof.process.wait(10) == 0
    assert list(proof.data.iterdir()) == []
    assert not proof.closed.exists()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_the_account_goes_with_a_signal(proof: Proof, number: signal.Signals) -> None:
    proof.process.send_signal(number)
    proof.process.wait(10)
    assert list(proof.data.iterdir()) == []
    user = proof.account["user"]
    assert proof.closed.read_text() == f"shell c2s:close('{user}@{HOST}', nil, 'not-authorized')\n"


def test_the_account_goes_when_nobody_listens_any_more(proof: Proof) -> None:
    assert proof.process.stdout
    proof.process.stdout.close()  # as when ssh was killed: both ends are gone
    proof.process.stdout = None
    proof.process.communicate(timeout=10)
    assert list(proof.data.iterdir()) == []


def test_the_account_goes_after_its_time(tmp_path: Path) -> None:
    proof = Proof(tmp_path, seconds=1)
    proof.process.wait(10)
    assert list(proof.data.iterdir()) == []


def test_leftovers_of_a_crash_go_and_teachers_stay(tmp_path: Path) -> None:
    crashed = [
        f"{FOLDER}/accounts/provision%2dverify%2dold.dat",
        f"{FOLDER}/roster/provision%2dverify%2dold.dat",
    ]
    beside = [f"{FOLDER}/accounts/provision%2dverify%2dnew.dat", f"{FOLDER}/accounts/a%2emeier.dat"]
    for name in crashed + beside:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("return {};")
    long_ago = time.time() - 3600
    for name in (*crashed, beside[1]):
        os.utime(tmp_path / "data" / name, (long_ago, long_ago))
    proof = Proof(tmp_path)
    assert proof.process.stdin
    proof.process.stdin.close()
    proof.process.wait(10)
    assert proof.files == sorted(beside)


def test_nobody_sees_the_password(proof: Proof) -> None:
    shown = teacher.Account("provision-verify-1", "secret")
    assert "secret" not in repr(shown)
    arguments = proof.process.args
    assert proof.account["password"] not in str(arguments)
