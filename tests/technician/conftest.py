"""A technician's computer, seen from outside: the program as a process, and a server's `ssh`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.inventories import NORD

SECONDS = 120
ROOT = Path(__file__).resolve().parents[2]
REFUSED = "echo 'ssh: connect to host 203.0.113.10 port 22: Connection refused' >&2; exit 255"


class Seen(NamedTuple):
    """The exit code and both streams."""

    code: int
    out: str
    err: str


@dataclass
class Computer:
    """A home, a project's folder and a `ssh` that does what a test wants of the server."""

    place: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project, self.home = self.place / "schools", self.place / "home"
        self.temporary, self.programs = self.place / "tmp", self.place / "bin"
        for folder in (self.project, self.home, self.temporary, self.programs):
            folder.mkdir()
        self.mark = self.place / "mark"
        """What a foreign inventory would leave if it ran anything."""
        self.write(NORD)
        self.ssh(REFUSED)

    def write(self, text: str, name: str = "inventory.yml") -> Path:
        """Write a file of the project; MARK in it is the command that leaves the mark."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("MARK", f"touch {self.mark}"))
        return path

    def ssh(self, script: str) -> None:
        """Let `ssh` be this script."""
        path = self.programs / "ssh"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Return the program, begun."""
        return subprocess.Popen(
            [sys.executable, "-m", "provision.cli", *arguments],
            cwd=self.project,
            env={
                "PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(self.home),
                "LANG": "C.UTF-8",
                "TMPDIR": str(self.temporary),
                "PYTHONPATH": str(ROOT),
            }
            | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> Seen:
        """Return the program, finished."""
        program = self.start(*arguments)
        try:
            out, err = program.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGINT)
            raise
        assert "Traceback" not in out + err
        return Seen(program.returncode, out, err)


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    """A technician's computer with one school."""
    return Computer(tmp_path)
