"""ACC-01 and MOD-02: only staff open a room, and guests are let in one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.person import MUC, Person, Refused, condition, in_room, standing, step_out
from tests.prosody.server import DOMAIN, Prosody

if TYPE_CHECKING:
    from tests.prosody.conftest import Start

MEMBERS_ONLY = "muc#roomconfig_membersonly"
MEMBERS_INVITE = "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites"
SECRET = "muc#roomconfig_roomsecret"


def test_nobody_signs_in_on_the_password_host_without_a_password(server: Prosody) -> None:
    with pytest.raises(Refused, match="invalid-mechanism"):
        Person(server, DOMAIN).sign_in()


@pytest.mark.parametrize("who", ["guest", "staff"])
def test_nobody_but_the_focus_makes_a_room(meeting: Meeting, who: str) -> None:
    person = meeting.guest() if who == "guest" else meeting.staff()
    with pytest.raises(Refused, match="not-allowed"):
        person.join(f"another-{meeting.room}")


def test_guest_waits_in_the_lobby_before_the_teacher_is_there(meeting: Meeting) -> None:
    guest = meeting.guest()
    assert guest.knock(meeting.room) == meeting.lobby
    with pytest.raises(Refused, match="registration-required"):
        guest.join(meeting.room)


def test_guest_waits_in_the_lobby_when_the_teacher_arrives(meeting: Meeting) -> None:
    guest = meeting.guest()
    guest.knock(meeting.room)
    meeting.teacher()
    assert meeting.still_waits(guest)
    with pytest.raises(Refused, match="registration-required"):
        guest.join(meeting.room)


def test_guest_waits_in_the_lobby_when_the_teacher_was_first(meeting: Meeting) -> None:
    meeting.teacher()
    meeting.guest().knock(meeting.room)


def test_guest_without_a_name_is_asked_for_one(meeting: Meeting) -> None:
    meeting.teacher()
    with pytest.raises(Refused, match="not-acceptable"):
        meeting.guest().join(meeting.room, name="")


def test_admitting_one_guest_leaves_the_other_waiting(meeting: Meeting) -> None:
    admitted, waiting = meeting.guest(), meeting.guest()
    admitted.knock(meeting.room)
    waiting.knock(meeting.room)
    meeting.teacher().admit(meeting.room, admitted)
    assert meeting.still_waits(waiting)
    with pytest.raises(Refused, match="registration-required"):
        waiting.join(meeting.room)


def test_teacher_sees_who_knocked_before_she_came(meeting: Meeting) -> None:
    guest = meeting.guest()
    guest.knock(meeting.room)
    teacher = meeting.teacher()
    teacher.join(meeting.lobby)
    teacher.expect(lambda stanza: stanza.get("from") == f"{meeting.lobby}/{guest.nick}")


def test_the_way_to_sign_in_is_offered_for_the_whole_meeting(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    meeting.admitted_guest(teacher)
    meeting.guest().knock(meeting.room)  # fails unless the answer says "waiting-for-host"
    teacher.leave()
    meeting.gone(meeting.focus, teacher)
    meeting.guest().knock(meeting.room)


def test_late_guest_waits_in_the_lobby_after_the_teacher_has_left(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    meeting.admitted_guest(teacher)
    teacher.leave()
    meeting.gone(meeting.focus, teacher)
    meeting.guest().knock(meeting.room)


def test_a_room_password_does_not_lead_past_the_lobby(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    teacher.configure(meeting.room, {SECRET: "sesame", MEMBERS_ONLY: "1"})
    guest = meeting.guest()
    with pytest.raises(Refused, match="registration-required"):
        guest.join(meeting.room, password="sesame")
    guest.knock(meeting.room)
    teacher.admit(meeting.room, guest)


def test_a_room_password_at_a_teachers_place_leads_nowhere(meeting: Meeting) -> None:
    # Whoever is there already is whom Prosody names as the one who comes.
    teacher = meeting.teacher()
    teacher.configure(meeting.room, {SECRET: "sesame", MEMBERS_ONLY: "1"})
    inside, outside = meeting.admitted_guest(teacher), meeting.guest()
    step_out(inside, meeting.room)
    for place in (teacher.nick, "focus"):
        for guest, answer in (outside, "registration-required"), (inside, "conflict"):
            with pytest.raises(Refused, match=answer):
                guest.join(meeting.room, place, password="sesame")
    with pytest.raises(Refused, match="registration-required"):
        outside.join(meeting.room)
    teacher.catch_up()
    teacher.send(f"<presence to='{meeting.room}/{teacher.nick}'/>")
    assert standing(teacher.joined(meeting.room)) == ("owner", "moderator")


@pytest.mark.parametrize("fields", [{MEMBERS_ONLY: "0"}, {"muc#roomconfig_roomname": "Maths"}, {}])
def test_no_form_switches_the_lobby_off(meeting: Meeting, fields: dict[str, str]) -> None:
    early = meeting.guest()
    early.knock(meeting.room)
    meeting.teacher().configure(meeting.room, fields)
    assert meeting.still_waits(early)
    meeting.guest().knock(meeting.room)


def test_browsers_hear_that_the_lobby_is_still_on(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    teacher.catch_up()
    teacher.heard.clear()
    teacher.configure(meeting.room, {MEMBERS_ONLY: "0"})
    teacher.expect(lambda stanza: stanza.find(f".//{{{MUC}#user}}status[@code='104']") is not None)


def test_guest_cannot_switch_the_lobby_off(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    with pytest.raises(Refused, match="forbidden"):
        guest.configure(meeting.room, {MEMBERS_ONLY: "0"})


def test_guest_cannot_let_others_in(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    teacher.configure(meeting.room, {MEMBERS_ONLY: "1", MEMBERS_INVITE: "1"})
    inside, outside = meeting.admitted_guest(teacher), meeting.guest()
    outside.knock(meeting.room)
    inside.invite(meeting.room, outside.jid)
    answer = inside.expect(
        lambda stanza: in_room(meeting.room)(stanza) and stanza.get("type") == "error"
    )
    assert condition(answer) == "forbidden"
    with pytest.raises(Refused, match="registration-required"):
        outside.join(meeting.room)


def test_guest_who_was_thrown_out_has_to_knock_again(alone: Meeting) -> None:
    teacher = alone.teacher()
    guest = alone.admitted_guest(teacher)
    teacher.set_role(alone.room, guest.nick, "none")
    alone.gone(guest, guest)
    with pytest.raises(Refused, match="registration-required"):
        guest.join(alone.room)
    guest.knock(alone.room)
    teacher.admit(alone.room, guest)


def test_guest_cannot_use_the_health_check_of_the_focus_as_a_room(alone: Meeting) -> None:
    room = f"__jicofo-health-check-{alone.room}"
    alone.focus.join(room, name="")
    with pytest.raises(Refused, match="not-allowed"):
        alone.guest().join(room)


def test_guests_stay_outside_where_the_lobby_is_missing(start: Start) -> None:
    meeting = Meeting(start(without="persistent_lobby"))
    meeting.teacher()
    with pytest.raises(Refused, match="service-unavailable"):
        meeting.guest().join(meeting.room)
    meeting.close()


@pytest.mark.parametrize("nick", ["focus", "a/focus"])
def test_nobody_calls_himself_focus(meeting: Meeting, nick: str) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    meeting.focus.leave()
    meeting.gone(guest, meeting.focus)
    for person in (guest, teacher, meeting.staff("colleague")):
        with pytest.raises(Refused, match="conflict"):
            person.join(meeting.room, nick)


def test_guest_cannot_enter_the_room_of_the_bridges(meeting: Meeting) -> None:
    brewery = f"jvbbrewery@internal.auth.{DOMAIN}"
    meeting.person("auth." + DOMAIN, "jvb").join(brewery)
    with pytest.raises(Refused, match="forbidden"):
        meeting.guest().join(brewery)
    with pytest.raises(Refused, match="forbidden"):
        meeting.staff().join(brewery)


def test_thirty_guests_knock_and_are_admitted(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guests = [meeting.guest() for _ in range(30)]
    for guest in guests:
        guest.try_to_join(meeting.room)
    for guest in guests:
        with pytest.raises(Refused, match="registration-required"):
            guest.joined(meeting.room)
    for guest in guests:
        teacher.invite(meeting.room, guest.jid)
    for guest in guests:
        guest.expect(lambda stanza: stanza.find(f".//{{{MUC}#user}}invite") is not None)
        guest.try_to_join(meeting.room)
    assert {standing(guest.joined(meeting.room)) for guest in guests} == {("member", "participant")}
