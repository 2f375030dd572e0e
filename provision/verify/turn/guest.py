"""A guest of a TURN server: gets an address there, and asks to reach others from it."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import time
from typing import TYPE_CHECKING, NamedTuple, Self

from provision.messages.i18n import N_
from provision.verify.turn.message import (
    ALLOCATE,
    BINDING,
    CONTENT,
    DATA,
    ERROR,
    FAMILY,
    HEADER,
    INDICATION,
    LIFETIME,
    MAPPED,
    NONCE,
    PEER,
    PERMISSION,
    REALM,
    REFRESH,
    RELAYED,
    SEND,
    SOFTWARE,
    SUCCESS,
    TRANSPORT,
    USERNAME,
    Address,
    Message,
    TurnError,
    garbage,
)
from provision.verify.xmpp.wire import handshake

if TYPE_CHECKING:
    import ssl

    from provision.verify.xmpp.limits import Limits

UDP, TCP = bytes([17, 0, 0, 0]), bytes([6, 0, 0, 0])
IPV6 = bytes([2, 0, 0, 0])
PATIENCE = 2.0
_TRY = 0.5
_LARGEST = 4096
_MOST = 200
"""Messages that one answer is awaited among."""
_UNAUTHORIZED, _STALE = 401, 438


class DeniedError(Exception):
    """The server said no; `code` is the number, such as 403."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}")
        self.code = code


class UdpWire:
    """Messages as datagrams."""

    reliable = False

    def __init__(self, host: str, port: int) -> None:
        family, kind, _proto, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM
        )[0]
        self._socket = socket.socket(family, kind)
        self._socket.connect(address)

    @property
    def own(self) -> str:
        """The address of this end."""
        return str(self._socket.getsockname()[0])

    def send(self, data: bytes) -> None:
        """Send one message."""
        self._socket.send(data)

    def receive(self, seconds: float) -> Message:
        """Return the next message; TimeoutError if none comes in time."""
        self._socket.settimeout(max(seconds, 0.001))
        return Message.unpack(self._socket.recv(_LARGEST))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class StreamWire:
    """Messages over TLS."""

    reliable = True

    def __init__(
        self, place: tuple[str, int], name: str, context: ssl.SSLContext, limits: Limits
    ) -> None:
        plain = socket.create_connection(place, timeout=limits.left(PATIENCE))
        self._socket, self._guard = handshake(plain, name, context, limits)

    def send(self, data: bytes) -> None:
        """Send one message."""
        self._socket.sendall(data)

    def receive(self, seconds: float) -> Message:
        """Return the next message; TimeoutError if none comes in time."""
        self._socket.settimeout(max(seconds, 0.001))
        head = self._exactly(HEADER)
        (size,) = struct.unpack("!H", head[2:4])
        if size > _LARGEST:
            raise garbage()
        return Message.unpack(head + self._exactly(size))

    def close(self) -> None:
        """Hang up."""
        self._guard.cancel()
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise TurnError(N_("The TURN server closed the connection."))
            data += more
        return data


class Seen(NamedTuple):
    """What a STUN server answers."""

    address: Address
    port: int
    software: str
    """What it says of itself."""


def seen_address(wire: UdpWire, limits: Limits) -> Seen | None:
    """Return the address that the server sees, or nothing where it does not answer."""
    try:
        answer = _ask(wire, Message(BINDING, {}), b"", limits)
    except TimeoutError:
        return None
    if answer.kind != BINDING | SUCCESS:
        return None
    return Seen(
        *answer.address(MAPPED), answer.attributes.get(SOFTWARE, b"").decode("utf-8", "replace")
    )


class Guest:
    """Somebody with short-lived credentials. Use it as a context manager."""

    def __init__(
        self, wire: UdpWire | StreamWire, username: str, password: str, limits: Limits
    ) -> None:
        self._wire, self._limits = wire, limits
        self._username, self._password = username, password
        self._key = b""
        self._known: dict[int, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        with contextlib.suppress(OSError, TurnError, DeniedError):
            if self._key:
                self._wish(Message(REFRESH, {LIFETIME: struct.pack("!I", 0)}))
        self._wire.close()

    def allocate(self, transport: bytes = UDP, family: bytes = b"") -> tuple[Address, int]:
        """Return the address that the server gives; DeniedError if it gives none."""
        wish = {TRANSPORT: transport} | ({FAMILY: family} if family else {})
        first = _ask(self._wire, Message(ALLOCATE, wish), b"", self._limits)
        if first.kind == ALLOCATE | SUCCESS:
            return first.address(RELAYED)  # nobody was asked for a name
        if first.code != _UNAUTHORIZED:
            raise DeniedError(first.code)
        try:
            realm, nonce = first.attributes[REALM], first.attributes[NONCE]
        except KeyError as error:
            raise garbage() from error
        name = self._username.encode()
        self._known = {USERNAME: name, REALM: realm, NONCE: nonce}
        secret = b":".join([name, realm, self._password.encode()])
        key = hashlib.md5(secret, usedforsecurity=False).digest()
        self._key = key
        try:
            answer = self._wish(Message(ALLOCATE, wish))
        except DeniedError:
            self._key = b""
            raise
        return answer.address(RELAYED)

    def permit(self, peer: Address) -> None:
        """Ask to be allowed to reach an address; DeniedError if that is refused."""
        self._wish(Message(PERMISSION, {}).with_address(PEER, peer, 0))

    def reaches(self, peer: Address, port: int, seconds: float = 0.5) -> bool:
        """Return whether a STUN server at a peer that is permitted answers through the relay."""
        question = Message(BINDING, {}).pack()
        wrapped = Message(SEND | INDICATION, {CONTENT: question}).with_address(PEER, peer, port)
        self._wire.send(wrapped.pack())
        end = time.monotonic() + self._limits.left(seconds)
        for _number in range(_MOST):
            try:
                answer = self._wire.receive(end - time.monotonic())
            except TimeoutError:
                return False
            if answer.kind == DATA | INDICATION and answer.address(PEER) == (peer, port):
                return True
        return False

    def _wish(self, message: Message) -> Message:
        """Send a signed request and return the success; DeniedError otherwise."""
        signed = Message(message.kind, self._known | message.attributes, message.transaction)
        answer = _ask(self._wire, signed, self._key, self._limits)
        if answer.kind == message.kind | ERROR and answer.code == _STALE:
            self._known[NONCE] = answer.attributes.get(NONCE, b"")
            again = Message(message.kind, self._known | message.attributes, message.transaction)
            answer = _ask(self._wire, again, self._key, self._limits)
        if answer.kind == message.kind | ERROR:
            raise DeniedError(answer.code)
        if answer.kind != message.kind | SUCCESS:
            raise garbage()
        return answer


def _ask(wire: UdpWire | StreamWire, question: Message, key: bytes, limits: Limits) -> Message:
    """Return the answer to a request; a datagram is sent again where none comes."""
    data = question.pack(key)
    end = time.monotonic() + limits.left(PATIENCE)
    wire.send(data)
    for _number in range(_MOST):
        left = end - time.monotonic()
        try:
            answer = wire.receive(left if wire.reliable else min(left, _TRY))
        except TimeoutError:
            if wire.reliable or end - time.monotonic() <= 0:
                raise
            wire.send(data)
            continue
        if answer.transaction == question.transaction:
            return answer
    raise TurnError(N_("The STUN and TURN server sends without end."))
