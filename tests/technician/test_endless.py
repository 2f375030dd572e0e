"""Servers that answer without end, or so slowly that it comes to the same."""

from __future__ import annotations

import resource
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from provision.access import openssh, ssh, stream
from provision.access.stream import BoundedStream
from provision.common import limits
from provision.messages.errors import ServerError
from provision.settings.table import School

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.technician.conftest import Computer

ENDLESS = "exec 3<&0; cat <&3 >/dev/null & yes 'without end' {stream} & yes more {stream}"
MOST = 400_000
"""Kilobytes that the program and each program it starts may take."""


def school(**more: object) -> School:
    """Return a school."""
    valid = School.model_validate(
        {"address": "203.0.113.10", "domain": "meet.nord.example.org", "school": "Nord",
         "contact": "it@nord.example.org", **more}
    )  # fmt: skip
    return valid.model_copy(update={"address": "127.0.0.1"})


def largest_child() -> int:
    """Return the most kilobytes that any program took which the tests have started so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


@pytest.mark.parametrize("channel", ["", ">&2"])
def test_an_answer_without_end_to_the_first_contact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\n{ENDLESS.format(stream=channel)}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ServerError, match="sends without end"):
        openssh.run(school(), tmp_path / "known_hosts", None, "true")
    said = openssh.read(
        school(), tmp_path / "known_hosts", None, "x", "", seconds=20, limit=100_000
    )
    assert len(said.text) <= 100_000


@pytest.mark.parametrize("channel", ["", ">&2"])
@pytest.mark.parametrize("verb", ["plan", "check"])
def test_an_answer_without_end_to_ansible(computer: Computer, verb: str, channel: str) -> None:
    before = largest_child()
    computer.ssh(ENDLESS.format(stream=channel))
    seen = computer.run(verb)
    assert seen.code in {3, 4}, seen.err
    assert len(seen.err) < 5000
    assert largest_child() <= max(before, limits.ANSIBLE_MEMORY // 1024 + MOST)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """A function that serves one behaviour on a port of its own."""
    listeners = []

    def start(behaviour: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            while True:
                try:
                    sock, _place = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(sock,), daemon=True).start()

        def answer(sock: socket.socket) -> None:
            try:
                behaviour(sock)
            except OSError:
                pass
            finally:
                sock.close()

        threading.Thread(target=accept, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for listener in listeners:
        listener.close()


def count(sent: list[int], first: bytes, rest: bytes) -> Callable[[socket.socket], None]:
    """Return a behaviour that sends without end, and counts."""

    def behave(sock: socket.socket) -> None:
        sock.sendall(first)
        while True:
            sent.append(sock.send(rest))

    return behave


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (b"SSH-2.0-", b"x" * 65536),
        (b"", b"a line of greeting\r\n" * 3000),
        # A packet that is announced with two gigabytes.
        (b"SSH-2.0-Evil\r\n\x7f\xff\xff\xff\x04", b"x" * 65536),
    ],
)
def test_a_greeting_without_end(
    serve: Callable[[Callable[[socket.socket], None]], int], first: bytes, rest: bytes
) -> None:
    sent: list[int] = []
    port = serve(count(sent, first, rest))
    with pytest.raises(ServerError):
        ssh.host_key(ssh.Server("nord", school(ssh_port=port)))
    # What a socket's buffers hold comes on top.
    assert sum(sent) < limits.SSH_SESSION + 8 * limits.MEBIBYTE


def test_a_greeting_that_drips_has_an_end(
    serve: Callable[[Callable[[socket.socket], None]], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(sock: socket.socket) -> None:
        while True:
            sock.sendall(b"x")
            time.sleep(0.05)

    monkeypatch.setattr(ssh, "SECONDS", 1)
    with pytest.raises(ServerError):
        ssh.host_key(ssh.Server("nord", school(ssh_port=serve(drip))))


def test_a_stream_ends_after_its_bytes_and_its_seconds() -> None:
    one, other = socket.socketpair()
    bounded = BoundedStream(one, most=10, seconds=60)
    other.sendall(b"x" * 11)
    assert bounded.recv(4) == b"xxxx"
    assert bounded.recv(2**40) == b"x" * 7
    assert bounded.endless
    assert bounded.recv(1) == b""
    late = BoundedStream(socket.socketpair()[0], seconds=-1)
    assert (late.recv(1), late.endless) == (b"", False)
    assert stream.SSH_SESSION == limits.SSH_SESSION
