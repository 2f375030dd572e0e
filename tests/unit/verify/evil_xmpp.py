"""Servers that misbehave, over TLS on loopback."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import ssl
import struct
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.unit import made_certificates as certificates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Behaviour = Callable[[ssl.SSLSocket], None]

DOMAIN = certificates.DOMAIN
FEATURES = (
    "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>"
    "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>ANONYMOUS</mechanism>"
    "</mechanisms></stream:features>"
)
SUCCESS = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"


class EvilServer:
    """Serves each connection with one behaviour, until it is closed."""

    def __init__(self, folder: Path, behaviour: Behaviour, *, domain: str = DOMAIN) -> None:
        key = certificates.make_key()
        now = datetime.now(UTC)
        made = certificates.make(
            domain, key, names=(domain,), begin=now - timedelta(1), end=now + timedelta(1)
        )
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(made)
        both = folder / "both.pem"
        both.write_bytes(made + certificates.key_pem(key))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(both)
        self.behaviour = behaviour
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.ended.is_set():
            try:
                plain, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[plain], daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            self.context.wrap_socket(plain, server_side=True) as connection,
        ):
            self.behaviour(connection)

    def close(self) -> None:
        """Serve nobody any more."""
        self.ended.set()
        self.listener.close()


def head(connection: ssl.SSLSocket) -> str:
    """Return the head of a request."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(4096)
        if not more:
            break
        data += more
    return data.decode()


def websocket(behaviour: Behaviour) -> Behaviour:
    """Return one that offers a websocket and no BOSH, and misbehaves after the handshake."""

    def talk(connection: ssl.SSLSocket) -> None:
        asked = head(connection)
        if not asked.startswith("GET /xmpp-websocket"):
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        key = next(
            line for line in asked.splitlines() if line.lower().startswith("sec-websocket-k")
        )
        salted = key.split(": ")[1].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(salted).digest()).decode()
        connection.sendall(
            (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"
            ).encode()
        )
        behaviour(connection)

    return talk


def frame(content: str | bytes) -> bytes:
    """Return a message of a websocket's server."""
    data = content.encode() if isinstance(content, str) else content
    kind = 0x81 if isinstance(content, str) else 0x82
    if len(data) < 126:
        return bytes([kind, len(data)]) + data
    if len(data) < 65536:
        return bytes([kind, 126]) + struct.pack("!H", len(data)) + data
    return bytes([kind, 127]) + struct.pack("!Q", len(data)) + data


def says(*contents: str | bytes) -> Behaviour:
    """Return one that says these messages and then listens."""

    def talk(connection: ssl.SSLSocket) -> None:
        for content in contents:
            connection.sendall(frame(content))
        while connection.recv(4096):
            pass

    return talk
