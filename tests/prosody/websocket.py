"""A websocket, as small as a test needs it: whole text messages in order, nothing else."""

from __future__ import annotations

import base64
import os
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class ClosedError(ConnectionError):
    """The server has closed the connection."""


class WebSocket:
    """Talks over a connection that is there already, or to a port of this machine."""

    def __init__(
        self, below: socket.socket | int, target: str, protocol: str, headers: Mapping[str, str]
    ) -> None:
        if isinstance(below, int):
            below = socket.create_connection(("127.0.0.1", below), timeout=30)
        self.socket = below
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        lines += ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}"]
        lines += [f"Sec-WebSocket-Protocol: {protocol}", "Sec-WebSocket-Version: 13", "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        answer = self._until(b"\r\n\r\n")
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            raise ConnectionError(answer.decode(errors="replace"))

    def send(self, text: str, kind: int = TEXT) -> None:
        """Send one message."""
        payload = text.encode()
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 0x80 | 127, size)
        mask = os.urandom(4)
        repeated = mask * (size // 4 + 1)
        masked = bytes(a ^ b for a, b in zip(payload, repeated, strict=False))
        self.socket.sendall(head + mask + masked)

    def receive(self, seconds: float) -> str:
        """Return the next message; TimeoutError if none comes in time, ClosedError if none will."""
        whole = b""
        while True:
            self.socket.settimeout(max(seconds, 0.001))
            first, second = self._exactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self._exactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self._exactly(8))
            payload = self._exactly(size)
            kind = first & 0x0F
            if kind == CLOSE:
                raise ClosedError
            if kind == PING:
                self.send(payload.decode(), PONG)
            elif kind != PONG:
                whole += payload
                if first & 0x80:
                    return whole.decode()

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            self._more()
        taken, _, self.buffer = self.buffer.partition(end)
        return taken

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ClosedError
        self.buffer += data
