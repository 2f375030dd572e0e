"""STUN and TURN as a guest uses them: who is let in, and where the relay leads.

A relay wants credentials, so on somebody else's server only STUN is asked. Permissions are asked
for, and nothing is sent to the refused peers; what was allocated is given back.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, TypedDict

from provision.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside.addresses import own_hosts
from provision.verify.turn.message import TurnError
from provision.verify.turn.relay import (
    IPV6,
    TCP,
    UDP,
    DeniedError,
    Guest,
    StreamWire,
    UdpWire,
    seen_address,
)
from provision.verify.xmpp import services
from provision.verify.xmpp.limits import ClosedError, Limits, XmppError
from provision.verify.xmpp.session import RefusedError, Session
from provision.verify.xmpp.wire import trusting

if TYPE_CHECKING:
    from provision.verify.target import Target
    from provision.verify.turn.message import Address
    from provision.verify.xmpp.services import Service

STUN_PORT = 3478
MEDIA_PORT = 10000
INSIDE4 = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - a peer, not something to listen on
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
)
INSIDE6 = (
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "fd00::1",
    "fe80::1",
    "ff02::1",
)
ALLOWED = 0
"""The code that stands for `not refused`."""
SILENT = -1
"""The code that stands for `no answer`."""


class Stun(TypedDict):
    """One server that tells participants their address."""

    host: str
    port: int
    answers: bool
    right: bool
    """Whether what it tells is this computer's address, or one of a router in between."""


class Entrance(TypedDict):
    """One way into the relay, with the credentials that it announced."""

    host: str
    port: int
    transport: str
    code: int
    reason: str
    """Why there is no connection, where there is none."""


class Relay(TypedDict):
    """The section. Codes are TURN's own; 0 says yes, -1 that there was no answer."""

    stun: list[Stun]
    announced: bool | None
    """Whether a relay is announced to guests, with credentials; nothing where nobody asked."""
    entrances: list[Entrance]
    anonymous: int | None
    """What an allocation without valid credentials brings."""
    tcp: int | None
    """What the wish to relay TCP brings."""
    ipv6: int | None
    """What the wish for an IPv6 address brings."""
    peers: dict[str, int]
    """What the wish to reach an inner address brings."""
    own: int | None
    """The same for the server's own address, where the bridge is."""
    bridge: bool
    """Whether the bridge answers through the relay."""
    others: dict[str, bool]
    """Whether other ports of the server answer through the relay."""


def measure(target: Target) -> Relay:
    """Return where STUN and TURN answer and lead; NotMeasuredError where there is neither."""
    limits = Limits(target.seconds)
    found = Relay(
        stun=[],
        announced=None,
        entrances=[],
        anonymous=None,
        tcp=None,
        ipv6=None,
        peers={},
        own=None,
        bridge=False,
        others={},
    )
    if target.school is None:
        found["stun"].append(_stun(target, target.domain, STUN_PORT, limits))
        if not found["stun"][0]["answers"]:
            raise NotMeasuredError(
                N_("Nothing answers to STUN at {host}:{port}."), host=target.host, port=STUN_PORT
            )
        return found
    # What is announced of somebody else's is no business of this probe; `xmpp` reports it.
    announced = _announced(target, limits)
    own = own_hosts(target, {each.host for each in announced}, limits.left())
    known = [each for each in announced if each.host in own]
    for each in known:
        if each.kind in {"stun", "turn"} and each.transport != "tcp":
            found["stun"].append(_stun(target, each.host, each.port, limits))
    relays = [each for each in known if each.kind in {"turn", "turns"} and each.password]
    found["announced"] = bool(relays)
    for each in relays:
        _enter(target, each, limits, found)
    limits.left()
    return found


def _announced(target: Target, limits: Limits) -> list[Service]:
    """Return what a guest is told."""
    for host in (f"guest.{target.domain}", target.domain):
        try:
            with Session(target, host, limits) as guest:
                guest.sign_in()
                return services.announced(guest, target.domain) or []
        except (RefusedError, ClosedError):
            continue
    raise NotMeasuredError(N_("Nobody is told of a relay without an account."))


