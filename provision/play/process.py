"""A program of its own: `ansible-playbook`, which ends with the program that started it.

runner.py starts it in the same Python, so that it is the Ansible that belongs to the program.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

from provision.common.limits import ANSIBLE_ANSWER, ANSIBLE_MEMORY
from provision.play.framed import SHELL, Frame, command

START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from provision.play.process import main; main()"
)
"""What Python runs, with the folder in which this package is, and the number of the parent."""
ENDLESS = "The server sends without end."
_PR_SET_PDEATHSIG = 1
_CHUNK = 65536


def main() -> None:
    """Run the playbook that the command line names."""
    parent = int(sys.argv.pop(1))
    # Whoever kills the program means what it does as well.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    resource.setrlimit(resource.RLIMIT_DATA, (ANSIBLE_MEMORY, ANSIBLE_MEMORY))
    # Ansible keeps whatever ssh brings, and has no limit to set.
    subprocess.Popen = _Popen  # type: ignore[assignment,misc]
    sys.argv[0] = "ansible-playbook"
    from ansible.cli.playbook import main as playbook  # noqa: PLC0415 - within the limits

    playbook()


class _Popen(subprocess.Popen[Any]):
    """A program; if it is ssh, one that says only so much."""

    def __init__(self, call: Any, *arguments: Any, **more: Any) -> None:
        name = call[0] if isinstance(call, list) and call else ""
        frame = None
        if name in {"ssh", b"ssh"} and os.fsdecode(call[-1]).startswith(SHELL):
            call, frame = [*call[:-1], os.fsencode(command(os.fsdecode(call[-1])))], Frame()
        super().__init__(call, *arguments, **more)
        if name in {"ssh", b"ssh"}:
            if self.stdin:
                self.stdin = _Patient(self.stdin, self)  # type: ignore[assignment]
            for stream in ("stdout", "stderr"):
                if getattr(self, stream):
                    framed = frame if stream == "stdout" else None
                    setattr(self, stream, _Bounded(getattr(self, stream), self, framed))


class _Patient:
    """The input of ssh. Where ssh hung up, Ansible would not wait to hear why."""

    def __init__(self, stream: Any, process: _Popen) -> None:
        self._stream, self._process = stream, process

    def write(self, data: bytes) -> int:
        """Pass data on."""
        return int(self._try(self._stream.write, data))

    def close(self) -> None:
        """Pass on what is left, and end the input."""
        self._try(self._stream.close)

    def _try(self, call: Any, *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except BrokenPipeError:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Bounded:
    """A stream of ssh that Ansible reads from, after it was told that something is there."""

    def __init__(self, stream: Any, process: _Popen, frame: Frame | None) -> None:
        self._stream, self._process, self._frame = stream, process, frame
        self._left = ANSIBLE_ANSWER

    def read(self) -> bytes | None:
        """Return what is there; raise AnsibleConnectionFailure if it is too much in all."""
        try:
            data = os.read(self._stream.fileno(), _CHUNK)
        except BlockingIOError:
            return None
        self._count(data)
        if self._frame is None:
            return data
        answer = self._frame.take(data)
        while data and self._frame.waits and not answer:
            select.select([self._stream], [], [])
            data = os.read(self._stream.fileno(), _CHUNK)
            self._count(data)
            answer = self._frame.take(data)
        return answer

    def _count(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            from ansible.errors import AnsibleConnectionFailure  # noqa: PLC0415 - loaded by now

            self._process.kill()
            raise AnsibleConnectionFailure(ENDLESS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
