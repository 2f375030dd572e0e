"""STUN and TURN as bytes, and servers that answer with anything else."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from provision.verify.target import Target
from provision.verify.turn.guest import DeniedError, Guest, StreamWire, UdpWire, seen_address
from provision.verify.turn.message import (
    ALLOCATE,
    BINDING,
    COOKIE,
    ERROR,
    ERROR_CODE,
    MAPPED,
    SUCCESS,
    Message,
    TurnError,
)
from provision.verify.xmpp.limits import Limits
from provision.verify.xmpp.wire import trusting
from tests.unit.verify.evil_xmpp import DOMAIN, EvilServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

# RFC 5769, sections 2.2 and 2.3: the answers of the standard's own examples.
ANSWER4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b74657374207665"
    "63746f7220002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
ANSWER6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b74657374207665"
    "63746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)


def test_the_standards_examples() -> None:
    assert Message.unpack(ANSWER4).address(MAPPED) == (ipaddress.ip_address("192.0.2.1"), 32853)
    expected = ipaddress.ip_address("2001:db8:1234:5678:11:2233:4455:6677")
    assert Message.unpack(ANSWER6).address(MAPPED) == (expected, 32853)


@pytest.mark.parametrize("address", ["192.0.2.7", "fd00::1", "::ffff:127.0.0.1"])
def test_an_address_comes_back(address: str) -> None:
    peer = ipaddress.ip_address(address)
    packed = Message(BINDING, {}).with_address(MAPPED, peer, 4711).pack()
    assert Message.unpack(packed).address(MAPPED) == (peer, 4711)


@given(some.binary(max_size=200))
def test_garbage_is_refused_or_read(data: bytes) -> None:
    whole = struct.pack("!HHI", BINDING | SUCCESS, max(0, len(data) - 12), COOKIE) + data
    for each in (data, whole):
        try:
            message = Message.unpack(each)
            message.address(MAPPED)
        except TurnError:
            continue


def datagrams(answer: Callable[[bytes], list[bytes]]) -> int:
    """Serve datagrams on loopback for this test; return the port."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, client = server.recvfrom(4096)
            for each in answer(data):
                server.sendto(each, client)

    threading.Thread(target=serve, daemon=True).start()
    port: int = server.getsockname()[1]
    return port


def test_garbage_over_udp() -> None:
    wire = UdpWire("127.0.0.1", datagrams(lambda _data: [b"hello"]))
    with pytest.raises(TurnError, match="something that is neither"):
        seen_address(wire, Limits(2))


def test_silence_over_udp() -> None:
    assert seen_address(UdpWire("127.0.0.1", datagrams(lambda _data: [])), Limits(1)) is None


def test_answers_to_other_questions() -> None:
    other = Message(BINDING | SUCCESS, {}).pack()
    wire = UdpWire("127.0.0.1", datagrams(lambda _data: [other] * 300))
    with pytest.raises(TurnError, match="sends without end"):
        seen_address(wire, Limits(3))


def test_refusal_without_a_realm() -> None:
    def refuse(data: bytes) -> list[bytes]:
        question = Message.unpack(data)
        code = {ERROR_CODE: b"\0\0\x04\x01"}
        return [Message(question.kind | ERROR, code, question.transaction).pack()]

    with (
        pytest.raises(TurnError),
        Guest(UdpWire("127.0.0.1", datagrams(refuse)), "name", "word", Limits(2)) as guest,
    ):
        guest.allocate()


def test_refusal_by_a_quota() -> None:
    def refuse(data: bytes) -> list[bytes]:
        question = Message.unpack(data)
        code = {ERROR_CODE: b"\0\0\x04\x56"}
        return [Message(ALLOCATE | ERROR, code, question.transaction).pack()]

    with (
        pytest.raises(DeniedError) as denied,
        Guest(UdpWire("127.0.0.1", datagrams(refuse)), "name", "word", Limits(2)) as guest,
    ):
        guest.allocate()
    assert denied.value.code == 486


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"\x01\x01\xff\xff" + b"\0" * 16, "something that is neither"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "something that is neither"),
        (b"", "closed the connection"),
    ],
)
def test_garbage_over_tls(tmp_path: Path, said: bytes, reason: str) -> None:
    def talk(connection: ssl.SSLSocket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    server = EvilServer(tmp_path, talk)
    context = trusting(Target(DOMAIN, ca_file=server.authority), secret=True)
    wire = StreamWire(("127.0.0.1", server.port), DOMAIN, context, Limits(3))
    with pytest.raises(TurnError, match=reason), Guest(wire, "name", "word", Limits(3)) as guest:
        guest.allocate()
    server.close()