def _stun(target: Target, host: str, port: int, limits: Limits) -> Stun:
    """Ask one server for the own address; two tries, as datagrams get lost."""
    answer = Stun(host=host, port=port, answers=False, right=False)
    try:
        wire = UdpWire(_place(target, host), port)
        try:
            seen, here = seen_address(wire, limits), wire.own
        finally:
            wire.close()
    except (OSError, TurnError):
        return answer
    if seen:
        answer["answers"] = True
        own = ipaddress.ip_address(here)
        answer["right"] = seen[0] == own or (own.is_private and not seen[0].is_private)
    return answer


def _place(target: Target, host: str) -> str:
    """Return where a host of this server is: DNS may not know it yet."""
    return target.host if host == target.domain else host


def _wire(target: Target, service: Service, limits: Limits) -> UdpWire | StreamWire:
    place = _place(target, service.host)
    if service.kind == "turn" and service.transport != "tcp":
        return UdpWire(place, service.port)
    return StreamWire((place, service.port), service.host, trusting(target, secret=False), limits)


def _enter(target: Target, service: Service, limits: Limits, found: Relay) -> None:
    """Enter by one way; by the first that works, look around."""
    entrance = Entrance(
        host=service.host,
        port=service.port,
        transport="udp" if service.kind == "turn" and service.transport != "tcp" else "tls",
        code=SILENT,
        reason="",
    )
    found["entrances"].append(entrance)
    try:
        with Guest(
            _wire(target, service, limits), service.username, service.password, limits
        ) as guest:
            address, _port = guest.allocate()
            entrance["code"] = ALLOWED
            if found["own"] is None:
                _look_around(guest, address, found)
        if found["anonymous"] is None:
            _look_from_outside(target, service, limits, found)
    except DeniedError as refusal:
        entrance["code"] = refusal.code
    except OSError as error:
        entrance["reason"] = error.strerror or str(error)
    except (TurnError, XmppError) as error:
        entrance["reason"] = str(error)


def _look_around(guest: Guest, address: Address, found: Relay) -> None:
    """Ask where the relay leads from an IPv4 address."""
    inside = INSIDE4 if address.version == 4 else INSIDE6  # noqa: PLR2004
    for peer in inside:
        found["peers"][peer] = _permission(guest, ipaddress.ip_address(peer))
    found["own"] = _permission(guest, address)
    if found["own"] == ALLOWED:
        found["bridge"] = guest.reaches(address, MEDIA_PORT)
        found["others"] = {str(STUN_PORT): guest.reaches(address, STUN_PORT)}


def _permission(guest: Guest, peer: Address) -> int:
    try:
        guest.permit(peer)
    except DeniedError as refusal:
        return refusal.code
    except TimeoutError:
        return SILENT
    return ALLOWED


def _look_from_outside(target: Target, service: Service, limits: Limits, found: Relay) -> None:
    """Try what needs an allocation of its own."""
    found["anonymous"] = _allocation(target, service._replace(password="guessed"), limits)  # noqa: S106
    found["tcp"] = _allocation(target, service, limits, TCP)
    with Guest(_wire(target, service, limits), service.username, service.password, limits) as guest:
        try:
            guest.allocate(UDP, IPV6)
        except DeniedError as refusal:
            found["ipv6"] = refusal.code
            return
        except TimeoutError:
            found["ipv6"] = SILENT
            return
        found["ipv6"] = ALLOWED
        for peer in INSIDE6:
            found["peers"][peer] = _permission(guest, ipaddress.ip_address(peer))


def _allocation(target: Target, service: Service, limits: Limits, transport: bytes = UDP) -> int:
    wire = _wire(target, service, limits)
    with Guest(wire, service.username, service.password, limits) as guest:
        try:
            guest.allocate(transport)
        except DeniedError as refusal:
            return refusal.code
        except TimeoutError:
            return SILENT
    return ALLOWED
