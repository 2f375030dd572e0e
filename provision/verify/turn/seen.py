"""What the probe of STUN and TURN notes: data that JSON can hold, and no credentials."""

from __future__ import annotations

from typing import TypedDict


class Stun(TypedDict):
    """One server that tells participants their address."""

    host: str
    port: int
    answers: bool
    right: bool
    """Whether what it tells is this computer's address, or one of a router in between."""
    software: str
    """What it says of itself, unasked."""


class Entrance(TypedDict):
    """One way into the relay, with the credentials that it announced."""

    host: str
    port: int
    transport: str
    code: int
    reason: str
    """Why there is no connection, where there is none."""


class Told(TypedDict):
    """One relay that somebody in a room is told of."""

    host: str
    port: int
    own: bool
    """Whether it is the school's own server."""
    seconds: int | None
    """For how long its credentials hold."""


class Relay(TypedDict):
    """The section. Codes are TURN's own; 0 says yes, -1 that there was no answer."""

    stun: list[Stun]
    stranger: bool | None
    """Whether a guest who is in no room gets credentials; nothing where nobody asked."""
    announced: bool | None
    """Whether a relay is announced with credentials at all; nothing where nobody asked."""
    told: list[Told]
    """What is announced, to whoever is told."""
    named: bool
    """Whether the credentials bear a name by which the relay can count; else only a time."""
    share: int | None
    """How many allocations one person gets at once, of MOST that are tried."""
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
