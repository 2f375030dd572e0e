"""Judges of `relay`: where the TURN server leads, and whom it lets in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.verdict import failed, fulfilled, judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.verdict import Finding

_YES = 0


@judge("HST-03", "relay")
def the_relay_leads_to_nothing_inside(evidence: Evidence) -> Finding:
    """Judge whom the relay lets in, and where it leads with a guest's valid credentials."""
    relay = evidence["relay"]
    if relay["announced"] is None:
        raise NotMeasuredError(N_("On somebody else's server the program uses no credentials."))
    if not relay["announced"]:
        raise NotMeasuredError(N_("No relay is announced with credentials to try it with."))
    if not any(entrance["code"] == _YES for entrance in relay["entrances"]):
        raise NotMeasuredError(N_("With the credentials that guests get, nobody comes in."))
    if relay["anonymous"] == _YES:
        return failed(
            _("The relay serves whoever comes, without valid credentials."),
            _("Set `use-auth-secret` in /etc/turnserver.conf: `provision deploy` does."),
        )
    if inside := [peer for peer, code in relay["peers"].items() if code == _YES]:
        return failed(
            _("The relay leads to inner addresses: {peers}.").format(peers=", ".join(inside)),
            _("Deny these with `denied-peer-ip` in /etc/turnserver.conf: `provision deploy` does."),
        )
    if relay["tcp"] == _YES:
        return failed(
            _("The relay makes TCP connections for guests."),
            _("Set `no-tcp-relay` in /etc/turnserver.conf: `provision deploy` does."),
        )
    if others := [port for port, answers in relay["others"].items() if answers]:
        return failed(
            _("Through the relay, guests reach other ports of the server itself: {ports}.").format(
                ports=", ".join(others)
            ),
            _("Let the firewall limit the relay to the bridge: `provision deploy` does."),
        )
    sentence = _("The relay wants credentials, refuses {count} inner addresses, and leads to the "
                 "bridge alone.") if relay["bridge"] else _(
                 "The relay wants credentials and refuses {count} inner addresses; the bridge did "
                 "not answer through it.")  # fmt: skip
    return fulfilled(sentence.format(count=len(relay["peers"])))
