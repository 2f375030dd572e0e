"""Judges of `lesson`: what a teacher and guests experience."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge
from provision.verify.xmpp.acts import NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

LONGEST = 900
"""Seconds that count as `some minutes`."""
QUICK = 5.0
"""Seconds in which a class wants to be at the door."""
RECORDING = ("recording", "livestreaming", "transcription")


@judge("MOD-01", "lesson")
def only_staff_moderate(evidence: Evidence) -> Finding:
    """Judge who became moderator: alone, beside the teacher, by favour, and after they left."""
    lesson = evidence["lesson"]
    remedy = _("Let only staff moderate: `enable-auto-owner = false` for Jicofo and the module "
               "`school_rooms`, which `provision deploy` brings.")  # fmt: skip
    if "moderator" in lesson["alone"]:
        return failed(_("A guest who came first became moderator."), remedy)
    if lesson["guest_role"] == "moderator":
        return failed(_("A guest could be made moderator."), remedy)
    if lesson["end"] and lesson["end"]["role"] == "moderator":
        return failed(_("A guest became moderator when the teacher had left."), remedy)
    if lesson["teacher"] is None:
        raise NotMeasuredError(_no_accounts())
    if lesson["teacher"]["role"] != "moderator":
        return failed(_("A teacher who signs in does not become moderator."), remedy)
    return fulfilled(_("Only the teacher moderates, and could not pass it on to a guest."))


@judge("MOD-02", "lesson")
def guests_wait_in_the_lobby(evidence: Evidence) -> Finding:
    """Judge whether guests who came early wait until each of them is admitted."""
    lesson = evidence["lesson"]
    remedy = _("Send guests to the lobby: the module `school_rooms` does, which `provision deploy` "
               "brings.")  # fmt: skip
    outcomes = {entry["outcome"] for entry in lesson["early"]}
    if "entered" in outcomes:
        return failed(_("Guests came into a room before any teacher was there."), remedy)
    if lesson["teacher"] is None:
        raise NotMeasuredError(_no_accounts())
    if outcomes != {"lobby"}:
        return failed(_("Guests who come early are turned away instead of waiting."), remedy)
    if set(lesson["after"]) != {"waiting"}:
        return failed(_("When the teacher came, waiting guests were let in all at once."), remedy)
    if (lesson["unadmitted"] or {}).get("outcome") == "entered":
        return failed(_("A guest came in whom nobody had admitted."), remedy)
    if [entry["outcome"] for entry in lesson["admitted"]] != ["entered", "entered"]:
        return failed(_("A guest whom the teacher admitted did not get in."), remedy)
    return fulfilled(_("Two early guests stayed in the lobby when the teacher came, and got in one "
                       "by one when admitted."))  # fmt: skip


@judge("MOD-03", "lesson")
def the_room_ends(evidence: Evidence) -> Finding:
    """Judge what becomes of a room that its teacher has left."""
    lesson = evidence["lesson"]
    remedy = _("Let rooms end: the module `school_rooms` does, which `provision deploy` brings.")
    end = lesson["end"]
    if end is None:
        if lesson["early"][0]["outcome"] == "entered":
            return failed(
                _("Guests are in a room without any teacher, and nothing ends it."), remedy
            )
        raise NotMeasuredError(_no_accounts())
    if end["late"]["outcome"] == "entered":
        return failed(_("A guest came into the room that its teacher had left."), remedy)
    announced, measured = end["announced"], end["measured"]
    if announced is None or announced > LONGEST or measured == 0:
        return failed(_("Nothing ends a room that its teacher has left."), remedy)
    if measured is not None:
        return fulfilled(
            _("The room ended {seconds} seconds after the teacher had left; late guests met the "
              "lobby.").format(seconds=measured)
        )  # fmt: skip
    return fulfilled(
        _("Late guests met the lobby when the teacher had left; the running server says that the "
          "room ends {seconds} seconds later.").format(seconds=announced)
    )  # fmt: skip


@judge("MOD-04", "lesson")
def no_whispers_between_guests(evidence: Evidence) -> Finding:
    """Judge whose private messages arrive."""
    whispers = evidence["lesson"]["whispers"]
    ways = {
        "guest to guest": _("A guest's private message reached another guest."),
        "guest to address": _("A guest's message reached another guest beside the room."),
        "question to guest": _("A guest handed something on to another guest in private."),
    }
    for way, sentence in ways.items():
        if whispers[way] == "done":
            return failed(
                sentence,
                _("Let the server refuse it: the modules `school_gate` and `school_private` do, "
                  "which `provision deploy` brings."),
            )  # fmt: skip
    if "guest to teacher" not in whispers:
        raise NotMeasuredError(_no_accounts())
    if "done" not in whispers["guest to teacher"] or "done" not in whispers["teacher to guest"]:
        return failed(
            _("Private messages between a guest and the teacher do not arrive."),
            _("Look at the modules of conference.DOMAIN in Prosody that filter messages."),
        )
    _refuse_silence(whispers[way] for way in ways)
    return fulfilled(
        _("Between guests private messages are refused, in the room and beside it; with the "
          "teacher they work.")
    )  # fmt: skip


@judge("MOD-05", "lesson")
def the_teacher_keeps_order(evidence: Evidence) -> Finding:
    """Judge whether staff can lock microphones, and guests have no such power."""
    lesson = evidence["lesson"]
    if lesson["breakout"]:
        return failed(
            _("A guest opened a breakout room."),
            _("Let only staff moderate: `provision deploy`."),
        )
    if lesson["locked"] is None:
        raise NotMeasuredError(_no_accounts())
    if not lesson["locked"]:
        return failed(
            _("The teacher cannot lock the microphones of guests."),
            _("Enable the component `av_moderation` in Prosody: `provision deploy` does."),
        )
    acts = {
        "unmute": _("A guest switched a locked microphone on."),
        "mute the teacher": _("A guest switched the teacher's microphone off."),
        "throw out": _("A guest threw another guest out."),
    }
    for act, sentence in acts.items():
        if lesson["guest_acts"].get(act) == "done":
            return failed(sentence, _("Let only staff moderate: `provision deploy`."))
    _refuse_silence(lesson["guest_acts"].get(act, NO_ANSWER) for act in acts)
    return fulfilled(_("The teacher can lock microphones; guests can neither unmute themselves, "
                       "mute or throw out others, nor open breakout rooms."))  # fmt: skip


@judge("REC-02", "lesson")
def nobody_may_record(evidence: Evidence) -> Finding:
    """Judge what the server grants to whoever moderates."""
    rights = evidence["lesson"]["rights"]
    remedy = _("Set these to false in `jitsi_default_permissions` of conference.DOMAIN in Prosody: "
               "`provision deploy` does.")  # fmt: skip
    if rights is None:
        return failed(
            _("The server does not say what moderators may do, so they may record."), remedy
        )
    if granted := [right for right in RECORDING if rights.get(right)]:
        return failed(
            _("The server grants whoever moderates: {rights}.").format(rights=", ".join(granted)),
            remedy,
        )
    return fulfilled(_("The server grants nobody recording, streaming or transcription."))


@judge("ACC-03", "lesson")
def the_room_is_hidden(evidence: Evidence) -> Finding:
    """Judge whether a stranger hears of a room in which a lesson is going on."""
    lesson = evidence["lesson"]
    remedy = _("Enable Jitsi's module `muc_hide_all` for conference.DOMAIN in Prosody.")
    if lesson["listed"]:
        return failed(_("A stranger saw the lesson in a list of rooms."), remedy)
    if lesson["queried"] == "told":
        return failed(_("A stranger was told about the lesson's room."), remedy)
    _refuse_silence([lesson["queried"]])
    return fulfilled(_("A stranger was neither shown nor told of the room of a lesson."))


@judge("ACC-05", "lesson")
def a_class_gets_in(evidence: Evidence) -> Finding:
    """Judge whether several guests at once, from one address, reach the door."""
    burst = evidence["lesson"]["burst"]
    if burst["succeeded"] < burst["guests"] or burst["seconds"] > QUICK:
        return failed(
            _("{count} of {guests} guests who came at once from one address got to the door, in "
              "{seconds} seconds.").format(
                count=burst["succeeded"], guests=burst["guests"], seconds=burst["seconds"]
            ),
            _("Look for limits in nginx and Prosody that count a whole school as one person."),
        )  # fmt: skip
    return fulfilled(
        _("{guests} guests who came at once from one address got to the door in {seconds} "
          "seconds.").format(guests=burst["guests"], seconds=burst["seconds"])
    )  # fmt: skip


@judge("STA-01", "lesson", additional=True)
def speaking_is_not_counted(evidence: Evidence) -> Finding:
    """Judge whether the server takes what browsers say about speaking."""
    if evidence["lesson"]["statistics"]["speaking"] == "done":
        return failed(_("The server takes note of who speaks."), _statistics())
    _refuse_silence([evidence["lesson"]["statistics"]["speaking"]])
    return fulfilled(_("The server takes no data about who speaks."))


@judge("MIN-06", "lesson", additional=True)
def faces_are_not_taken(evidence: Evidence) -> Finding:
    """Judge whether the server takes what browsers say about faces."""
    if evidence["lesson"]["statistics"]["faces"] == "done":
        return failed(_("The server takes note of facial expressions."), _statistics())
    _refuse_silence([evidence["lesson"]["statistics"]["faces"]])
    return fulfilled(_("The server takes no data about faces."))


@judge("LOG-08", "lesson", additional=True)
def the_room_is_gone(evidence: Evidence) -> Finding:
    """Judge whether the room was gone when the lesson was over."""
    if not evidence["lesson"]["gone"]:
        return failed(
            _("The room was still there when the lesson was over."),
            _("Set `muc_room_allow_persistent = false` in Prosody: `provision deploy` does."),
        )
    return fulfilled(_("The room was gone when the lesson was over."))


@judge("LOG-08", "lesson", additional=True)
def nothing_is_kept_of_guests(evidence: Evidence) -> Finding:
    """Judge whether the server writes down what somebody without an account sends."""
    answer = evidence["lesson"]["kept"]
    if answer == "done":
        return failed(
            _("The server keeps lists of contacts of guests, for ever."),
            _('Load no `roster` for the guests\' host in Prosody and set `storage = "none"` there: '
              "`provision deploy` does."),
        )  # fmt: skip
    if answer in {"", NO_ANSWER}:
        raise NotMeasuredError(N_("The server did not say whether it keeps anything of a guest."))
    return fulfilled(_("The server refused to keep a list of contacts of a guest."))


@judge("ACC-07", "lesson", additional=True)
def the_temporary_account_is_gone(evidence: Evidence) -> Finding:
    """Judge whether the proof itself left an account behind."""
    if not evidence["lesson"]["account_removed"]:
        return failed(
            _("The server did not confirm that the temporary account of this proof is gone."),
            _("Run `provision verify` again: it removes what an earlier one left."),
        )
    return fulfilled(_("The temporary account of this proof is gone."))


def _refuse_silence(answers: Iterable[str]) -> None:
    """Raise NotMeasuredError where the server did not say what became of something."""
    if NO_ANSWER in answers:
        raise NotMeasuredError(N_("The server did not answer in time."))


def _no_accounts() -> str:
    return N_("Nobody can sign in as a teacher with a password.")


def _statistics() -> str:
    return _("Take the component `speakerstats` out of Prosody: `provision deploy` leaves it out.")
