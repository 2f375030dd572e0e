"""Whether a school's names lead to its server, judged from what the name servers say."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provision.check.judges.server import addressing
from provision.messages.i18n import _
from provision.messages.result import Result, failure, note, ok, warning
from provision.settings.hosts import as_ip
from provision.settings.public_address import is_inner

if TYPE_CHECKING:
    from provision.check.lookups import Answer, Name, Names


@dataclass(frozen=True)
class Place:
    """Where the server is: what its names should say."""

    entered: str
    """The IPv4 address at which somebody comes in, be it one of an inner network; or nothing."""
    ipv6: str
    own: frozenset[str] = frozenset()
    """Every address that is the server's as well."""

    @property
    def inner(self) -> bool:
        """Whether nobody out of the internet comes in at the IPv4 address that is known."""
        return is_inner(self.entered)

    @property
    def ipv4(self) -> str:
        """Return the IPv4 address at which people reach it, or nothing."""
        return "" if self.inner else self.entered

    def address(self, kind: str) -> str:
        """Return the address that a record of this type should hold."""
        return self.ipv4 if kind == "A" else self.ipv6

    def is_here(self, value: str) -> bool:
        """Return whether an address leads to the server."""
        known = as_ip(value)
        return str(known) in self.own | {self.entered, self.ipv6}


def located(server: dict[str, Any], address: str) -> Place:
    """Return where the server is; `address` is where people come in by the settings."""
    way = addressing(server, address)
    return place(server, address, way["public_address4"], public=way["public"])


def place(server: dict[str, Any], address: str, public_ipv4: str, *, public: bool) -> Place:
    """Return where the server is, from what was seen there and from the settings."""
    given = as_ip(address)
    own = [ipaddress.ip_address(text) for text in server["addresses"]]
    # A record with a private address leads nobody to a server that is in the internet.
    reachable = [one for one in own if one.is_global or not public]
    ipv6 = [str(one) for one in reachable if one.version == 6]  # noqa: PLR2004 - the family
    if given and given.version == 6:  # noqa: PLR2004 - as above
        ipv6.insert(0, str(given))
    else:
        ipv6.sort(key=lambda text: text != server["address6"])
    known = [one for one in own if one.version == 4 and one.is_global]  # noqa: PLR2004 - as above
    # Who signs in through a private network does not mean its address for everybody.
    if given and given.version == 4 and (given.is_global or not known):  # noqa: PLR2004 - as above
        public_ipv4 = str(given)
    outer6 = [text for text in ipv6 if not is_inner(text)]
    return Place(public_ipv4, outer6[0] if outer6 else "", frozenset(map(str, reachable)))


def check(names: Names, where: Place) -> list[Result]:
    """Return all findings about the names of a school."""
    findings = []
    for name in names.names:
        found = _addresses(name, where)
        if not found:
            shown = ", ".join((*name.ipv4.values, *name.ipv6.values))
            sentence = _("{name} points to the server: {addresses}.")
            found = [ok(sentence.format(name=name.name, addresses=shown))]
        findings += found
    for address, answer in names.reverse.items():
        if answer.values:
            sentence = _("The reverse name of {address} is {name}.")
            values = ", ".join(value.rstrip(".") for value in answer.values)
            findings.append(ok(sentence.format(address=address, name=values)))
        elif answer.state in {"none", "unknown"}:
            sentence = _("{address} has no reverse name; nothing here needs one.")
            findings.append(note(sentence.format(address=address)))
    return findings


def no_second_name() -> Result:
    """Return what it costs to have no second name for the relay (the setting turn_domain)."""
    return note(
        _(
            "There is no second name for the relay (`turn_domain`): people in networks that let "
            "only HTTPS out would have neither sound nor picture."
        )
    )


def _addresses(name: Name, where: Place) -> list[Result]:
    """Return what is wrong with the addresses of one name."""
    states = {name.ipv4.state, name.ipv6.state}
    if "silent" in states:
        return [
            warning(
                _("{name} was not checked: no name server answers this computer.").format(
                    name=name.name
                ),
                _("connect this computer to the internet, or try from another network"),
            )
        ]
    if "broken" in states:
        return [
            failure(
                _("The name servers of {name} fail.").format(name=name.name),
                _("at your registrar, look at the name servers of the domain, and at DNSSEC: an "
                  "old DS record has to be deleted"),
            )
        ]  # fmt: skip
    if not name.ipv4.values and not name.ipv6.values:
        return [_missing(name.name, where)]
    findings = []
    for kind, answer in (("A", name.ipv4), ("AAAA", name.ipv6)):
        wrong = [value for value in answer.values if not where.is_here(value)]
        if wrong:
            if kind == "A" and where.inner and not all(map(is_inner, wrong)):
                findings.append(_not_known(name.name, wrong))
                continue
            findings.append(_elsewhere(name.name, kind, answer, wrong, where.address(kind)))
    if not name.ipv4.values and (where.ipv4 or where.inner):
        sentence = _("{name} has no A record: people without IPv6 do not find the server.")
        record = _record(name.name, "A", where.ipv4) if where.ipv4 else _unknown()
        findings.append(failure(sentence.format(name=name.name), record))
    return findings


def _missing(name: str, where: Place) -> Result:
    """Return that nobody finds the name, with every record that is to be made."""
    records = [
        _record(name, kind, address)
        for kind, address in (("A", where.ipv4), ("AAAA", where.ipv6))
        if address
    ]
    return failure(
        _("{name} points nowhere: nobody would find the server.").format(name=name),
        "\n".join(records) if where.ipv4 or (not where.inner and records) else _unknown(),
    )


def _unknown() -> str:
    """Return how the right record can be found where only inner addresses are known.

    A record with one of these would lead nobody anywhere.
    """
    return _(
        "write into inventory.yml, as `public_address`, at which IPv4 address people reach the "
        "server (your provider's page or the router shows it); then run this again, and it says "
        "which record to enter"
    )


def _not_known(name: str, wrong: list[str]) -> Result:
    """Return that a record may well lead to the server, but only the technician can know."""
    shown = ", ".join(wrong)
    return failure(
        _("{name} points to {shown}; here, the server is known by inner addresses only.").format(
            name=name, shown=shown
        ),
        _("if people reach the server at {shown}, write into inventory.yml: `public_address: "
          "{first}`; otherwise write the right one there, and run this again").format(
              shown=shown, first=wrong[0]),
    )  # fmt: skip


def _elsewhere(name: str, kind: str, answer: Answer, wrong: list[str], right: str) -> Result:
    """Return that a record leads to another machine."""
    shown = ", ".join(wrong)
    if len(wrong) < len(answer.values):
        sentence = _("{name} points to {shown} as well, which is not this server.")
        remedy = _("at your registrar, delete this record: type {kind}, name {name}, value {shown}")
    elif not right:
        sentence = _("{name} has the {kind} record {shown}, but the server has no such address.")
        remedy = _("at your registrar, delete this record: type {kind}, name {name}, value {shown}")
    else:
        sentence = _("{name} points to {shown}, but this server is {right}.")
        remedy = _("at your registrar, change this record: type {kind}, name {name}, value {right} "
                   "instead of {shown}")  # fmt: skip
    values = {"name": name, "kind": kind, "shown": shown, "right": right}
    return failure(sentence.format(**values), remedy.format(**values))


def _record(name: str, kind: str, address: str) -> str:
    """Return what to enter, as registrars' web pages ask for it."""
    return _("at your registrar, add a record: type {kind}, name {name}, value {address}").format(
        kind=kind, name=name, address=address
    )
