"""What others notice of one address that holds all connections it may have, and of a class."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.figures.measure import Row
from tests.system.crowd import Crowd, source
from tests.system.entrance import Entrance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Host

GREEDY, CLASS = "10.91.0.244", "10.91.0.245"
PUPILS, A_SECOND = 40, 20
TIMES = 20
HANDSHAKE = (
    "GET /xmpp-websocket HTTP/1.1\r\nHost: {domain}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n"
    "Origin: https://{domain}\r\n\r\n"
)


def rows(host: Host, place: Path) -> list[Row]:
    """Return the figures of one deployed host, whose certificate is trusted as it is."""
    root = place / "root.pem"
    root.write_bytes(host.read("/etc/jitsi-provision/tls/fullchain.pem"))
    door = Entrance(host.address, f"meet.{host.name}.school.test", root)
    alone = _page(door)
    with source(GREEDY) as greedy, Crowd(door, greedy) as crowd:
        for kind in ("silent", "half a handshake", "half a plain request"):
            crowd.open(5000, kind)
        beside = _page(door)
        single = _handshakes(door, 3)
        bell = _handshakes(door, PUPILS)
    return [
        Row("page beside 15,000 half-open connections ÷ alone", beside / alone, "", 5,
            detail=f"{beside * 1000:.0f} ms ÷ {alone * 1000:.0f} ms"),
        Row("slowest of 40 sign-ins at the bell, beside them ÷ of 3", bell / single, "", 10,
            detail=f"{bell * 1000:.0f} ms ÷ {single * 1000:.0f} ms"),
    ]  # fmt: skip


def _page(door: Entrance) -> float:
    """Return the least seconds until the start page is there, with a new connection each time."""
    least = float("inf")
    for _time in range(TIMES):
        begun = time.monotonic()
        if door.get("/").status != 200:
            raise SystemExit("the start page is not served")
        least = min(least, time.monotonic() - begun)
    return least


def _handshakes(door: Entrance, number: int) -> float:
    """Return the most seconds of one websocket, TLS included, of so many that stay open."""
    most = 0.0
    wanted = HANDSHAKE.format(domain=door.domain)
    with source(CLASS) as behind, Crowd(door, behind) as pupils:
        first = time.monotonic()
        for pupil in range(number):
            time.sleep(max(0.0, first + pupil / A_SECOND - time.monotonic()))
            begun = time.monotonic()
            pupils.open(1, wanted)
            if pupils.held[-1].recv(12) != b"HTTP/1.1 101":
                raise SystemExit(f"pupil {pupil} is not let in")
            most = max(most, time.monotonic() - begun)
    return most
