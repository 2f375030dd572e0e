"""STUN (RFC 8489) and TURN (RFC 8656), as much of them as a browser uses first."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import os
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import ssl

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, DATA, PERMISSION = 0x001, 0x003, 0x004, 0x016, 0x017, 0x008
SUCCESS, ERROR, INDICATION = 0x100, 0x110, 0x010
USERNAME, INTEGRITY, ERROR_CODE, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
PEER, CONTENT, RELAYED, TRANSPORT, MAPPED, LIFETIME = (
    0x0012,
    0x0013,
    0x0016,
    0x0019,
    0x0020,
    0x000D,
)
SOFTWARE = 0x8022
UDP = bytes([17, 0, 0, 0])
INSIDE = ("127.0.0.1", "10.91.0.1", "169.254.169.254", "192.168.1.1", "203.0.113.5", "0.0.0.1")
"""Addresses that a school's relay must not lead to."""


class RefusedError(Exception):
    """The relay said no; `code` is the number, such as 403."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}")
        self.code = code


@dataclass
class Message:
    """One message: what kind, and its attributes by number."""

    kind: int
    attributes: dict[int, bytes]
    transaction: bytes

    def pack(self, key: bytes = b"") -> bytes:
        """Return the bytes, signed if there is a key."""
        content = b"".join(
            struct.pack("!HH", number, len(value)) + value + b"\0" * (-len(value) % 4)
            for number, value in self.attributes.items()
        )
        extra = 24 if key else 0
        head = struct.pack("!HHI", self.kind, len(content) + extra, COOKIE) + self.transaction
        if not key:
            return head + content
        signature = hmac.digest(key, head + content, "sha1")
        return head + content + struct.pack("!HH", INTEGRITY, 20) + signature

    @classmethod
    def unpack(cls, data: bytes) -> Message:
        """Return the message that these bytes are."""
        kind, size, cookie = struct.unpack("!HHI", data[:8])
        assert cookie == COOKIE, data
        attributes, at = {}, 20
        while at < 20 + size:
            number, length = struct.unpack("!HH", data[at : at + 4])
            attributes[number] = data[at + 4 : at + 4 + length]
            at += 4 + length + (-length % 4)
        return cls(kind, attributes, data[8:20])


def address_bytes(address: str, port: int) -> bytes:
    """Return an address as XOR-MAPPED-ADDRESS and its like hold it (IPv4)."""
    masked = int(ipaddress.IPv4Address(address)) ^ COOKIE
    return struct.pack("!BBHI", 0, 1, port ^ (COOKIE >> 16), masked)


def address_of(value: bytes) -> tuple[str, int]:
    """Return the address that such an attribute holds."""
    _zero, family, port, masked = struct.unpack("!BBHI", value[:8])
    assert family == 1, value
    return str(ipaddress.IPv4Address(masked ^ COOKIE)), port ^ (COOKIE >> 16)


def binding_request() -> Message:
    """Return the question "which address do you see?"."""
    return Message(BINDING, {}, os.urandom(12))


def ask_over_udp(server: str, port: int, question: Message) -> Message:
    """Return the answer to an unsigned question; datagrams get lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((server, port))
        return _answer(sock, question)


def _answer(sock: socket.socket, question: Message) -> Message:
    for _try in range(5):
        sock.settimeout(1)
        sock.send(question.pack())
        try:
            return Message.unpack(sock.recv(2048))
        except TimeoutError:
            continue
    raise TimeoutError(f"no STUN at {sock.getpeername()}")


