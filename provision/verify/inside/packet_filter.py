"""nftables' rules, tried with every port at which a stranger could knock; nothing is sent.

Each chain is walked for two kinds of packets at once: those that surely come to a rule, and those
that may. They differ where a rule says something that is not in the grammar of packet_match.py and
of this module, so that a judge can tell what is open from what was not understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provision.verify.inside import packet_match
from provision.verify.inside.packet_match import EVERYTHING, TCP, UDP, Stranger

FAMILIES = {"inet": ("ip", "ip6"), "ip": ("ip",), "ip6": ("ip6",)}
# They decide nothing about the packet.
NEUTRAL = {"counter", "log", "comment", "mangle", "notrack", "continue"}
# Some packets go on, and some do not: whoever comes slowly enough passes.
SPLITS = {"limit", "ct count"}
HARMLESS_FLAGS = {"owner", "persist"}
DEPTH = 16

Place = tuple[str, str, str]
"""Family, table and chain."""


@dataclass
class _Way:
    """What becomes of packets on their way through one chain."""

    sure: int
    may: int
    opened_sure: int = 0
    opened_may: int = 0
    back_sure: int = 0
    back_may: int = 0
    """What went back to where the chain was called."""


@dataclass
class _Condition:
    """What a rule asks before it decides."""

    sure: int = EVERYTHING
    may: int = EVERYTHING
    some: bool = False
    """Whether equal packets may go on, for instance those that come slowly."""


@dataclass(frozen=True)
class _Chain:
    """Which chain is walked, by whose packets, and how deep it was called."""

    place: Place
    stranger: Stranger
    depth: int = 0

    def called(self, name: str) -> _Chain:
        """Return a chain of the same table that this one calls."""
        return _Chain((*self.place[:2], name), self.stranger, self.depth + 1)


class Filter:
    """The rules of a server, as `nft -j list ruleset` tells them."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self.rules: dict[Place, list[list[dict[str, Any]]]] = {}
        self.sets: dict[Place, Any] = {}
        self.unknown: set[str] = set()
        """What was met and not understood."""
        for rule in (entry["rule"] for entry in entries if "rule" in entry):
            place = (rule["family"], rule["table"], rule["chain"])
            self.rules.setdefault(place, []).append(rule.get("expr", []))
        for held in (entry["set"] for entry in entries if "set" in entry):
            if not {"dynamic", "timeout"} & _words(held.get("flags", [])):
                self.sets[held["family"], held["table"], held["name"]] = held.get("elem", [])
        self.flags = {
            (table["family"], table["name"]): _words(table.get("flags", [])) - HARMLESS_FLAGS
            for table in (entry["table"] for entry in entries if "table" in entry)
        }
        self.bases = [
            chain
            for chain in (entry["chain"] for entry in entries if "chain" in entry)
            if chain.get("type") == "filter"
        ]

    def passes(self, stranger: Stranger) -> tuple[int, int]:
        """Return the packets that surely pass every chain, and those that may."""
        sure = may = EVERYTHING
        for chain in self.bases:
            if chain["hook"] != stranger.hook:
                continue
            if stranger.family not in FAMILIES.get(chain["family"], ()):
                continue
            place = (chain["family"], chain["table"], chain["name"])
            way = self._through(_Chain(place, stranger), _Way(EVERYTHING, EVERYTHING))
            if chain.get("policy", "accept") == "accept":
                way.opened_sure |= way.sure | way.back_sure
                way.opened_may |= way.may | way.back_may
            if flags := self.flags.get(place[:2]):
                # A dormant table does nothing; nft 1.0.6 writes the table's name for every flag.
                self.unknown.add("table flags")
                way.opened_may = EVERYTHING
                way.opened_sure = EVERYTHING if "dormant" in flags else way.opened_sure
            sure &= way.opened_sure
            may &= way.opened_may
        return sure, may

    def _through(self, chain: _Chain, way: _Way) -> _Way:
        for rule in self.rules.get(chain.place, []):
            asked = _Condition()
            for part in rule:
                word, about = next(iter(part.items()))
                if word == "match":
                    self._ask(asked, about, chain)
                elif word in SPLITS or (word == "set" and _only_splits(about)):
                    asked.some = True
                elif word == "vmap" and isinstance(about.get("data"), dict):
                    self._look_up(asked, about, way, chain)
                    break
                elif word not in NEUTRAL:
                    self._decide(part, asked, way, chain)
                    break
        return way

    def _ask(self, asked: _Condition, match: dict[str, Any], chain: _Chain) -> None:
        values = self._values(match["right"], chain.place)
        found = packet_match.about(match["left"], match["op"], values, chain.stranger)
        if found is None:
            self.unknown.add(_named(match["left"]))
            asked.sure = 0
        else:
            asked.sure &= found.packets
            asked.may &= found.packets
            asked.some = asked.some or found.some

    def _look_up(self, asked: _Condition, about: dict[str, Any], way: _Way, chain: _Chain) -> None:
        """Take each line of a verdict map as a rule of its own."""
        for value, verdict in about["data"]["set"]:
            one = _Condition(asked.sure, asked.may, asked.some)
            match = {"op": "==", "left": about["key"], "right": value}
            self._ask(one, match, chain)
            self._decide(verdict, one, way, chain)

    def _decide(self, part: dict[str, Any], asked: _Condition, way: _Way, chain: _Chain) -> None:
        """Do what a verdict says to the packets that come to it."""
        word, about = next(iter(part.items()))
        sure, may = way.sure & asked.sure, way.may & asked.may
        inner = _Way(0, 0)
        if word == "accept":
            inner = _Way(0, 0, sure, may)
        elif word == "return":
            inner = _Way(0, 0, 0, 0, sure, may)
        elif word in {"jump", "goto"} and chain.depth < DEPTH:
            inner = self._through(chain.called(about["target"]), _Way(sure, may))
            back = inner.sure | inner.back_sure, inner.may | inner.back_may
            none = 0, 0
            (inner.sure, inner.may), (inner.back_sure, inner.back_may) = (
                (back, none) if word == "jump" else (none, back)
            )
        elif word not in {"drop", "reject"}:
            self.unknown.add(word)
            way.opened_may |= may
            way.sure &= ~asked.may
            return
        way.opened_sure |= inner.opened_sure
        way.opened_may |= inner.opened_may
        way.back_sure |= inner.back_sure
        way.back_may |= inner.back_may
        if not asked.some:
            way.sure = way.sure & ~asked.may | inner.sure
            way.may = way.may & ~asked.sure | inner.may

    def _values(self, right: Any, place: Place) -> list[Any] | None:
        """Return what a field is compared with; nothing where that is not known."""
        if isinstance(right, str) and right.startswith("@"):
            right = self.sets.get((place[0], place[1], right[1:]))
        if isinstance(right, dict) and "set" in right:
            right = right["set"]
        listed = right if isinstance(right, list) else [right]
        if listed == [None]:
            return None
        return [
            each["elem"]["val"] if isinstance(each, dict) and "elem" in each else each
            for each in listed
        ]


def counted(packets: int) -> dict[str, int]:
    """Return how many ports of each protocol are among packets."""
    return {"tcp": (packets & TCP).bit_count(), "udp": (packets & UDP).bit_count()}


def _words(flags: str | list[str]) -> set[str]:
    return {flags} if isinstance(flags, str) else set(flags)


def _only_splits(about: dict[str, Any]) -> bool:
    """Tell whether a rule that notes an address goes on only by how often that one comes."""
    limits = {next(iter(each)) for each in about.get("stmt", [])}
    return bool(limits & SPLITS) and limits <= SPLITS | {"counter"}


def _named(left: Any) -> str:
    """Return a word for what a rule asks."""
    kind, about = next(iter(left.items())) if isinstance(left, dict) else ("?", None)
    known = about if isinstance(about, dict) else {}
    words = [known.get(word) for word in ("protocol", "field", "key")]
    return " ".join([kind, *(str(word) for word in words if word)])
