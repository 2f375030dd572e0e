"""What a stranger may do over XMPP: sign in, look around, open and list rooms.

No credentials are used. On somebody else's server (a target without a school) nothing is asked
that could open a room: a conference there would be somebody else's work and log line.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from provision.messages.i18n import N_
from provision.verify.outside.addresses import own_hosts
from provision.verify.probes.xmpp_names import Names, from_settings, usual
from provision.verify.xmpp import rooms, services
from provision.verify.xmpp.hosts import Host, by_bosh, by_websocket, services_host
from provision.verify.xmpp.limits import Limits, SilentError, XmppError
from provision.verify.xmpp.session import INFO, RefusedError

if TYPE_CHECKING:
    from provision.verify.target import Target
    from provision.verify.xmpp.rooms import Entry, Opening
    from provision.verify.xmpp.session import Session

BREWERY = "jvbbrewery"
"""The room where bridges announce themselves; its name is the same everywhere."""
_MOST = 20
"""Components, relays or identities that are looked at."""


class Component(TypedDict):
    """A part of the conference system that the server announces."""

    kind: str
    """Jitsi's name, for instance speakerstats."""
    address: str


class Relay(TypedDict):
    """A STUN or TURN server that participants are told to use."""

    kind: str
    host: str
    port: int
    transport: str
    own: bool
    """Whether its name leads to the address that was probed."""
    seconds: int | None
    """How long its credentials hold."""


class Door(TypedDict):
    """Somebody's try to enter a room that no focus has opened."""

    kind: str
    room: str
    entry: Entry


class Xmpp(TypedDict):
    """The section."""

    domain: str
    hosts: list[Host]
    services: dict[str, str]
    """How the host of focus and bridge answers over `websocket` and `bosh`: `refused`, `open` or
    `no answer`."""
    stranger: str
    """The host where a stranger could sign in; empty if nowhere."""
    components: list[Component]
    relays: list[Relay] | None
    lists: dict[str, int | None]
    """How many rooms each host shows in its list; nothing where it refuses."""
    room_open: bool
    """Whether a room was open while the lists were read."""
    conference: Opening | None
    """Nothing where it was not asked."""
    entry: Entry | None
    """What became of the stranger at the door of the room that was asked for."""
    doors: list[Door] | None


def measure(target: Target) -> Xmpp:
    """Return what a stranger sees; NotMeasuredError where no XMPP server answers."""
    limits = Limits(target.seconds)
    names = usual(target.domain)
    hosts, stranger = by_websocket(target, names.domain, limits)
    if not hosts and (others := from_settings(target, limits)):
        names = others
        hosts, stranger = by_websocket(target, names.domain, limits)
    over_bosh, clock = by_bosh(target, names.domain, limits)
    found = Xmpp(
        domain=names.domain,
        hosts=hosts + over_bosh,
        services=services_host(target, names.domain, limits),
        stranger="",
        components=[],
        relays=None,
        lists={},
        room_open=False,
        conference=None,
        entry=None,
        doors=None,
    )
    if not any(host["mechanisms"] for host in found["hosts"]):
        raise XmppError(N_("No XMPP server for {domain} answers."), domain=target.domain)
    if stranger is None:
        return found
    with stranger:
        found["stranger"] = stranger.host
        _look_around(stranger, target, names, found, clock)
        if target.school is not None:
            _try_doors(stranger, names, found)
    limits.left()  # what was not answered for want of time is no answer
    return found


# Looking around -----------------------------------------------------------------------------------


class _Item(NamedTuple):
    address: str
    identities: list[tuple[str, str, str]]


