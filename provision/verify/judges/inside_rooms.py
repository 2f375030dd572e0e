"""Judges of `inside`: what holds in rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import front, judge
from provision.verify.judges import inside_view as view

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

CLASS = 20
"""Joins a second that one room must take, for a class that comes at the same moment."""
RECORDING = ("recording", "livestreaming", "transcription", "outbound-call")
LONGEST = 900
INNER = ("127.", "[::1]", "unix:", "localhost")
"""How an address begins at which nobody listens for the world."""


@judge("ACC-05", "inside")
def a_class_passes(evidence: Evidence) -> Finding:
    """Judge limits: they must let a class in, and must be there for strangers."""
    prosody, servers = view.Signalling(evidence), view.web_servers(evidence)
    problems = set()
    for room in [
        *prosody.conferences(),
        *(name for name in prosody.rooms() if name.startswith("lobby.")),
    ]:
        slow = float(prosody.option(room, "muc_rate_joins", 3)) < CLASS
        if "muc_rate_limit" in prosody.hosts[room]["modules"] and slow:
            problems.add(f"{room}: muc_rate_joins")
    if "rate_limit" in prosody.modules():
        listed = [str(each) for each in prosody.option("*", "rate_limit_whitelist", []) or []]
        if all(each.startswith(view.LOOPBACK) for each in listed):
            problems.add("rate_limit")
    remedy = _(
        "Raise muc_rate_joins, do not load rate_limit, and limit requests in nginx except for "
        "the school's networks; or run: provision deploy"
    )
    if problems:
        return failed(
            _("A class that comes together is held up: {names}").format(
                names=view.listed(problems)
            ),
            remedy,
        )
    web = view.service(evidence, "web")
    secure = [each for each in servers if any("ssl" in one for one in each["listens"])]
    if not any(server["limit_req"] for server in secure):
        return failed(_("nginx limits nobody: one address can ask without end."), remedy)
    # A limit inside http begins with a request: who never asks for anything is not counted.
    counted = [front.counts_strangers(one, web["front_keys"]) for one in web["front"]]
    uncounting = [
        *servers,
        *(one for one, counts in zip(web["front"], counted, strict=True) if counts == front.NOBODY),
    ]
    uncounted = {
        listen
        for server in uncounting
        for listen in server["listens"] or ["80"]
        if not listen.startswith(INNER)
    }
    if not uncounted and front.UNKNOWN in counted:
        raise NotMeasuredError(N_("By what nginx counts connections is not understood."))
    if uncounted or not web["front"]:
        return failed(
            _("One address can take all connections of nginx; nothing counts them at: {ports}")
            .format(ports=view.listed(uncounted)),
            _("Count connections in the stream module, in front of the web server; or run: "
              "provision deploy"),
        )  # fmt: skip
    return fulfilled(
        _("A class may come at the same moment; nginx limits requests and connections of other "
          "addresses.")
    )  # fmt: skip


@judge("MOD-03", "inside")
def rooms_end_without_staff(evidence: Evidence) -> Finding:
    """Judge whether a module ends rooms that staff have left, and after how long."""
    prosody = view.Signalling(evidence)
    without = [
        room
        for room in prosody.conferences()
        if "school_rooms" not in prosody.hosts[room]["modules"]
    ]
    seconds = [
        float(prosody.option(room, "school_end_after", 300)) for room in prosody.conferences()
    ]
    remedy = _("Load school_rooms with school_end_after = 300; or run: provision deploy")
    if without or not seconds:
        return failed(_("Nothing ends a room that the last member of staff has left."), remedy)
    if max(seconds) > LONGEST:
        sentence = _("A room without staff goes on for {minutes} minutes.")
        return failed(sentence.format(minutes=round(max(seconds) / 60)), remedy)
    sentence = _("A room ends {minutes} minutes after the last member of staff left.")
    return fulfilled(sentence.format(minutes=round(max(seconds) / 60)))


@judge("MOD-05", "inside")
def staff_can_lock(evidence: Evidence) -> Finding:
    """Judge whether moderation of microphones is loaded, and who opens side rooms."""
    prosody = view.Signalling(evidence)
    problems = set()
    if not prosody.modules() & {"av_moderation", "av_moderation_component"}:
        problems.add("av_moderation")
    problems |= {
        room
        for room in prosody.rooms()
        if room.startswith("breakout.")
        and prosody.option(room, "restrict_room_creation", False) in (False, None)
    }
    if problems:
        return failed(
            _("Staff cannot lock microphones, or anybody opens side rooms: {names}").format(
                names=view.listed(problems)
            ),
            _("Load av_moderation and restrict who creates rooms; or run: provision deploy"),
        )
    return fulfilled(
        _("Moderation of microphones and cameras is loaded; side rooms are restricted.")
    )


@judge("REC-02", "inside")
def recording_is_refused(evidence: Evidence) -> Finding:
    """Judge the rights that every moderator gets: not named means granted."""
    prosody = view.Signalling(evidence)
    granted = set()
    for room in prosody.conferences() or ["*"]:
        rights = prosody.option(room, "jitsi_default_permissions")
        named = rights if isinstance(rights, dict) else None
        granted |= {
            right for right in RECORDING if named is None or named.get(right, False) is not False
        }
    if granted:
        return failed(
            _("Every moderator is given these rights: {names}").format(names=view.listed(granted)),
            _("Set jitsi_default_permissions with these rights as false; or run: provision deploy"),
        )
    return fulfilled(
        _("The server gives nobody the right to record, stream, transcribe or dial out.")
    )
