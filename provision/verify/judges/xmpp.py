"""Judges of `xmpp`: what a stranger may do on the signalling server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge
from provision.verify.xmpp.acts import NO_ANSWER
from provision.verify.xmpp.hosts import OPEN, REFUSED
from provision.verify.xmpp.rooms import NO_FOCUS

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

LONGEST = 14400
"""Seconds for which a relay's credentials may hold: four hours, a long school day's meeting."""
_GRACE = 60
ROOMS = ("conference", "lobby", "breakout")
"""Kinds of doors behind which people meet."""
RECORDERS = ("recorder.", "hidden.")
"""In front of the domain: hosts on which Jitsi's recorders sign in."""


@judge("MIN-01", "xmpp")
def guests_need_no_account(evidence: Evidence) -> Finding:
    """Judge whether one signs in without an account on the guests' host, and nowhere else."""
    xmpp = evidence["xmpp"]
    domain = xmpp["domain"]
    guests = f"guest.{domain}"
    anonymous = sorted({host["name"] for host in xmpp["hosts"] if host["anonymous"]})
    if domain in anonymous:
        return failed(
            _("Anybody signs in on {host} itself without an account, as teachers would.").format(
                host=domain
            ),
            _("Give teachers accounts on the domain and let guests sign in on guest.DOMAIN only: "
              "`provision deploy` does both."),
        )  # fmt: skip
    if beyond := [host for host in anonymous if host != guests]:
        return failed(
            _("Anybody signs in without an account on {hosts}.").format(hosts=", ".join(beyond)),
            _('Take `authentication = "jitsi-anonymous"` away from this host in Prosody.'),
        )  # fmt: skip
    if not anonymous:
        return failed(
            _("Nobody can take part without an account."),
            _("Give guests a host of their own in Prosody: `provision deploy` does."),
        )
    return fulfilled(
        _("Without an account one signs in on {host}, and nowhere else.").format(host=guests)
    )


@judge("ACC-01", "xmpp")
def only_staff_open_rooms(evidence: Evidence) -> Finding:
    """Judge what becomes of a stranger who asks for a room, or makes one without asking."""
    xmpp = evidence["xmpp"]
    remedy = _("Let only accounts open rooms and send guests to the lobby: `provision deploy`.")
    if any(host["anonymous"] for host in xmpp["hosts"] if host["name"] == xmpp["domain"]):
        return failed(_("There are no accounts: whoever comes can open rooms."), remedy)
    if not xmpp["stranger"]:
        return fulfilled(_("Nobody signs in without an account, so no stranger opens a room."))
    if xmpp["conference"] is None:
        raise NotMeasuredError(N_("On somebody else's server the program asks for no room."))
    made = sorted(
        {door["room"].partition("@")[2] for door in _entered(xmpp, "conference", "lobby")}
        | {door["room"].partition("@")[2] for door in _entered(xmpp, "breakout")}
    )
    if made:
        return failed(
            _("A stranger made a room without asking, on {hosts}.").format(hosts=", ".join(made)),
            _("Set `restrict_room_creation = true` for these hosts in Prosody."),
        )
    outcome, answer = xmpp["entry"]["outcome"], xmpp["conference"]["condition"]
    if outcome != "entered" and answer in NO_FOCUS:
        raise NotMeasuredError(N_("The focus opens no conferences: {answer}."), answer=answer)
    if outcome == "entered":
        return failed(_("A stranger asked for a room and was let in at once."), remedy)
    doors = [door["entry"]["outcome"] for door in xmpp["doors"] or [] if door["kind"] in ROOMS]
    if "silent" in {outcome, *doors}:
        raise NotMeasuredError(N_("The server said neither yes nor no to a stranger at the door."))
    if outcome == "lobby":
        return fulfilled(_("A stranger who asks for a room waits in its lobby."))
    return fulfilled(_("A stranger who asks for a room is refused."))


