"""The stream under a connection of paramiko, which itself reads whatever a server sends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from provision.common.limits import SSH_SESSION, SSH_SESSION_SECONDS

if TYPE_CHECKING:
    import socket

_CHUNK = 65536
_BEGINNING = 100


class BoundedStream:
    """A socket that brings so many bytes, and for so many seconds, and then has ended."""

    def __init__(
        self, sock: socket.socket, most: int = SSH_SESSION, seconds: float = SSH_SESSION_SECONDS
    ) -> None:
        self._sock = sock
        self._left = most
        self._end = time.monotonic() + seconds
        self.endless = False
        """Whether it was ended because more came than anybody asked for."""
        self.ended = False
        """Whether the other end has hung up."""
        self.begins = b""
        """What it said first."""

    def recv(self, size: int) -> bytes:
        """Return what is there, or nothing where the connection is at its end."""
        if self.endless or time.monotonic() > self._end:
            self._sock.close()
            return b""
        # A server may announce a packet of gigabytes, for which paramiko would make room.
        try:
            data = self._sock.recv(min(size, _CHUNK))
        except ConnectionError:
            self.ended = True
            raise
        self.ended = self.ended or not data
        if len(self.begins) < _BEGINNING:
            self.begins += data[:_BEGINNING]
        self._left -= len(data)
        self.endless = self._left < 0
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)
