"""Connections to the server under proof, bounded in time and in size."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import warnings
from typing import TYPE_CHECKING, Any, cast

from provision.verify.outside.addresses import Family, look_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provision.verify.outside.deadline import Deadline

NAMES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
FAREWELL = 0.5
"""How many seconds the other side has for its own farewell."""
WAIT_FOR_ONE = 4
"""How many seconds one address of several may take to accept a connection."""


class TooMuchError(OSError):
    """The server sends without end."""


def addresses(host: str, deadline: Deadline) -> list[tuple[Family, str]]:
    """Return the addresses of a host, at most one IPv4 and one IPv6; OSError if there is none."""
    found: dict[Family, str] = {}
    for family, address in look_up(host, deadline.left()):
        found.setdefault(family, address)
    return list(found.items())


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Return a TCP connection to the first address that accepts one."""
    tried = addresses(host, deadline)
    for number, (family, address) in enumerate(tried, start=1):
        last = number == len(tried)
        try:
            return _connect(family, address, port, deadline if last else _short(deadline))
        except OSError:
            if last:
                raise
    raise AssertionError


def _short(deadline: Deadline) -> Deadline:
    return deadline.at_most(WAIT_FOR_ONE)


def _connect(family: Family, address: str, port: int, deadline: Deadline) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(deadline.left())
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def secure(
    sock: socket.socket, name: str, context: ssl.SSLContext, deadline: Deadline
) -> ssl.SSLSocket:
    """Return the connection after the TLS handshake; the plain one is closed if it fails."""
    try:
        sock.settimeout(deadline.left())  # Python counts it for the handshake as a whole
        return context.wrap_socket(sock, server_hostname=name)
    except BaseException:
        sock.close()
        raise


def farewell(connection: ssl.SSLSocket, deadline: Deadline) -> None:
    """Close a TLS connection as the protocol wants it: coturn writes others into its log."""
    with contextlib.suppress(OSError, ValueError):
        connection.settimeout(min(FAREWELL, deadline.left()))
        connection.unwrap()
    connection.close()


def lenient() -> ssl.SSLContext:
    """Return a context that accepts any certificate and any age of TLS.

    What is wrong with those is the business of their own probes; the others go on.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


class Bounded:
    """A connection whose reading ends at a deadline and after so many bytes in all."""

    def __init__(self, sock: socket.socket, deadline: Deadline, most: int = 0) -> None:
        self._sock, self._deadline, self._most = sock, deadline, most

    def allow(self, most: int) -> None:
        """Let it send so many bytes from now on."""
        self._most = most

    def makefile(self, *_mode: Any, **_more: Any) -> io.BufferedReader:
        """Return the stream that http.client reads from."""
        return io.BufferedReader(cast("io.RawIOBase", _Reader(self)))

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def receive_into(self, buffer: bytearray | memoryview) -> int:
        """Read what is there, wait for a first byte where nothing is; return how much it was."""
        self._sock.settimeout(self._deadline.left())
        count = self._sock.recv_into(buffer)
        self._most -= count
        if self._most < 0:
            raise TooMuchError
        return count

    def close(self) -> None:
        """Close it."""
        if isinstance(self._sock, ssl.SSLSocket):
            farewell(self._sock, self._deadline)
        self._sock.close()


class _Reader(io.RawIOBase):
    def __init__(self, bounded: Bounded) -> None:
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bounded.receive_into(buffer)


def families(found: Sequence[tuple[Family, str]]) -> dict[str, str]:
    """Return addresses by "IPv4" and "IPv6"."""
    return {NAMES[family]: address for family, address in found}
