"""Knocks at every TCP port of a host at once, past any firewall that keeps silent.

Plain connections would wait for each silent port; so the packets are made here, and only answers
are counted. Needs root.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time

PORTS = range(1, 65536)
OWN_PORT = range(20000, 30000)
SYN, SYN_ACK = 0x02, 0x12
QUIET = 1.5
"""Seconds without an answer after which no more is expected."""
ROUNDS = 2
"""A packet may get lost in such a crowd."""
AT_ONCE = 500


def open_ports(address: str, ports: range = PORTS) -> list[int]:
    """Return the ports that accept connections; those that refuse or keep silent are closed."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as known:
        known.connect((address, 9))
        own: str = known.getsockname()[0]
    port, found = random.choice(OWN_PORT), set[int]()
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
        raw.settimeout(0.01)
        for _round in range(ROUNDS):
            for number, target in enumerate(ports):
                raw.sendto(_syn(own, address, port, target), (address, 0))
                if number % AT_ONCE == 0:
                    found |= _answers(raw, family, address, port, 0.01)
        found |= _answers(raw, family, address, port, QUIET)
    return sorted(found)


def _answers(
    raw: socket.socket, family: socket.AddressFamily, address: str, port: int, quiet: float
) -> set[int]:
    """Return the ports that have accepted, once nothing has come for so many seconds."""
    found = set()
    end = time.monotonic() + quiet
    while time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            packet, sender = raw.recvfrom(200)
            # Only IPv4 sockets show the header below TCP's own.
            tcp = packet[(packet[0] & 15) * 4 :] if family == socket.AF_INET else packet
            source, target, _sequence, _acknowledged, _offset, flags = struct.unpack_from(
                "!HHLLBB", tcp
            )
            if sender[0] == address and target == port:
                end = time.monotonic() + quiet
                if flags & SYN_ACK == SYN_ACK:
                    found.add(source)
    return found


def _syn(own: str, address: str, port: int, target: int) -> bytes:
    """Return the packet that asks for a connection."""
    header = struct.pack("!HHLLBBHHH", port, target, port, 0, 5 << 4, SYN, 64240, 0, 0)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    addresses = socket.inet_pton(family, own) + socket.inet_pton(family, address)
    pseudo = addresses + struct.pack("!LHBB", len(header), 0, 0, socket.IPPROTO_TCP)
    total = sum(struct.unpack(f"!{len(pseudo + header) // 2}H", pseudo + header))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return header[:16] + struct.pack("!H", ~total & 0xFFFF) + header[18:]
