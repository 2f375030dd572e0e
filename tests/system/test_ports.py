"""NET: what is open to the world, on IPv4 and IPv6 alike."""

from __future__ import annotations

import errno
import selectors
import socket
from typing import TYPE_CHECKING

import pytest

from tests.system.relay import seen_address

if TYPE_CHECKING:
    from tests.system.school import School

OPEN = [22, 80, 443, 5349]
AT_ONCE = 400


def open_ports(address: str) -> list[int]:
    """Return every TCP port that accepts a connection."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found: list[int] = []
    waiting = iter(range(1, 65536))
    with selectors.DefaultSelector() as selector:

        def knock() -> None:
            for port in waiting:
                sock = socket.socket(family, socket.SOCK_STREAM)
                sock.setblocking(False)
                begun = sock.connect_ex((address, port))
                if begun == errno.EINPROGRESS:
                    selector.register(sock, selectors.EVENT_WRITE, port)
                    return
                sock.close()
                if begun == 0:
                    found.append(port)

        for _ in range(AT_ONCE):
            knock()
        while selector.get_map():
            events = selector.select(timeout=5)
            assert events, "a port swallows connections: some firewall drops packets"
            for key, _mask in events:
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    found.append(key.data)
                selector.unregister(sock)
                sock.close()
                knock()
    return sorted(found)


@pytest.mark.parametrize("family", ["address", "address6"])
def test_exactly_these_ports_are_open(school: School, family: str) -> None:
    assert open_ports(getattr(school.host, family)) == OPEN


def test_udp_serves_stun_and_media_only(school: School) -> None:
    for port in (3478, 10000):
        seen_address(school.host.address, port)
    outward = school.host.run("ss -Hlnu").stdout.splitlines()
    ports = {line.split()[3].rpartition(":") for line in outward}
    assert {int(port) for address, _colon, port in ports if not loopback(address)} == {3478, 10000}


def loopback(address: str) -> bool:
    """Return whether a listening address cannot be reached from outside."""
    return address.strip("[]").startswith(("127.", "::1"))
