"""Run commands, and keep daemons that survive the process which started them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

Completed = subprocess.CompletedProcess[str]


def run(
    command: Sequence[str],
    *,
    check: bool = True,
    input: str | None = None,  # noqa: A002 - the name that subprocess.run gives it
    env: dict[str, str] | None = None,
    timeout: float | None = 600,
    cwd: str | Path | None = None,
) -> Completed:
    """Return the finished command with its output; raise BenchError when it failed."""
    try:
        result = subprocess.run(
            list(command),
            check=False,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            env=env,
            timeout=timeout,
            cwd=cwd,
        )
    except FileNotFoundError as error:
        message = f"{command[0]} is not installed; run `python -m tests.bench setup`"
        raise BenchError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"no end after {timeout} s: {' '.join(command)}"
        raise BenchError(message) from error
    if check and result.returncode:
        raise BenchError(
            f"exit code {result.returncode}: {' '.join(command)}\n"
            f"{result.stdout}{result.stderr}".rstrip()
        )
    return result


def started_at(pid: int) -> str | None:
    """Return the kernel's start time of a living process; None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


class Daemon:
    """A background process known by a small file, so that every later call finds it again."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.file = directory / "daemons" / f"{name}.json"
        self.log = directory / "log" / f"{name}.log"

    @property
    def pid(self) -> int | None:
        """The process id, or None when the recorded process is not running any more.

        The start time is compared too: after a reboot the same number is another process.
        """
        try:
            known = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return None
        pid = int(known["pid"])
        return pid if started_at(pid) == known["started"] else None

    @property
    def arguments(self) -> list[str]:
        """The command line that the recorded process was started with."""
        try:
            return list(json.loads(self.file.read_text())["command"])
        except (OSError, ValueError, KeyError):
            return []

    def start(self, command: Sequence[str], *, env: dict[str, str] | None = None) -> int:
        """Return the pid of the daemon; it is started anew when the command changed."""
        wanted = [*command, *(f"{key}={value}" for key, value in sorted((env or {}).items()))]
        pid = self.pid
        # Not the programs' paths: several checkouts and Pythons may share one bench.
        if pid and _names(self.arguments[1:]) == _names(wanted[1:]):
            return pid
        self.stop()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            # Not waited for: it outlives this process on purpose.
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env={**os.environ, **(env or {})},
            )
        record = {"pid": process.pid, "started": started_at(process.pid), "command": wanted}
        self.file.write_text(json.dumps(record))
        return process.pid

    def stop(self) -> None:
        """End the process if it is ours and running, and forget it."""
        pid = self.pid
        if pid:
            os.kill(pid, signal.SIGTERM)
            if not wait_until(lambda: self.pid is None, seconds=3):
                os.kill(pid, signal.SIGKILL)
                wait_until(lambda: self.pid is None, seconds=3)
        self.file.unlink(missing_ok=True)

    def tail(self, lines: int = 15) -> str:
        """Return the end of the daemon's log, for error messages."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"


def _names(words: Sequence[str]) -> list[str]:
    """Return a command line with its Python scripts by their names alone."""
    return [Path(word).name if word.endswith(".py") else word for word in words]


def wait_until(condition: object, *, seconds: float, every: float = 0.05) -> bool:
    """Return True as soon as the function `condition` does, False when time is up."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while True:
        if condition():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(every)
