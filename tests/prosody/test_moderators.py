"""MOD-01: only staff ever become owner or moderator, and they always do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import MUC, Refused, condition, in_room, standing

if TYPE_CHECKING:
    from tests.prosody.meeting import Meeting
    from tests.prosody.person import Person

OWNER = ("owner", "moderator")
GUEST = ("member", "participant")
OWNERS_FORM = f"{MUC}#owner"


def is_still(meeting: Meeting, who: Person) -> tuple[str, str]:
    """Return what somebody is after they have left their nickname and taken another."""
    who.nick += "-again"
    return standing(who.join(meeting.room))


def test_teacher_becomes_owner_and_moderator(meeting: Meeting) -> None:
    assert standing(meeting.staff().join(meeting.room)) == OWNER


def test_teacher_who_comes_after_guests_have_knocked_becomes_owner(meeting: Meeting) -> None:
    meeting.guest().knock(meeting.room)
    assert standing(meeting.staff().join(meeting.room)) == OWNER


def test_teacher_who_reloads_becomes_owner_again(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    teacher.leave()
    meeting.gone(meeting.focus, teacher)
    assert standing(meeting.staff().join(meeting.room)) == OWNER


def test_second_teacher_becomes_owner_too(meeting: Meeting) -> None:
    meeting.teacher()
    assert standing(meeting.staff("colleague").join(meeting.room)) == OWNER


def test_teacher_on_a_second_device_becomes_owner_there_too(meeting: Meeting) -> None:
    meeting.teacher()
    assert standing(meeting.staff().join(meeting.room)) == OWNER


def test_teacher_whom_a_colleague_has_banned_comes_back_as_owner(meeting: Meeting) -> None:
    teacher, colleague = meeting.teacher(), meeting.teacher("colleague")
    teacher.set_affiliation(meeting.room, colleague.bare, "outcast")
    assert is_still(meeting, colleague) == OWNER


def test_admitted_guest_is_a_participant(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    assert is_still(meeting, guest) == GUEST


def test_guest_left_alone_stays_a_participant(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    teacher.leave()
    meeting.gone(guest, teacher)
    meeting.focus.leave()
    meeting.gone(guest, meeting.focus)
    assert is_still(meeting, guest) == GUEST


@pytest.mark.parametrize("affiliation", ["owner", "admin"])
@pytest.mark.parametrize("giver", ["guest", "teacher", "focus"])
def test_nobody_makes_a_guest_owner(meeting: Meeting, giver: str, affiliation: str) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    who = {"guest": guest, "teacher": teacher, "focus": meeting.focus}[giver]
    with pytest.raises(Refused, match="not-allowed"):
        who.set_affiliation(meeting.room, guest.bare, affiliation)
    assert is_still(meeting, guest) == GUEST


def test_nobody_makes_the_host_of_all_guests_owner(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    for host in (guest.host, teacher.host):
        with pytest.raises(Refused, match="not-allowed"):
            teacher.set_affiliation(meeting.room, host, "owner")


@pytest.mark.parametrize("giver", ["guest", "teacher", "focus"])
def test_nobody_makes_a_guest_moderator(meeting: Meeting, giver: str) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    who = {"guest": guest, "teacher": teacher, "focus": meeting.focus}[giver]
    with pytest.raises(Refused, match="not-allowed"):
        who.set_role(meeting.room, guest.nick, "moderator")
    assert is_still(meeting, guest) == GUEST


def test_guest_cannot_throw_anybody_out(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest, other = meeting.admitted_guest(teacher), meeting.admitted_guest(teacher)
    for person in (teacher, other):
        with pytest.raises(Refused, match="not-allowed"):
            guest.set_role(meeting.room, person.nick, "none")
        with pytest.raises(Refused, match="not-allowed"):
            guest.set_affiliation(meeting.room, person.bare, "outcast")


def test_guest_cannot_read_or_change_the_settings_of_a_room(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    with pytest.raises(Refused, match="forbidden"):
        guest.ask("get", meeting.room, f"<query xmlns='{OWNERS_FORM}'/>")
    with pytest.raises(Refused, match="forbidden"):
        guest.configure(meeting.room, {"muc#roomconfig_persistentroom": "1"})
    with pytest.raises(Refused, match="forbidden"):
        guest.configure(meeting.room, {})


def test_guest_cannot_destroy_a_room(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    with pytest.raises(Refused, match="forbidden"):
        guest.ask("set", meeting.room, f"<query xmlns='{OWNERS_FORM}'><destroy/></query>")


def test_guest_cannot_change_the_subject(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    guest.send(f"<message to='{meeting.room}' type='groupchat'><subject>Hi</subject></message>")
    answer = guest.expect(
        lambda stanza: in_room(meeting.room)(stanza) and stanza.get("type") == "error"
    )
    assert condition(answer) == "forbidden"


@pytest.mark.parametrize("nick", ["focus", "a-teacher-who-comes-later"])
def test_nobody_reserves_a_nickname(meeting: Meeting, nick: str) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    form = (
        "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>"
        f"<field var='FORM_TYPE'><value>{MUC}#register</value></field>"
        f"<field var='muc#register_roomnick'><value>{nick}</value></field></x></query>"
    )
    with pytest.raises(Refused, match="service-unavailable"):
        guest.ask("set", meeting.room, form)
    with pytest.raises(Refused, match="service-unavailable"):
        guest.ask("get", meeting.room, "<query xmlns='jabber:iq:register'/>")
