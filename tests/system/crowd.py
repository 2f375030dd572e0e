"""Many connections at once from an address of their own; of most, nothing becomes a request."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import ssl
import subprocess
import time
from typing import TYPE_CHECKING, Self

from tests.bench import network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.entrance import Entrance

HELLO = bytes.fromhex("160301020001000200000303") + bytes(range(32))
"""The beginning of a ClientHello of 512 bytes."""
KINDS = ("silent", "half a handshake", "half a request", "half a plain request")
SHARE = 1000
"""How many connections one source may have."""
PATIENCE = 5.0
LOOK_AGAIN = 0.05


@contextlib.contextmanager
def source(address: str) -> Iterator[str]:
    """Give this machine one more address beside the hosts for as long as the block runs."""
    command = ["ip", "address", "{verb}", address + ("/128" if ":" in address else "/32"),
               "dev", network.BRIDGE, *(["nodad"] if ":" in address else [])]  # fmt: skip
    change(command, "replace")
    try:
        yield address
    finally:
        change([word for word in command if word != "nodad"], "delete")


def change(command: list[str], verb: str) -> None:
    """Run a command of `ip` with its verb."""
    subprocess.run([word.format(verb=verb) for word in command], check=True, capture_output=True)


class Crowd:
    """Connections of one source that stay as they are until the block ends."""

    def __init__(self, entrance: Entrance, address: str) -> None:
        self.entrance, self.address = entrance, address
        self.held: list[socket.socket] = []
        self._context = ssl.create_default_context(cafile=str(entrance.root))
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for held in self.held:
            held.close()

    def open(self, number: int, kind: str) -> None:
        """Open so many that stop in the middle, ask for a "whole" page, or for what is given."""
        for _ in range(number):
            # The server may have closed it before it was half done.
            with contextlib.suppress(OSError):
                self.held.append(self._half(kind))

    def _half(self, kind: str) -> socket.socket:
        port = 80 if kind == "half a plain request" else 443
        sock = socket.create_connection(
            (self.entrance.address, port), timeout=PATIENCE, source_address=(self.address, 0)
        )
        if kind == "half a handshake":
            sock.sendall(HELLO)
        if kind == "half a request":
            sock = self._context.wrap_socket(sock, server_hostname=self.entrance.domain)
        elif kind not in KINDS:
            sock = self._context.wrap_socket(sock, server_hostname=self.entrance.domain)
            whole = f"GET / HTTP/1.1\r\nHost: {self.entrance.domain}\r\n\r\n"
            sock.sendall((whole if kind == "whole" else kind).encode())
        if kind in KINDS[2:]:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: ")
        return sock

    def settled(self, at_most: int = SHARE) -> int:
        """Return how many the server holds, once it has closed those that are too many."""
        end = time.monotonic() + PATIENCE
        while (alive := self.alive()) > at_most and time.monotonic() < end:
            time.sleep(LOOK_AGAIN)
        return alive

    def alive(self) -> int:
        """Return how many connections the server has not closed."""
        poll = select.poll()
        by_number = {held.fileno(): held for held in self.held}
        for number in by_number:
            poll.register(number, select.POLLIN)
        ended = [number for number, _what in poll.poll(0) if gone(by_number[number])]
        return len(self.held) - len(ended)


def gone(sock: socket.socket) -> bool:
    """Tell whether the other side has closed a connection; what else it sent is thrown away."""
    sock.settimeout(0)
    try:
        while (received := sock.recv(65536)) != b"":
            assert received
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    return True
