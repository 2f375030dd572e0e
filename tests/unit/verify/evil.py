"""A web server that misbehaves in exactly one way, on this computer only."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Self

from tests.unit.made_certificates import DOMAIN, key_pem, make, make_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Behaviour = Callable[["Visit"], None]

CHUNK = b"x" * 2**16


class Visit:
    """One connection, seen from the server."""

    def __init__(self, sock: socket.socket, server: Server) -> None:
        self._sock, self._server = sock, server
        self.path = ""

    def read(self) -> str:
        """Read a request; return its path, nothing when the client is gone."""
        head = b""
        while b"\r\n\r\n" not in head:
            more = self._sock.recv(4096)
            if not more:
                return ""
            head += more
        self.path = head.split(b" ", 2)[1].decode()
        return self.path

    def send(self, data: bytes) -> None:
        """Send it, and count it."""
        self._sock.sendall(data)
        self._server.sent += len(data)

    def wait(self) -> None:
        """Do nothing until the client gives up."""
        while self._sock.recv(4096):
            pass


class Server:
    """Serves one behaviour on a port of its own until it is left."""

    def __init__(self, behaviour: Behaviour, context: ssl.SSLContext | None) -> None:
        self._behaviour, self._context = behaviour, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.sent = 0
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # the thread in accept() holds it open
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _address = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            with sock:
                self._behaviour(Visit(sock, self))


def context(folder: Path, *names: str, chain: bool = False) -> ssl.SSLContext:
    """Return a server's context with a self-signed certificate, or one of a new authority.

    The authority is left in `authority.pem`.
    """
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    key, now = make_key(), datetime.now(UTC)
    life = {"begin": now - timedelta(days=10), "end": now + timedelta(days=80, hours=1)}
    wanted = names or (DOMAIN,)
    if chain:
        root = make_key()
        authority = make("Root", root, names=(), authority=True, **life)
        (folder / "authority.pem").write_bytes(authority)
        certificate = make("Leaf", key, ("Root", root), names=wanted, **life)
    else:
        certificate = make("Leaf", key, names=wanted, **life)
    (folder / "server.pem").write_bytes(certificate + key_pem(key))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "server.pem")
    return made


def long_chain(folder: Path, *, root: bool) -> ssl.SSLContext:
    """Return a server's context with leaf and intermediate of a new authority, and its root."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    key, middle, top, now = make_key(), make_key(), make_key(), datetime.now(UTC)
    life = {"begin": now - timedelta(days=10), "end": now + timedelta(days=80, hours=1)}
    issuing = {"names": (), "authority": True, **life}
    chain = [
        make("Leaf", key, ("Middle", middle), **life),
        make("Middle", middle, ("Root", top), **issuing),
        *([make("Root", top, **issuing)] if root else []),
    ]
    (folder / "server.pem").write_bytes(b"".join(chain) + key_pem(key))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "server.pem")
    return made


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an ordinary HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def pages(content: Mapping[str, bytes], default: bytes = b"") -> Behaviour:
    """Return a well-behaved server of these answers by path, of `default` for any other."""

    def serve(visit: Visit) -> None:
        while path := visit.read():
            visit.send(content.get(path, default))

    return serve


HTML, SCRIPT = "Content-Type: text/html", "Content-Type: application/javascript"
NOT_FOUND = answer(b"", status="404 Not Found")


def script(text: str | bytes) -> Behaviour:
    """Return a server whose config.js is this text, and that knows nothing else."""
    body = text if isinstance(text, bytes) else text.encode()
    return pages({"/config.js": answer(body, SCRIPT)}, NOT_FOUND)


def silent(visit: Visit) -> None:
    """Accept the request, and never answer."""
    visit.wait()


def dripping(visit: Visit) -> None:
    """Answer so slowly that no single wait is long, and never come to an end."""
    visit.read()
    visit.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    tick = threading.Event()
    while not tick.wait(0.01):
        visit.send(b"x")


def flooding(visit: Visit) -> None:
    """Send headers without end."""
    visit.read()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        visit.send(b"X-Flood: " + b"x" * 1000 + b"\r\n")


def continuing(visit: Visit) -> None:
    """Say "go on" without end."""
    visit.read()
    while True:
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def endless(visit: Visit) -> None:
    """Send a body without end."""
    visit.read()
    visit.send(f"HTTP/1.1 200 OK\r\n{SCRIPT}\r\n\r\n".encode())
    while True:
        visit.send(CHUNK)


def garbage(visit: Visit) -> None:
    """Answer with what is no HTTP."""
    visit.read()
    visit.send(b"\x00\xff\xfe garbage \r\n\r\n")


def greeting(visit: Visit) -> None:
    """Speak first, and no TLS."""
    visit.send(b"220 mail.example.org ESMTP\r\n")


def circling(visit: Visit) -> None:
    """Lead from each address to the next one."""
    while path := visit.read():
        visit.send(answer(b"", f"Location: {path}x", status="302 Found"))
