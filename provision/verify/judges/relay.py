"""Judges of `relay`: whom the TURN server lets in, how much one gets, and where it leads."""

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

_YES = 0
SILENT = -1
LARGEST_SHARE = 20
"""Allocations at once that are still one person's: each network and each entrance takes one."""
LONGEST = 3600
"""Seconds for which credentials may hold that are renewed while somebody is in a room."""


def _told(evidence: Evidence) -> dict[str, Any]:
    """Return what was seen with credentials; NotMeasuredError where nobody had any."""
    relay = evidence["relay"]
    if relay["announced"] is None:
        raise NotMeasuredError(N_("On somebody else's server the program uses no credentials."))
    if not relay["announced"]:
        raise NotMeasuredError(N_("No relay is announced with credentials to try it with."))
    return relay


@judge("HST-03", "relay")
def the_relay_leads_to_nothing_inside(evidence: Evidence) -> Finding:
    """Judge whom the relay lets in, and where it leads with a participant's valid credentials."""
    relay = _told(evidence)
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
    silent = [peer for peer, code in relay["peers"].items() if code < _YES]
    silent += [what for what in ("anonymous", "tcp") if (relay[what] or SILENT) < _YES]
    if silent or not relay["peers"]:
        raise NotMeasuredError(
            N_("The relay said neither yes nor no about: {peers}"), peers=", ".join(silent) or "-"
        )
    sentence = _("The relay wants credentials, refuses {count} inner addresses, and leads to the "
                 "bridge alone.") if relay["bridge"] else _(
                 "The relay wants credentials and refuses {count} inner addresses; the bridge did "
                 "not answer through it.")  # fmt: skip
    return fulfilled(sentence.format(count=len(relay["peers"])))


@judge("HST-03", "relay")
def the_relay_is_there_for_participants(evidence: Evidence) -> Finding:
    """Judge who gets credentials, and whether one person can take the relay from all others."""
    relay = _told(evidence)
    if relay["stranger"]:
        return failed(
            _("Whoever comes gets credentials for the relay, without being in a room."),
            _("Give them to those in a room, with the module school_relay of Prosody: "
              "`provision deploy` does."),
        )  # fmt: skip
    if not relay["named"]:
        return failed(
            _("Credentials for the relay bear no name, so a limit per person falls on everybody "
              "who comes in the same second."),
            _("Give each connection a name, with the module school_relay of Prosody: "
              "`provision deploy` does."),
        )  # fmt: skip
    if relay["share"] is None:
        raise NotMeasuredError(N_("How much of the relay one person gets could not be tried."))
    if relay["share"] > LARGEST_SHARE:
        return failed(
            _("One person can take the relay from all others: {count} allocations at once, and no "
              "end.").format(count=relay["share"]),
            _("Set `user-quota` and `total-quota` in /etc/turnserver.conf: `provision deploy` "
              "does."),
        )  # fmt: skip
    return fulfilled(
        _("Only who is in a room gets credentials for the relay, and at most {count} allocations "
          "at once.").format(count=relay["share"])
    )  # fmt: skip


@judge("HST-03", "inside")
def all_together_leave_ports(evidence: Evidence) -> Finding:
    """Judge whether what the relay gives in sum is bounded by the ports that it has."""
    options = view.service(evidence, "relay")["options"]
    try:
        ports = int(options.get("max-port", 65535)) - int(options.get("min-port", 49152)) + 1
        most = {name: int(options.get(name, 0)) for name in ("user-quota", "total-quota")}
    except (TypeError, ValueError):
        raise NotMeasuredError(N_("The quotas of the relay cannot be read.")) from None
    if not 0 < most["user-quota"] <= LARGEST_SHARE or not 0 < most["total-quota"] <= ports:
        return failed(
            _("The relay gives without end: {quota} for one person, {total} in sum, of {ports} "
              "ports.").format(
                quota=most["user-quota"] or "∞", total=most["total-quota"] or "∞", ports=ports
            ),
            _("Set `user-quota` and `total-quota` in /etc/turnserver.conf: `provision deploy` "
              "does."),
        )  # fmt: skip
    return fulfilled(
        _("The relay gives {quota} allocations to one person and {total} in sum, of {ports} "
          "ports.").format(quota=most["user-quota"], total=most["total-quota"], ports=ports)
    )  # fmt: skip


@judge("THP-04", "relay")
def participants_are_told_own_relays(evidence: Evidence) -> Finding:
    """Judge whose relays somebody in a room is told to use, and for how long."""
    if evidence["relay"]["announced"] is None:
        kinds = {each["kind"] for each in evidence["xmpp"]["relays"] or []}
        if kinds & {"turn", "turns"}:
            return fulfilled(
                _("The relays are announced to whoever comes, so nobody is told more.")
            )
    told = _told(evidence)["told"]
    if foreign := sorted({each["host"] for each in told if not each["own"]}):
        return failed(
            _("Participants are sent to the servers of others: {hosts}.").format(
                hosts=", ".join(foreign)
            ),
            _("Name only own servers under `external_services` in Prosody."),
        )
    longest = max((each["seconds"] or 0 for each in told), default=0)
    if longest > LONGEST:
        return failed(
            _("Credentials for the relay hold {minutes} minutes.").format(minutes=longest // 60),
            _("Take `school_relay_lifetime` away from Prosody's configuration: credentials are "
              "renewed while somebody is in a room."),
        )  # fmt: skip
    if not told or any(each["seconds"] is None for each in told):
        raise NotMeasuredError(N_("The server does not say how long the relay's credentials hold."))
    return fulfilled(
        _("Somebody in a room is told of the school's own relays only: {hosts}.").format(
            hosts=", ".join(sorted({f"{each['host']}:{each['port']}" for each in told}))
        )
    )


@judge("TLS-06", "relay", additional=True)
def the_relay_tells_no_version(evidence: Evidence) -> Finding:
    """Judge what the relay says of itself to whoever asks."""
    answering = [each for each in evidence["relay"]["stun"] if each["answers"]]
    if not answering:
        raise NotMeasuredError(N_("No STUN server answers."))
    if telling := sorted({each["software"] for each in answering if each["software"]}):
        return failed(
            _("The relay tells its version: {text}.").format(text=view.listed(telling)),
            _("Set `no-software-attribute` in /etc/turnserver.conf: `provision deploy` does."),
        )
    return fulfilled(_("The relay tells no version."))
