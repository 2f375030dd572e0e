"""Which packets of a stranger a rule of nftables is about; a small grammar, and nothing guessed.

A number stands for packets: a bit for each port of TCP, then of UDP, then one for other protocols.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, NamedTuple

PORTS = 1 << 16
ALL_PORTS = (1 << PORTS) - 1
TCP, UDP, OTHER = ALL_PORTS, ALL_PORTS << PORTS, 1 << (2 * PORTS)
EVERYTHING = TCP | UDP | OTHER
BY_NAME = {"tcp": TCP, "udp": UDP, "th": TCP | UDP, 6: TCP, 17: UDP}
# Protocols that tell of errors and neighbours.
HARMLESS = {"icmp", "icmpv6", "ipv6-icmp", "igmp", 1, 2, 58}
ANSWERS = {"established", "related", "invalid"}
# What begins shorter than this is a part of the internet, not somebody's network.
NETWORK = {4: 8, 6: 16}


@dataclass(frozen=True)
class Stranger:
    """Whose packets are tried: by way in or out, family, and the account that sends them."""

    hook: str
    family: str
    outward: frozenset[str]
    """The interfaces that lead to others."""
    account: tuple[str, ...] = ()
    """Number and name of the account here; nobody's in particular."""

    @property
    def far(self) -> str:
        """The field that holds the other end's address."""
        return "saddr" if self.hook == "input" else "daddr"


class About(NamedTuple):
    """What a condition lets through."""

    packets: int
    some: bool = False
    """Whether others of the same kind do not fulfil it, as the stranger likes."""


def about(left: Any, operation: str, values: list[Any] | None, stranger: Stranger) -> About | None:
    """Return which packets fulfil a condition, or nothing where nobody knows."""
    try:
        kind, what = next(iter(left.items()))
        assert values
        if kind == "payload" and what["field"] == "dport":
            ports = _ports(operation, values)
            return About(BY_NAME[what["protocol"]] & (ports | ports << PORTS))
        found = _plain(kind, what, values, stranger) if operation in {"==", "in", "!="} else None
    except (TypeError, ValueError, KeyError, AttributeError, AssertionError):
        return None
    if found is None or operation != "!=":
        return found
    if (
        kind == "payload"
        and what["protocol"] in {"ip", "ip6"}
        and what["protocol"] != (stranger.family)
    ):
        return About(0)  # the field's own protocol is asked for first
    return found if found.some else About(EVERYTHING & ~found.packets)


def _plain(kind: str, what: Any, values: list[Any], stranger: Stranger) -> About | None:
    """Return the packets whose field has one of these values, or nothing where nobody knows."""
    if kind == "ct" and what["key"] == "state":
        if set(values) <= ANSWERS:
            return About(0)
        return About(EVERYTHING) if "new" in values else None
    if kind == "meta" and what["key"] in {"iif", "iifname", "oif", "oifname"}:
        return _interface(what["key"], values, stranger)
    if kind == "meta":
        return _meta(what["key"], values, stranger)
    return _header(what["protocol"], what["field"], values, stranger) if kind == "payload" else None


def _header(protocol: str, field: str, values: list[Any], stranger: Stranger) -> About | None:
    if protocol in {"ip", "ip6"}:
        return _address(protocol, field, values, stranger)
    if protocol in HARMLESS:
        return About(0)
    # Whoever knocks chooses the port from which.
    return About(BY_NAME[protocol], some=True) if field == "sport" else None


def _address(protocol: str, field: str, values: list[Any], stranger: Stranger) -> About | None:
    if protocol != stranger.family:
        return About(0)
    if field in {"protocol", "nexthdr"}:
        return _protocols(values)
    if field == stranger.far:
        shares = [_share(value) for value in values]
        if "all" in shares:
            return About(EVERYTHING)
        return About(EVERYTHING, some=True) if "many" in shares else About(0)
    # The server's own end: a stranger may aim at another address of it.
    return About(EVERYTHING, some=True) if field in {"saddr", "daddr"} else None


def _interface(key: str, values: list[Any], stranger: Stranger) -> About | None:
    of_this_way = key.startswith("i") == (stranger.hook == "input")
    if not of_this_way or not stranger.outward or any("*" in value for value in values):
        return None
    named = stranger.outward & set(values)
    return About(EVERYTHING if named else 0, some=bool(named) and named != stranger.outward)


def _meta(key: str, values: list[Any], stranger: Stranger) -> About | None:
    if key == "l4proto":
        return _protocols(values)
    if key == "nfproto":
        wanted = {"ip": "ipv4", "ip6": "ipv6"}[stranger.family]
        return About(EVERYTHING if wanted in values else 0)
    if key == "skuid" and stranger.hook == "output":
        if any(isinstance(value, dict) for value in values):
            return None
        mine = {str(value) for value in values} & set(stranger.account)
        return About(EVERYTHING if mine else 0)
    return None


def _protocols(values: list[Any]) -> About | None:
    found = 0
    for value in values:
        if isinstance(value, dict):
            return None
        if value not in HARMLESS:
            found |= BY_NAME.get(value, OTHER)
    # There are many other protocols, and one bit for them all.
    return About(found, some=bool(found & OTHER))


def _ports(operation: str, values: list[Any]) -> int:
    """Return the ports for which a comparison holds, as bits."""
    if operation in {"==", "in", "!="}:
        found = 0
        for value in values:
            found |= _span(*value["range"]) if isinstance(value, dict) else _span(value, value)
        return ALL_PORTS & ~found if operation == "!=" else found
    (limit,) = values
    return {
        "<": _span(0, limit - 1),
        "<=": _span(0, limit),
        ">": _span(limit + 1, PORTS - 1),
        ">=": _span(limit, PORTS - 1),
    }[operation]


def _span(first: int, last: int) -> int:
    return (1 << (last + 1)) - (1 << first) if 0 <= first <= last < PORTS else 0


def _share(value: Any) -> str:
    """Return whether addresses are `all` that there are, `many` of them, or `few`."""
    if isinstance(value, dict) and "prefix" in value:
        network = ipaddress.ip_network(f"{value['prefix']['addr']}/{value['prefix']['len']}")
        first, last = network[0], network[-1]
    else:
        first, last = map(ipaddress.ip_address, value["range"] if isinstance(value, dict) else
                          (value, value))  # fmt: skip
    if first.is_link_local and last.is_link_local:
        return "few"
    number = int(last) - int(first) + 1
    if number == 1 << first.max_prefixlen:
        return "all"
    return "many" if number > 1 << (first.max_prefixlen - NETWORK[first.version]) else "few"
