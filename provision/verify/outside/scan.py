"""Which TCP ports accept a connection, and which UDP ports answer a STUN request."""

from __future__ import annotations

import errno
import secrets
import selectors
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from provision.verify.outside.addresses import Family
    from provision.verify.outside.deadline import Deadline

AT_ONCE = 200
"""Fewer than any computer lets a program open."""
PATIENCE = 2.0
"""How many seconds all connections of one batch may take."""
COOKIE = bytes.fromhex("2112a442")
BINDING_REQUEST, BINDING_RESPONSE = b"\x00\x01", b"\x01\x01"


@dataclass
class Knocks:
    """What TCP ports did."""

    open: list[int] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    """No answer at all: a firewall drops what comes."""


def knock(family: Family, address: str, ports: Sequence[int], deadline: Deadline) -> Knocks:
    """Return what each port did; those that the deadline left out count as silent."""
    found = Knocks()
    for batch in _batches(ports):
        try:
            patience = deadline.at_most(PATIENCE)
            _knock(family, address, batch, patience, found)
        except TimeoutError:
            found.silent.extend(batch)
    found.open.sort()
    return found


def _batches(ports: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ports), AT_ONCE):
        yield ports[start : start + AT_ONCE]


def _knock(
    family: Family, address: str, ports: Iterable[int], deadline: Deadline, found: Knocks
) -> None:
    deadline.left()
    waiting: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        try:
            for port in ports:
                sock = socket.socket(family, socket.SOCK_STREAM)
                sock.setblocking(False)
                begun = sock.connect_ex((address, port))
                if begun == errno.EINPROGRESS:
                    waiting[port] = sock
                    selector.register(sock, selectors.EVENT_WRITE, port)
                    continue
                sock.close()
                if begun == 0:
                    found.open.append(port)
            while waiting:
                for key, _mask in selector.select(deadline.left()):
                    sock = waiting.pop(key.data)
                    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                        found.open.append(key.data)
                    selector.unregister(sock)
                    sock.close()
        except TimeoutError:
            found.silent.extend(waiting)
        finally:
            for sock in waiting.values():
                sock.close()


def stun(family: Family, address: str, port: int, deadline: Deadline) -> str:
    """Return `answers`, `closed` or `silent` for a UDP port that is sent a STUN request."""
    transaction = secrets.token_bytes(12)
    request = BINDING_REQUEST + b"\x00\x00" + COOKIE + transaction
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((address, port))
            for _attempt in range(2):  # a packet may be lost
                sock.settimeout(min(1.0, deadline.left()))
                sock.send(request)
                try:
                    answer = sock.recv(1500)
                except TimeoutError:
                    continue
                same = answer[4:20] == COOKIE + transaction
                return "answers" if same and answer[:2] == BINDING_RESPONSE else "silent"
        except ConnectionRefusedError:
            return "closed"
        except OSError:
            return "silent"
    return "silent"
