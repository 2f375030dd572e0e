"""What follows from reaching for a server's ports: which rule is missing, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provision.check import listener
from provision.check.judges import foreign_filters, occupied
from provision.check.probe import Reach
from provision.declared import listening
from provision.messages.i18n import N_, _
from provision.messages.result import Result, failure, ok, warning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provision.check.ports import Ports
    from provision.check.probe import Reading

COSTS = {
    "http": N_("No certificate could be issued or renewed."),
    "https": N_("Nobody could open the page."),
    "stun": N_("Some people would have neither sound nor picture."),
    "turns": N_("People in networks that let little out would have neither sound nor picture."),
    "media": N_("From the third participant on, nobody would hear or see anybody."),
}
"""What a closed port means for a school; by the name that its role gives it."""
MEDIA, CERTIFICATES = "media", "http"
IPV4, IPV6 = listener.IPV4, listener.IPV6
FAMILIES = {IPV4: "IPv4", IPV6: "IPv6"}


@dataclass(frozen=True)
class Around:
    """What else is known of a server, and bears upon its ports."""

    listeners: Sequence[dict[str, Any]] = ()
    """Who holds which port, as server_facts sees it."""
    certificate: str = ""
    """The SHA-256 of the certificate that the server's files hold."""
    filters: Sequence[dict[str, Any]] = ()
    """Rules of others that refuse what comes in, as the packet filter itself tells of them."""
    behind: str = ""
    """The server's own address where NAT is in between."""
    letsencrypt: bool = True
    named: frozenset[int] = field(default=frozenset({IPV4, IPV6}))
    """The families in which the school's name has addresses."""


def check(ports: Ports, around: Around) -> list[Result]:
    """Return all findings about ports."""
    if ports.reason or not ports.readings:
        return [
            warning(
                _("The ports were not checked: {reason}").format(reason=ports.reason or "?"),
                _("run this again"),
            )
        ]
    if not ports.alone:
        return [
            warning(
                _("The ports were not checked: another check of this server runs just now."),
                _("run this again in half a minute"),
            )
        ]
    findings: list[Result] = []
    reached: dict[int, list[str]] = {}
    closed: dict[tuple[str, int, tuple[str, str]], list[Reading]] = {}
    for reading in ports.readings:
        aim = reading.aim
        if reading.reach is Reach.NO_WAY or _taken_by_somebody(reading, around):
            continue  # a port that somebody has is a refusal in check/judges/server.py
        if _is_reached(reading, around):
            reached.setdefault(aim.family, []).append(name(reading))
        elif _answers_nobody(reading) and reading.arrived is None:
            sentence = _("{port} was not checked over {family}: the bridge answers nobody unasked.")
            text = sentence.format(port=name(reading), family=FAMILIES[aim.family])
            findings.append(warning(text, _("hold a conference of three people")))
        else:
            told = (aim.protocol, aim.number, _words(reading, around))
            closed.setdefault(told, []).append(reading)
    unreachable = {r.aim.family for r in ports.readings if r.reach is Reach.NO_WAY}
    sentence = _("Reached from this computer over {family}: {ports}.")
    return [
        *(
            ok(sentence.format(family=FAMILIES[family], ports=", ".join(names)))
            for family, names in reached.items()
        ),
        *(_not_checked(family, around) for family in sorted(unreachable)),
        *findings,
        *(_closed(readings, words, around) for (_, _, words), readings in closed.items()),
    ]


def forwarded() -> str:
    """Return all ports as people write them."""
    return ", ".join(str(port) for port in listening.outside())


def name(reading: Reading) -> str:
    """Return how people write a port."""
    return f"{reading.aim.number}/{reading.aim.protocol}"


def _meant(reading: Reading) -> str:
    """Return what the role that listens calls the port; nothing for one of nobody's."""
    port = listening.at(reading.aim.protocol, reading.aim.number)
    return port.name if port else ""


def _not_checked(family: int, around: Around) -> Result:
    sentence = _("Not checked over {family}: this computer has no {family}.")
    remedy = _("run this once from a computer with {family}, for instance over a mobile phone")
    found = warning(
        sentence.format(family=FAMILIES[family]), remedy.format(family=FAMILIES[family])
    )
    return found if family in around.named else ok(found.sentence)


def _taken_by_somebody(reading: Reading, around: Around) -> bool:
    """Return whether a program that is none of ours has the port."""
    return reading.aim.held and any(
        (held["protocol"], held["port"]) == (reading.aim.protocol, reading.aim.number)
        and occupied.is_foreign(held)
        for held in around.listeners
    )


def _is_reached(reading: Reading, around: Around) -> bool:
    """Return whether people get through to the port."""
    if reading.reach is Reach.OPEN:
        return not _is_impostor(reading, around)
    named = foreign_filters.opens(around.filters, reading.aim.number)
    return _answers_nobody(reading) and bool(reading.arrived) and named


def _answers_nobody(reading: Reading) -> bool:
    """Return whether this is the bridge, and silent: it answers only to those who are invited."""
    bridge = reading.aim.held and _meant(reading) == MEDIA
    return bridge and reading.reach is Reach.SILENT


def _is_impostor(reading: Reading, around: Around) -> bool:
    """Return whether the certificate that was shown is not the one that the server has."""
    shown = reading.certificate
    return bool(shown and around.certificate and shown != around.certificate)


def _words(reading: Reading, around: Around) -> tuple[str, str]:
    """Return the sentence and the remedy for a port that is not reached, with gaps to fill."""
    sentence = _("{port} is not reached from this computer over {family}.")
    if reading.reach is Reach.STRANGE or reading.reach is Reach.OPEN:
        sentence = _("At {address}, port {port}, something else answers in the server's place.")
        remedy = _(
            "look for a proxy or a firewall between here and the server that takes connections "
            "itself; else try from another network"
        )
    elif reading.arrived and reading.aim.held and not around.filters:
        sentence = _("The service at port {port} does not answer over {family}.")
        remedy = _("`provision deploy` starts it; then run this again")
    elif reading.arrived:
        sentence = _("{port} over {family} comes to the server, but the server lets nothing back.")
        rule = foreign_filters.rule(around.filters, reading.aim.number, reading.aim.protocol)
        remedy = _("on the server, in its own firewall: {rule}").format(rule=rule)
    elif around.behind and reading.aim.family == IPV4:
        remedy = _(
            "on the router in front of the server, forward: protocol {protocol}, port {number}, to "
            "{own}, port {number}"
        )
    else:
        remedy = _(
            "at your provider, in the firewall or security group, add an incoming rule: protocol "
            "{protocol}, port {number}, source any (0.0.0.0/0 and ::/0), allow; if it is there, "
            "the network of this computer is in the way: try another"
        )
    return sentence, remedy


def _closed(readings: Sequence[Reading], words: tuple[str, str], around: Around) -> Result:
    """Return what is wrong with a port, in one family or both, and the rule that repairs it."""
    reading = readings[0]
    both = len(readings) > 1
    values = {
        "port": name(reading),
        "number": reading.aim.number,
        "protocol": reading.aim.protocol.upper(),
        "family": _("IPv4 and IPv6") if both else FAMILIES[reading.aim.family],
        "address": ", ".join(each.aim.address for each in readings),
        "own": around.behind,
    }
    cost = _(COSTS[_meant(reading)])
    sentence, remedy = (text.format(**values) for text in words)
    needed = around.letsencrypt or _meant(reading) != CERTIFICATES
    counts = needed and any(one.aim.family in around.named for one in readings)
    found = failure if counts else warning
    return found(f"{sentence} {cost}", remedy)