def seen_address(server: str, port: int) -> tuple[str, int]:
    """Ask over UDP which address the server sees; return that and this socket's own port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((server, port))
        own: tuple[str, int] = sock.getsockname()
        answer = _answer(sock, binding_request())
    assert answer.kind == BINDING | SUCCESS
    assert address_of(answer.attributes[MAPPED]) == own
    return own


class Relay:
    """A TURN session over TLS."""

    def __init__(self, connection: ssl.SSLSocket, username: str, password: str) -> None:
        self.socket = connection
        self.username, self.password = username, password
        self.key = b""
        self.known: dict[int, bytes] = {}
        self.buffer = b""

    def allocate(self) -> tuple[str, int]:
        """Return the address that the relay gives."""
        wish = {TRANSPORT: UDP}
        first = self.challenge()
        realm = first.attributes[REALM]
        self.known = {
            USERNAME: self.username.encode(),
            REALM: realm,
            NONCE: first.attributes[NONCE],
        }
        secret = b":".join([self.username.encode(), realm, self.password.encode()])
        self.key = hashlib.md5(secret, usedforsecurity=False).digest()
        return address_of(self.wish(ALLOCATE, wish).attributes[RELAYED])

    def challenge(self) -> Message:
        """Return what the relay answers to somebody who gives no name."""
        first = self.ask(ALLOCATE, {TRANSPORT: UDP})
        assert error_code(first) == 401, first
        return first

    @staticmethod
    def another(secret: str, name: str, seconds: float = 600) -> tuple[str, str]:
        """Return credentials as Prosody makes them for somebody else."""
        username = f"{time.time() + seconds:.0f}:{name}"
        digest = hmac.digest(secret.encode(), username.encode(), "sha1")
        return username, base64.b64encode(digest).decode()

    def permit(self, peer: str) -> None:
        """Ask to be allowed to reach a peer; RefusedError if that is denied."""
        self.wish(PERMISSION, {PEER: address_bytes(peer, 0)})

    def refresh(self) -> None:
        """Keep the session; RefusedError if there is none any more."""
        self.wish(REFRESH, {LIFETIME: struct.pack("!I", 600)})

    def exchange(self, peer: str, port: int, content: bytes) -> bytes:
        """Send something to a peer through the relay and return what comes back."""
        wrapped = {PEER: address_bytes(peer, port), CONTENT: content}
        self.socket.sendall(Message(SEND | INDICATION, wrapped, os.urandom(12)).pack())
        answer = self.receive()
        assert answer.kind == DATA | INDICATION, answer
        assert address_of(answer.attributes[PEER]) == (peer, port)
        return answer.attributes[CONTENT]

    def wish(self, kind: int, attributes: dict[int, bytes]) -> Message:
        """Send a signed request and return the success; RefusedError otherwise."""
        answer = self.ask(kind, self.known | attributes)
        if answer.kind == kind | ERROR:
            raise RefusedError(error_code(answer))
        assert answer.kind == kind | SUCCESS, answer
        return answer

    def ask(self, kind: int, attributes: dict[int, bytes]) -> Message:
        """Send a request and return the answer."""
        question = Message(kind, attributes, os.urandom(12))
        self.socket.sendall(question.pack(self.key))
        while True:
            answer = self.receive()
            if answer.transaction == question.transaction:
                return answer

    def receive(self) -> Message:
        """Return the next message."""
        head = self._exactly(20)
        (size,) = struct.unpack("!H", head[2:4])
        return Message.unpack(head + self._exactly(size))

    def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            data = self.socket.recv(4096)
            if not data:
                raise ConnectionError("the relay hung up")
            self.buffer += data
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken


def carries_to_the_bridge(relay: Relay, server: str) -> None:
    """Have the bridge at a server's address answer through the relay."""
    address, port = relay.allocate()
    assert address == server
    assert 49152 <= port <= 49999
    relay.permit(server)
    answer = Message.unpack(relay.exchange(server, 10000, binding_request().pack()))
    assert MAPPED in answer.attributes


def leads_to_nothing_inside(relay: Relay) -> None:
    """Ask for each address that is none of the bridge's, and be refused."""
    relay.allocate()
    for peer in INSIDE:
        with pytest.raises(RefusedError) as refused:
            relay.permit(peer)
        assert (peer, refused.value.code) == (peer, 403)


def error_code(answer: Message) -> int:
    """Return the number of an error."""
    value = answer.attributes[ERROR_CODE]
    return value[2] * 100 + value[3]
