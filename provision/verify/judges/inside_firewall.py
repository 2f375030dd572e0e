"""Judges of `inside`: what the firewall lets in and out, by the ports that were tried on its rules.

A rule that nobody here understands makes nothing closed, and nothing open: it is not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

# DNS, time, package sources and the certificate authority.
NEEDED = {53, 80, 123, 443, 853, 67, 547}
SERVICES = ("prosody", "jicofo", "jvb", "turnserver", "www-data")
MANY = 32768
"""So many ports of a protocol are not a list of services any more."""
ALL = 65536


@judge("HST-01", "inside")
def firewall_drops(evidence: Evidence) -> Finding:
    """Judge whether everything that comes in is dropped unless a rule lets it pass."""
    firewall = view.part(evidence, "firewall")
    remedy = _(
        "Let nftables drop what comes in, except for the ports of the service and SSH; or run: "
        "provision deploy"
    )
    if _open(firewall["input"], MANY, "sure") or not firewall["program"]:
        if firewall["legacy"]:
            return failed(
                _("Only rules of the older iptables are there, which say nothing about IPv6."),
                remedy,
            )
        return failed(
            _("No firewall: each program that listens can be reached from everywhere."), remedy
        )
    if _open(firewall["input"], MANY, "may"):
        raise _not_understood(firewall)
    return fulfilled(_("The firewall drops what no rule lets pass, over IPv4 and IPv6."))


@judge("THP-10", "inside")
def outgoing_traffic_is_limited(evidence: Evidence) -> Finding:
    """Judge what the firewall lets services send, and whom programs here talk to."""
    firewall = view.part(evidence, "firewall")
    peers = [
        f"{peer['program'] or '?'} → {peer['protocol']}/{peer['port']}"
        for peer in view.part(evidence, "sockets")["peers"]
        if peer["kind"] == "public" and peer["port"] not in NEEDED
    ]
    remedy = _(
        "Let nftables drop what leaves, except for names, time, packages and certificates; or "
        "run: provision deploy"
    )
    out = firewall["output"]
    free = {name for name in SERVICES if _open(out.get(name, out.get("", {})), ALL, "sure")}
    if len(free) == len(SERVICES) or not firewall["program"]:
        return failed(
            _("The server may send anything to anybody: no list limits what leaves."), remedy
        )
    if free:
        return failed(
            _("Nothing limits what these services send: {names}").format(names=view.listed(free)),
            remedy,
        )
    if peers:
        return failed(
            _("The server talks to others than those on the list: {names}").format(
                names=view.listed(peers)
            ),
            remedy,
        )
    if any(_open(out.get(name, out.get("", {})), ALL, "may") for name in SERVICES):
        raise _not_understood(firewall)
    if not _open(out[""], ALL, "may"):
        return fulfilled(_("Only what is on a list leaves the server, over IPv4 and IPv6."))
    return fulfilled(_("Each service reaches only what it needs, over IPv4 and IPv6."))


def _open(families: dict[str, dict[str, dict[str, int]]], many: int, how: str) -> bool:
    """Tell whether so many ports of a protocol are open: for `sure`, or as it `may` be."""
    return any(number >= many for family in families.values() for number in family[how].values())


def _not_understood(firewall: dict[str, Any]) -> NotMeasuredError:
    return NotMeasuredError(
        N_("The firewall has rules that this program does not understand: {names}"),
        names=view.listed(firewall["unknown"]),
    )
