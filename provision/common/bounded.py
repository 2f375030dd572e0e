"""Runs a program that hands on what a server says: cut off after so many bytes, and seconds.

What it reads is handed over in memory.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from provision.common import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHUNK = 65536


class Finished(NamedTuple):
    """How a program ended, and the beginning of what it said."""

    code: int
    out: bytes
    err: bytes
    late: bool
    """Whether it was ended because its time was up."""
    endless: bool
    """Whether it was ended because it said too much."""


@contextmanager
def in_memory(content: str) -> Iterator[int]:
    """Yield a descriptor from which another process can read the content, as often as it likes."""
    descriptor = os.memfd_create("provision")
    try:
        os.fchmod(descriptor, 0o400)
        left = memoryview(content.encode())
        while left:
            left = left[os.write(descriptor, left) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def run(call: Sequence[str], text: str, *, seconds: float, limit: int) -> Finished:
    """Return what a program says that reads `text`; raises FileNotFoundError if it is missing."""
    # In memory, where neither a slow reader holds us up nor a disk keeps a password.
    with in_memory(text) as given:
        process = subprocess.Popen(
            call,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment.ours(),
            start_new_session=True,
        )
    try:
        out, err, late = _gather(process, time.monotonic() + seconds, limit)
        endless = max(len(out), len(err)) > limit
        if not late and not endless:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
    finally:
        _end(process)
    return Finished(process.returncode, out[:limit], err[:limit], late, endless)


def _gather(process: subprocess.Popen[bytes], end: float, limit: int) -> tuple[bytes, bytes, bool]:
    """Return what it says on both streams, until it ends, says too much or its time is up."""
    assert process.stdout
    assert process.stderr
    said = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    late = False
    with selectors.DefaultSelector() as selector:
        for descriptor in said:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map() and max(map(len, said.values())) <= limit:
            ready = selector.select(max(end - time.monotonic(), 0))
            if late := time.monotonic() >= end:
                break
            for key, _mask in ready:
                data = os.read(key.fd, _CHUNK)
                said[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
    out, err = said.values()
    return out, err, late


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