def _entered(xmpp: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    """Return the doors of these kinds that a stranger came through."""
    return [
        door
        for door in xmpp["doors"] or []
        if door["kind"] in kinds and door["entry"]["outcome"] == "entered"
    ]


@judge("ACC-02", "xmpp")
def nobody_registers(evidence: Evidence) -> Finding:
    """Judge whether the server offers accounts to whoever comes."""
    offering = sorted(
        {
            host["name"]
            for host in evidence["xmpp"]["hosts"]
            if host["registers"] or host["form"] == "form"
        }
    )
    if offering:
        return failed(
            _("New accounts are offered to whoever comes, on {hosts}.").format(
                hosts=", ".join(offering)
            ),
            _("Take `register` and the modules of invitations out of Prosody."),
        )
    if any(host["form"] == NO_ANSWER for host in evidence["xmpp"]["hosts"]):
        raise NotMeasuredError(N_("The server did not say whether it offers accounts."))
    return fulfilled(_("No host offers accounts to whoever comes."))


@judge("ACC-03", "xmpp", additional=True)
def rooms_are_not_listed(evidence: Evidence) -> Finding:
    """Judge whether a stranger sees rooms in a list."""
    xmpp = evidence["xmpp"]
    for host, count in xmpp["lists"].items():
        if count:
            return failed(
                _("A stranger sees a list of rooms on {host}.").format(host=host),
                _("Enable Jitsi's module `muc_hide_all` for this host in Prosody."),
            )
    if not xmpp["room_open"]:
        raise NotMeasuredError(N_("No room was open that a list could have shown."))
    return fulfilled(_("A room was open, and no list showed it to a stranger."))


@judge("ACC-04", "xmpp", additional=True)
def bridges_meet_alone(evidence: Evidence) -> Finding:
    """Judge whether a stranger comes in where focus and bridges talk to each other."""
    xmpp = evidence["xmpp"]
    if xmpp["doors"] is None:
        raise NotMeasuredError(N_("On somebody else's server the program tries no doors."))
    if _entered(xmpp, "internal", "brewery"):
        return failed(
            _("A stranger came into the rooms where focus and bridge talk to each other, and could "
              "offer a bridge of their own."),
            _("Let only focus and bridge enter there: the module `school_internal` does, which "
              "`provision deploy` brings."),
        )  # fmt: skip
    if any(door["entry"]["outcome"] == "silent" for door in xmpp["doors"]):
        raise NotMeasuredError(N_("The server said neither yes nor no to a stranger at the door."))
    return fulfilled(_("No stranger comes in where focus and bridge talk to each other."))


@judge("ACC-04", "xmpp")
def services_sign_in_inside(evidence: Evidence) -> Finding:
    """Judge whether one could sign in from outside where focus and bridge have their accounts."""
    answers = evidence["xmpp"]["services"]
    if ways := sorted(way for way, answer in answers.items() if answer == OPEN):
        return failed(
            _("From outside one can sign in where focus and bridge have their accounts: {ways}.")
            .format(ways=", ".join(ways)),
            _("Let this host take connections from the server itself only: the module "
              "`school_loopback_only` does, which `provision deploy` brings."),
        )  # fmt: skip
    if set(answers.values()) != {REFUSED}:
        raise NotMeasuredError(
            N_("The host of focus and bridge said neither yes nor no to a stranger.")
        )
    return fulfilled(_("From outside nobody can sign in where focus and bridge have accounts."))


@judge("THP-04", "xmpp")
def only_own_relays(evidence: Evidence) -> Finding:
    """Judge whose relays participants are told to use, and for how long."""
    relays = evidence["xmpp"]["relays"]
    if relays is None:
        raise NotMeasuredError(N_("The server tells a stranger of no relays."))
    remedy = _("Name only own servers under `external_services` in Prosody.")
    if foreign := sorted({relay["host"] for relay in relays if not relay["own"]}):
        return failed(
            _("Participants are sent to the servers of others: {hosts}.").format(
                hosts=", ".join(foreign)
            ),
            remedy,
        )
    if any(relay["seconds"] is None for relay in relays if relay["kind"] in {"turn", "turns"}):
        raise NotMeasuredError(N_("The server does not say how long the relay's credentials hold."))
    longest = max((relay["seconds"] or 0 for relay in relays), default=0)
    if longest > LONGEST + _GRACE:
        return failed(
            _("Credentials for the relay hold {hours} hours.").format(hours=longest // 3600),
            _("Set `ttl` to at most {seconds} under `external_services` in Prosody.").format(
                seconds=LONGEST
            ),
        )
    if not relays:
        return fulfilled(_("No relay is announced."))
    return fulfilled(
        _("Only the school's own relays are announced: {hosts}.").format(
            hosts=", ".join(sorted({f"{relay['host']}:{relay['port']}" for relay in relays}))
        )
    )


@judge("STA-01", "xmpp")
def nobody_counts_speaking(evidence: Evidence) -> Finding:
    """Judge whether the part that counts speaking times is announced."""
    if _announced(evidence, "speakerstats"):
        return failed(
            _("The server counts how long each person speaks, and tells everybody."), _statistics()
        )
    return fulfilled(_("The server has no part that counts how long somebody speaks."))


@judge("MIN-06", "xmpp")
def nobody_reads_faces(evidence: Evidence) -> Finding:
    """Judge whether parts are announced that keep facial expressions, or write down speech."""
    if _announced(evidence, "speakerstats"):
        return failed(
            _("The server has a part that keeps facial expressions of each person."), _statistics()
        )
    if found := _announced(evidence, "transcri", "translation"):
        return failed(
            _("The server has parts that write down or translate speech: {parts}.").format(
                parts=", ".join(found)
            ),
            _("Take these components out of Prosody."),
        )
    return fulfilled(
        _("The server has no part for facial expressions, transcripts or translation.")
    )


@judge("MOD-06", "xmpp")
def no_leaky_extras(evidence: Evidence) -> Finding:
    """Judge whether file sharing and telephony are announced."""
    xmpp = evidence["xmpp"]
    if found := _announced(evidence, "filesharing"):
        return failed(
            _("The server keeps files that participants share: {parts}.").format(
                parts=", ".join(found)
            ),
            _("Take the component for file sharing out of Prosody."),
        )
    properties = (xmpp["conference"] or {}).get("properties", {})
    if properties.get("sipGatewayEnabled") == "true":
        return failed(
            _("The focus offers a telephone gateway."), _("Remove Jigasi from the server.")
        )
    return fulfilled(_("Neither file sharing nor telephony is announced."))


@judge("REC-01", "xmpp")
def no_recorder_signs_in(evidence: Evidence) -> Finding:
    """Judge whether there is a host on which recorders sign in."""
    names = {host["name"] for host in evidence["xmpp"]["hosts"]}
    found = sorted(name for name in names if name.startswith(RECORDERS))
    if found:
        return failed(
            _("There is a host on which recorders sign in: {hosts}.").format(
                hosts=", ".join(found)
            ),
            _("Take this host out of Prosody."),
        )
    return fulfilled(_("There is no host on which recorders could sign in."))


def _announced(evidence: Evidence, *kinds: str) -> list[str]:
    """Return the announced parts whose kind begins or ends with one of these words."""
    found = []
    if not evidence["xmpp"]["components"]:
        raise NotMeasuredError(
            N_("The server does not tell a stranger of which parts it consists.")
        )
    for part in evidence["xmpp"]["components"]:
        kind = "".join(letter for letter in part["kind"].lower() if letter.isalpha())
        if any(word in kind for word in kinds):
            found.append(part["kind"])
    return sorted(found)


def _statistics() -> str:
    return _("Take the component `speakerstats` out of Prosody: `provision deploy` leaves it out.")
