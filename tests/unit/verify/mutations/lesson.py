"""What can go wrong in a lesson."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


def let_in(entry: dict[str, Any]) -> None:
    """Open the door that somebody knocked at."""
    entry |= {"outcome": "entered", "condition": "", "lobby": "", "role": "participant"}


@breaks("MOD-01", "MOD-02")
def the_first_guest_moderates(evidence: Evidence) -> None:
    lesson = evidence["lesson"]
    let_in(lesson["early"][0])
    lesson["alone"] = ["moderator"]


@breaks("MOD-01")
def the_teacher_makes_a_guest_moderator(evidence: Evidence) -> None:
    evidence["lesson"]["claims"]["by the teacher"] = "done"
    evidence["lesson"]["guest_role"] = "moderator"


@breaks("MOD-01")
def a_guest_inherits_the_room(evidence: Evidence) -> None:
    evidence["lesson"]["end"]["role"] = "moderator"


@breaks("MOD-01")
def the_teacher_is_a_guest(evidence: Evidence) -> None:
    evidence["lesson"]["teacher"] |= {"affiliation": "none", "role": "participant"}


@breaks("MOD-02")
def guests_come_in_before_the_teacher(evidence: Evidence) -> None:
    let_in(evidence["lesson"]["early"][1])


@breaks("MOD-02")
def the_lobby_opens_when_the_teacher_comes(evidence: Evidence) -> None:
    evidence["lesson"]["after"] = ["called", "called"]


@breaks("MOD-02")
def nobody_has_to_be_admitted(evidence: Evidence) -> None:
    let_in(evidence["lesson"]["unadmitted"])


@breaks("MOD-02")
def admission_does_not_work(evidence: Evidence) -> None:
    evidence["lesson"]["admitted"][1] |= {"outcome": "lobby"}


@breaks("MOD-02")
def early_guests_are_turned_away(evidence: Evidence) -> None:
    for entry in evidence["lesson"]["early"]:
        entry |= {"outcome": "refused", "lobby": ""}


@breaks("MOD-03")
def late_guests_meet_no_lobby(evidence: Evidence) -> None:
    let_in(evidence["lesson"]["end"]["late"])


@breaks("MOD-03")
def nothing_ends_the_room(evidence: Evidence) -> None:
    evidence["lesson"]["end"]["announced"] = None


@breaks("MOD-03")
def the_room_ends_after_an_hour(evidence: Evidence) -> None:
    evidence["lesson"]["end"]["announced"] = 3600


@breaks("MOD-03")
def the_announced_end_does_not_come(evidence: Evidence) -> None:
    evidence["lesson"]["end"]["measured"] = 0


@breaks("MOD-04")
def guests_whisper(evidence: Evidence) -> None:
    evidence["lesson"]["whispers"]["guest to guest"] = "done"


@breaks("MOD-04")
def guests_write_to_each_other_beside_the_room(evidence: Evidence) -> None:
    evidence["lesson"]["whispers"]["guest to address"] = "done"


@breaks("MOD-04")
def guests_hand_things_on_to_each_other(evidence: Evidence) -> None:
    evidence["lesson"]["whispers"]["question to guest"] = "done"


@breaks("LOG-08")
def contacts_of_guests_are_kept(evidence: Evidence) -> None:
    evidence["lesson"]["kept"] = "done"


@breaks("MOD-04")
def the_teacher_hears_no_whisper(evidence: Evidence) -> None:
    evidence["lesson"]["whispers"]["guest to teacher"] = "forbidden"


@breaks("MOD-05")
def microphones_cannot_be_locked(evidence: Evidence) -> None:
    evidence["lesson"]["locked"] = False


@breaks("MOD-05")
def a_guest_unmutes_in_spite_of_the_lock(evidence: Evidence) -> None:
    evidence["lesson"]["guest_acts"]["unmute"] = "done"


@breaks("MOD-05")
def a_guest_mutes_the_teacher(evidence: Evidence) -> None:
    evidence["lesson"]["guest_acts"]["mute the teacher"] = "done"


@breaks("MOD-05")
def a_guest_throws_another_out(evidence: Evidence) -> None:
    evidence["lesson"]["guest_acts"]["throw out"] = "done"


@breaks("MOD-05")
def a_guest_opens_a_breakout_room(evidence: Evidence) -> None:
    evidence["lesson"]["breakout"] = True


@breaks("REC-02")
def teachers_may_record(evidence: Evidence) -> None:
    evidence["lesson"]["rights"]["recording"] = True


@breaks("REC-02")
def teachers_may_transcribe(evidence: Evidence) -> None:
    evidence["lesson"]["rights"]["transcription"] = True


@breaks("REC-02")
def nobody_limits_what_moderators_may(evidence: Evidence) -> None:
    evidence["lesson"]["rights"] = None


@breaks("ACC-03")
def the_lesson_is_listed(evidence: Evidence) -> None:
    evidence["lesson"]["listed"] = 1


@breaks("ACC-03")
def the_room_answers_strangers(evidence: Evidence) -> None:
    evidence["lesson"]["queried"] = "told"


@breaks("ACC-05")
def a_class_is_taken_for_one_person(evidence: Evidence) -> None:
    evidence["lesson"]["burst"] |= {"succeeded": 3, "conditions": ["policy-violation"]}


@breaks("ACC-05")
def a_class_waits_at_the_door(evidence: Evidence) -> None:
    evidence["lesson"]["burst"] |= {"seconds": 9.9}


@breaks("STA-01")
def who_speaks_is_taken_down(evidence: Evidence) -> None:
    evidence["lesson"]["statistics"]["speaking"] = "done"


@breaks("MIN-06")
def faces_are_taken_down(evidence: Evidence) -> None:
    evidence["lesson"]["statistics"]["faces"] = "done"


@breaks("LOG-08")
def the_room_stays(evidence: Evidence) -> None:
    evidence["lesson"]["gone"] = False


@breaks("ACC-07")
def the_temporary_account_stays(evidence: Evidence) -> None:
    evidence["lesson"]["account_removed"] = False


@breaks("MOD-01", "MOD-02", "MOD-03", "MOD-04", "MOD-05", "REC-02")
def nobody_has_an_account(evidence: Evidence) -> None:
    lesson = evidence["lesson"]
    for entry in lesson["early"]:
        let_in(entry)
    lesson |= {
        "accounts": False, "teacher": None, "alone": ["moderator", "participant"], "after": [],
        "unadmitted": None, "admitted": [], "locked": None, "end": None, "breakout": True,
        "whispers": {"guest to guest": "done"}, "rights": {"recording": True},
    }  # fmt: skip
