"""Which ports the world can reach, over IPv4 and IPv6.

A list, not the whole range: 65535 ports cost two seconds of computing for each family, too much
for twenty schools; what listens on other ports the look from inside shows.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypedDict

from provision.settings.open_ports import by_protocol
from provision.verify.outside import services
from provision.verify.outside.addresses import is_public
from provision.verify.outside.connection import NAMES, addresses
from provision.verify.outside.deadline import Deadline
from provision.verify.outside.scan import knock, stun

if TYPE_CHECKING:
    from provision.verify.outside.addresses import Family
    from provision.verify.target import Target

SSH = 22
NEEDED = (services.HTTP, services.HTTPS, services.STUN, services.TURNS)
OTHERS = (
    *(21, 23, 25, 53, 110, 111, 139, 143, 389, 445, 465, 587, 631, 636, 873, 993, 995),
    *(1433, 1883, 2049, 2375, 2376, 3000, 3306, 3389, 4443, 4444, 4445, 5000, 5432, 5900, 5984),
    *(6379, 6443, 7000, 8000, 8008, 8081, 8443, 8883, 9000, 9100, 9200, 10000, 10250, 11211, 27017),
)  # fmt: skip
"""What rented servers often leave open beside."""
JITSI = frozenset({*NEEDED, *services.SIGNALLING, *services.MANAGEMENT})
"""All that a stranger's server is asked for: nobody likes to be scanned."""
UDP = (services.STUN, services.MEDIA, services.HTTPS)


class Reached(TypedDict):
    """What one address showed."""

    address: str
    open: list[int]
    """TCP ports that accept a connection."""
    silent: int
    """How many gave no answer at all."""
    asked: int
    """How many were asked."""
    udp: dict[str, str]
    """By UDP port: `answers` a STUN request, `closed`, or `silent`."""


class Ports(TypedDict):
    """What was measured."""

    domain: str
    families: dict[str, Reached]
    """`IPv4` and `IPv6`, where the server has such an address."""
    ssh_port: int
    """Where the technician signs in, so it is open; 0 for a stranger's server."""
    kept: list[int]
    """TCP ports that the school itself keeps open for services of its own (`open_ports`)."""


def measure(target: Target) -> dict[str, Any]:
    """Return what `Ports` describes."""
    deadline = Deadline(target.seconds)
    ssh_port = target.school.ssh_port if target.school else 0
    # Where we sign in is open, and would write each knock into its log.
    kept = by_protocol(target.school.open_ports).get("tcp", []) if target.school else []
    asked = tuple(sorted({*JITSI, *OTHERS, SSH, *kept} - {ssh_port} if ssh_port else JITSI))
    found: Ports = {"domain": target.domain, "families": {}, "ssh_port": ssh_port, "kept": kept}
    places = _places(target, deadline)
    with ThreadPoolExecutor(max_workers=len(places)) as pool:
        looks = {
            name: pool.submit(_look, family, address, asked, deadline)
            for name, (family, address) in places.items()
        }
        found["families"] = {name: look.result() for name, look in looks.items()}
    return dict(found)


def _places(target: Target, deadline: Deadline) -> dict[str, tuple[Family, str]]:
    """Return the server's address of each family: where we connect, else what the name says."""
    found = list(addresses(target.host, deadline))
    if target.host != target.domain:
        with contextlib.suppress(OSError):
            # A stranger's name may have led to the internet when it was judged, and not only there.
            named = addresses(target.domain, deadline)
            found.extend(each for each in named if target.private or is_public(each[1]))
    places: dict[str, tuple[Family, str]] = {}
    for family, address in found:
        places.setdefault(NAMES[family], (family, address))
    return places


def _look(family: Family, address: str, asked: tuple[int, ...], deadline: Deadline) -> Reached:
    knocks = knock(family, address, asked, deadline)
    with ThreadPoolExecutor(max_workers=len(UDP)) as pool:
        udp = {port: pool.submit(stun, family, address, port, deadline) for port in UDP}
        return {
            "address": address,
            "open": knocks.open,
            "silent": len(knocks.silent),
            "asked": len(asked),
            "udp": {str(port): answer.result() for port, answer in udp.items()},
        }
