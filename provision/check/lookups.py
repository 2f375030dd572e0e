"""Asks this computer's name servers about a school's names; what follows, judges/names.py says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

SECONDS = 4.0
"""For one question, its repetitions included."""
ALL_SECONDS = 12.0
"""For everything about one name: a server that answers slowly may be asked about many."""
MOST_VALUES = 100
"""More is no use to anybody, and may be an attack."""


@dataclass(frozen=True)
class Answer:
    """What the name servers say to one question."""

    state: str
    """found; none: the name has no such record; unknown: there is no such name; broken: they say
    that something is wrong with it; silent: nobody answers this computer."""
    values: tuple[str, ...] = ()
    owner: str = ""
    """The name that the values belong to: of CAA it may be one above."""


@dataclass(frozen=True)
class Caa:
    """One CAA property (RFC 8659)."""

    critical: bool
    tag: str
    value: str


@dataclass(frozen=True)
class Name:
    """What is known of one name."""

    name: str
    ipv4: Answer
    ipv6: Answer
    caa: Answer
    properties: tuple[Caa, ...] = ()


@dataclass(frozen=True)
class Names:
    """What is known of all names of a school."""

    names: tuple[Name, ...] = ()
    reverse: dict[str, Answer] = field(default_factory=dict)
    """By address."""


async def look(
    names: Iterable[str], addresses: Iterable[str], resolver: Any | None = None
) -> Names:
    """Return what the name servers say of names and addresses; all is asked at the same time."""
    resolver = resolver or _resolver()
    addresses = list(addresses)
    found = await asyncio.gather(*(_in_time(resolver, name) for name in names))
    reverse = await asyncio.gather(*(_reverse(resolver, address) for address in addresses))
    return Names(tuple(found), dict(zip(addresses, reverse, strict=True)))


def _resolver() -> Any | None:
    """Return this computer's own resolver, or nothing where it has none."""
    import dns.asyncresolver  # noqa: PLC0415 - only this command needs it
    import dns.resolver  # noqa: PLC0415 - as above

    try:
        return dns.asyncresolver.Resolver()
    except (dns.resolver.NoResolverConfiguration, ValueError, OSError):
        return None


async def _in_time(resolver: Any, name: str) -> Name:
    try:
        return await asyncio.wait_for(_name(resolver, name), ALL_SECONDS)
    except TimeoutError:
        silent = Answer("silent", (), name)
        return Name(name, silent, silent, silent)


async def _name(resolver: Any, name: str) -> Name:
    ipv4, ipv6, (caa, properties) = await asyncio.gather(
        _ask(resolver, name, "A"), _ask(resolver, name, "AAAA"), _caa(resolver, name)
    )
    return Name(name, ipv4[0], ipv6[0], caa, properties)


async def _caa(resolver: Any, name: str) -> tuple[Answer, tuple[Caa, ...]]:
    """Return the records that hold for a name: its own, else those of the nearest name above."""
    labels = name.split(".")
    answer = Answer("none")
    for number in range(len(labels)):
        owner = ".".join(labels[number:])
        answer, records = await _ask(resolver, owner, "CAA")
        if answer.state == "found":
            properties = (
                Caa(bool(record.flags & 128), _text(record.tag).lower(), _text(record.value))
                for record in records
            )
            return Answer("found", answer.values, owner), tuple(properties)
        if answer.state in {"broken", "silent"}:
            return Answer(answer.state, (), owner), ()
    return answer, ()


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")


async def _reverse(resolver: Any, address: str) -> Answer:
    import dns.reversename  # noqa: PLC0415 - as above

    answer, _records = await _ask(resolver, dns.reversename.from_address(address).to_text(), "PTR")
    return answer


async def _ask(resolver: Any, name: str, kind: str) -> tuple[Answer, list[Any]]:
    """Return the answer to one question, and the records themselves."""
    import dns.exception  # noqa: PLC0415 - as above
    import dns.name  # noqa: PLC0415 - as above
    import dns.resolver  # noqa: PLC0415 - as above

    if resolver is None:
        return Answer("silent"), []
    absolute = dns.name.from_text(name.rstrip(".") + ".")
    try:
        found = await resolver.resolve(absolute, kind, search=False, lifetime=SECONDS)
    except dns.resolver.NXDOMAIN:
        return Answer("unknown"), []
    except dns.resolver.NoAnswer:
        return Answer("none"), []
    except (dns.exception.DNSException, OSError) as error:
        given_up = isinstance(error, (dns.exception.Timeout, OSError))
        return Answer("silent" if given_up else "broken"), []
    records = list(found)[:MOST_VALUES]
    return Answer("found", tuple(sorted(record.to_text() for record in records)), name), records
