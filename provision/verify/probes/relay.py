"""STUN and TURN as a guest uses them: who is let in, how much one takes, where the relay leads.

A relay wants credentials, so on somebody else's server only STUN is asked. On a school's own a
temporary teacher enters a room, if a guest without one is told none. Permissions are asked for, and
nothing is sent to the refused peers; what was allocated is given back.
"""

from __future__ import annotations

import ipaddress
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from provision.messages.i18n import N_
from provision.messages.reasons import plain
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside import services as ports
from provision.verify.outside.addresses import own_hosts
from provision.verify.turn.guest import (
    IPV6,
    TCP,
    UDP,
    DeniedError,
    Guest,
    StreamWire,
    UdpWire,
    seen_address,
)
from provision.verify.turn.message import TurnError
from provision.verify.turn.seen import Entrance, Relay, Stun, Told
from provision.verify.xmpp import services
from provision.verify.xmpp.limits import ClosedError, Limits, XmppError
from provision.verify.xmpp.participant import participant
from provision.verify.xmpp.session import RefusedError, Session
from provision.verify.xmpp.wire import trusting

if TYPE_CHECKING:
    from provision.verify.target import Target
    from provision.verify.turn.message import Address
    from provision.verify.xmpp.services import Service

LONGER = 2
"""How many times as long as other probes: entering a room takes a dozen steps."""
MOST = 24
"""Allocations that one person tries to have at once; twice what a browser needs."""
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
QUOTA = 486
"""TURN's `Allocation Quota Reached`."""
SILENT = -1
"""The code that stands for `no answer`."""


def measure(target: Target) -> Relay:
    """Return where STUN and TURN answer and lead; NotMeasuredError where there is neither."""
    found = Relay(
        stun=[],
        stranger=None,
        announced=None,
        told=[],
        named=False,
        share=None,
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
        limits = Limits(target.seconds)
        found["stun"].append(_stun(target, target.domain, ports.STUN, limits))
        if not found["stun"][0]["answers"]:
            raise NotMeasuredError(
                N_("Nothing answers to STUN at {host}:{port}."), host=target.host, port=ports.STUN
            )
        return found
    limits = Limits(target.seconds * LONGER)
    with ExitStack() as stack:
        announced = _announced(target, limits)
        found["stranger"] = any(map(_is_relay, announced))
        if not found["stranger"]:
            person = stack.enter_context(participant(target, limits))
            announced = services.announced(person, target.domain) or []
            if not any(map(_is_relay, announced)):
                announced = services.told(person) or announced
        _measure(target, announced, limits, found)
    limits.left()
    return found


def _measure(target: Target, announced: list[Service], limits: Limits, found: Relay) -> None:
    """Try what is announced. What is somebody else's is noted, and not entered."""
    own = own_hosts(target, {each.host for each in announced}, limits.left())
    found["told"] = [
        Told(
            host=each.host,
            port=each.port,
            own=each.host in own,
            seconds=None if each.expires is None else round(each.expires - time.time()),
        )
        for each in announced
        if each.kind in {"turn", "turns"}
    ]
    known = [each for each in announced if each.host in own]
    for each in known:
        if each.kind in {"stun", "turn"} and each.transport != "tcp":
            found["stun"].append(_stun(target, each.host, each.port, limits))
    relays = [each for each in known if _is_relay(each)]
    found["announced"] = bool(relays)
    found["named"] = all(each.username.partition(":")[2] for each in relays)
    for each in relays:
        _enter(target, each, limits, found)
    for each, entrance in zip(relays, found["entrances"], strict=True):
        if entrance["code"] == ALLOWED:
            found["share"] = _share(target, each, limits)
            break


def _is_relay(service: Service) -> bool:
    return service.kind in {"turn", "turns"} and bool(service.password)


def _announced(target: Target, limits: Limits) -> list[Service]:
    """Return what a guest is told who is in no room, wherever and however it asks."""
    signed_in, found = False, []
    for host in (f"guest.{target.domain}", target.domain):
        try:
            with Session(target, host, limits) as guest:
                guest.sign_in()
                signed_in = True
                for place in (target.domain, host, f"metadata.{target.domain}"):
                    told = services.announced(guest, place) or []
                    found += told + services.granted(guest, place, told)
        except (RefusedError, ClosedError):
            continue
        break
    if not signed_in:
        raise NotMeasuredError(N_("Nobody is told of a relay without an account."))
    # Each is told in several places; one with a password counts.
    best: dict[tuple[str, str, int], Service] = {}
    for each in found:
        key = (each.kind, each.host, each.port)
        if each.password or key not in best:
            best[key] = each
    return list(best.values())


def _share(target: Target, service: Service, limits: Limits) -> int | None:
    """Return how many allocations one person gets before the relay says that it is enough."""
    with ExitStack() as stack:
        for number in range(MOST):
            wire = _wire(target, service, limits)
            guest = stack.enter_context(Guest(wire, service.username, service.password, limits))
            try:
                guest.allocate()
            except DeniedError as refusal:
                return number if refusal.code == QUOTA else None
            except (TimeoutError, TurnError):
                return None
    return MOST


def _stun(target: Target, host: str, port: int, limits: Limits) -> Stun:
    """Ask one server for the own address; two tries, as datagrams get lost."""
    answer = Stun(host=host, port=port, answers=False, right=False, software="")
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
        answer["software"] = seen.software[:60]
        own = ipaddress.ip_address(here)
        answer["right"] = seen.address == own or (own.is_private and not seen.address.is_private)
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
        entrance["reason"] = plain(error)
    except (TurnError, XmppError) as error:
        entrance["reason"] = str(error)


def _look_around(guest: Guest, address: Address, found: Relay) -> None:
    """Ask where the relay leads from an IPv4 address."""
    inside = INSIDE4 if address.version == 4 else INSIDE6  # noqa: PLR2004
    for peer in inside:
        found["peers"][peer] = _permission(guest, ipaddress.ip_address(peer))
    found["own"] = _permission(guest, address)
    if found["own"] == ALLOWED:
        found["bridge"] = guest.reaches(address, ports.MEDIA)
        found["others"] = {str(ports.STUN): guest.reaches(address, ports.STUN)}


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