def _look_around(
    stranger: Session, target: Target, names: Names, found: Xmpp, clock: float
) -> None:
    main = _identities(stranger, names.domain)
    found["components"] = [
        Component(kind=kind[:60], address=name[:200])
        for category, kind, name in main
        if category == "component"
    ]
    announced = {each["kind"]: each["address"] for each in found["components"]}
    for item in _items(stranger, names.domain):
        kinds = [kind for category, kind, _name in item.identities if category == "conference"]
        if kinds and item.address not in announced.values():
            announced[f"rooms {item.address}"] = item.address
            found["components"].append(Component(kind="rooms", address=item.address))
    found["relays"] = _relays(stranger, target, names, clock)
    hosts = _room_hosts(found, names)
    seat = _ask_for_conference(stranger, names, found) if target.school is not None else None
    found["lists"] = {host: rooms.listed(stranger, host) for host in hosts.values()}
    if seat:
        rooms.leave(seat)


def _identities(stranger: Session, address: str) -> list[tuple[str, str, str]]:
    try:
        answer = stranger.ask("get", address, f"<query xmlns='{INFO}'/>")
    except (RefusedError, SilentError):
        return []
    found = [
        (each.get("category", ""), each.get("type", ""), each.get("name", ""))
        for each in answer.iter(f"{{{INFO}}}identity")
    ]
    return found[:_MOST]


def _items(stranger: Session, domain: str) -> list[_Item]:
    """Return what the server lists as its parts."""
    try:
        answer = stranger.ask("get", domain, f"<query xmlns='{rooms.ITEMS}'/>")
    except (RefusedError, SilentError):
        return []
    addresses = [each.get("jid", "") for each in answer.iter(f"{{{rooms.ITEMS}}}item")]
    own = [each for each in addresses if each.endswith(f".{domain}")]
    return [_Item(each, _identities(stranger, each)) for each in own[:_MOST]]


def _room_hosts(found: Xmpp, names: Names) -> dict[str, str]:
    """Return where rooms live: as announced, else as Jitsi's packages name it."""
    announced = {each["kind"]: each["address"] for each in found["components"]}
    return {
        "conference": names.conference,
        "lobby": announced.get("lobbyrooms") or f"lobby.{names.domain}",
        "breakout": announced.get("breakout_rooms") or f"breakout.{names.domain}",
        "internal": f"internal.auth.{names.domain}",
    }


def _relays(stranger: Session, target: Target, names: Names, clock: float) -> list[Relay] | None:
    """Return the relays that are announced; nothing where the server does not tell."""
    found = services.announced(stranger, names.domain)
    if found is None:
        return None
    now = time.time() + clock
    own = own_hosts(target, {each.host for each in found}, target.seconds)
    return [
        Relay(
            kind=each.kind,
            host=each.host,
            port=each.port,
            transport=each.transport,
            own=each.host in own,
            seconds=None if each.expires is None else round(each.expires - now),
        )
        for each in found
    ]


# Doors --------------------------------------------------------------------------------------------


def _ask_for_conference(stranger: Session, names: Names, found: Xmpp) -> rooms.Seat | None:
    """Ask for a conference and knock; return the place where the server lets a stranger in."""
    room = f"{rooms.unguessable()}@{names.conference}"
    opening = rooms.open_conference(stranger, f"focus.{names.domain}", room)
    seat, entry = rooms.enter(stranger, room)
    inside = entry["outcome"] == "entered"
    found["conference"], found["entry"] = opening, entry
    found["room_open"] = opening["ready"] or inside
    return seat if inside else None


def _try_doors(stranger: Session, names: Names, found: Xmpp) -> None:
    """Try to make rooms without the focus, and to enter where bridges meet."""
    tries = [
        (kind, f"{rooms.unguessable()}@{host}") for kind, host in _room_hosts(found, names).items()
    ]
    tries.append(("brewery", f"{BREWERY}@internal.auth.{names.domain}"))
    doors = []
    for kind, room in tries:
        seat, entry = rooms.enter(stranger, room)
        if entry["outcome"] == "entered":
            rooms.leave(seat)
        doors.append(Door(kind=kind, room=room, entry=entry))
    found["doors"] = doors
