"""Open, closed and silent ports are told apart; a scan ends."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from provision.verify.outside import scan, services
from provision.verify.outside.deadline import Deadline
from provision.verify.probes import ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provision.verify.target import Target

LOCAL = (socket.AF_INET, "127.0.0.1")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A TCP port that accepts."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def closed_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        port: int = made.getsockname()[1]
        return port


def test_open_and_closed_ports_are_told_apart(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    knocks = scan.knock(*LOCAL, [closed_port(), port], Deadline(5))
    assert (knocks.open, knocks.silent) == ([port], [])


def test_port_that_swallows_connections_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        first = socket.create_connection(("127.0.0.1", port))
        knocks = scan.knock(*LOCAL, [port], Deadline(0.3))
        first.close()
    assert (knocks.open, knocks.silent) == ([], [port])


def test_no_time_means_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "AT_ONCE", 1)
    knocks = scan.knock(*LOCAL, [1, 2], Deadline(0))
    assert (knocks.open, knocks.silent) == ([], [1, 2])


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (lambda request: b"\x01\x01\x00\x00" + request[4:20], "answers"),
        (lambda request: b"\x01\x11\x00\x00" + request[4:20], "silent"),
        (lambda _request: b"\x01\x01\x00\x00" + b"0" * 16, "silent"),
        (lambda _request: b"", "silent"),
    ],
)
def test_stun_is_asked_over_udp(reply: object, expected: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            request, client = server.recvfrom(1500)
            server.sendto(reply(request), client)  # type: ignore[operator]

        thread = threading.Thread(target=serve)
        thread.start()
        assert scan.stun(*LOCAL, server.getsockname()[1], Deadline(5)) == expected
        thread.join()


def test_closed_udp_port_is_no_silent_one() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    assert scan.stun(*LOCAL, port, Deadline(5)) == "closed"


def test_strangers_server_is_asked_for_the_ports_of_jitsi_only(
    target: Target, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listener.getsockname()[1]
    monkeypatch.setattr(ports, "JITSI", frozenset({port, closed_port()}))
    monkeypatch.setattr(ports, "UDP", (services.STUN,))
    found = ports.measure(target)
    assert found == {
        "domain": target.domain,
        "ssh_port": 0,
        "kept": [],
        "families": {
            "IPv4": {
                "address": "127.0.0.1", "open": [port], "silent": 0, "asked": 2,
                "udp": {"3478": "closed"},
            }
        },
    }  # fmt: skip
