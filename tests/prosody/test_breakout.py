"""Breakout rooms: only for those whom staff have admitted to the conference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.person import DESTROYED, JITSI, Refused, standing
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prosody.conftest import Start
    from tests.prosody.person import Person

HOST = f"breakout.{DOMAIN}"


@pytest.fixture
def short(start: Start) -> Iterator[Meeting]:
    """A room that ends one second after the staff."""
    meeting = Meeting(start("school_end_after = 1"))
    yield meeting
    meeting.close()


def ask_for_breakout(teacher: Person) -> None:
    """Ask for a breakout room of the conference one is in."""
    kind = "features/breakout-rooms/add"
    teacher.send(f"<message to='{HOST}'><breakout_rooms type='{kind}' subject='Group'/></message>")


def breakout(meeting: Meeting, teacher: Person) -> str:
    """Open a breakout room; return its address."""
    ask_for_breakout(teacher)
    news = teacher.expect(lambda stanza: stanza.get("from") == HOST)
    rooms = json.loads(news.findtext(f"{{{JITSI}}}json-message") or "")["rooms"]
    (room,) = [each["jid"] for each in rooms.values() if not each.get("isMainRoom")]
    meeting.focus.join(room, name="")
    return str(room)


def move(meeting: Meeting, person: Person, room: str) -> tuple[str, str]:
    """Go from the conference to the breakout room; return what one is there."""
    person.send(
        f"<presence to='{meeting.room}/{person.nick}' type='unavailable'>"
        "<status>switch_room</status></presence>"
    )
    return standing(person.join(room))


def test_guest_cannot_enter_a_room_that_no_conference_has_opened(start: Start) -> None:
    # Without the plugin that knows the breakout rooms nothing but our module guards them.
    meeting = Meeting(start(without="muc_breakout_rooms"))
    guest = meeting.admitted_guest(meeting.teacher())
    room = f"{meeting.name}@{HOST}"
    meeting.focus.join(room, name="")
    with pytest.raises(Refused, match="registration-required"):
        guest.join(room)
    meeting.close()


def test_guest_cannot_open_a_breakout_room(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    ask_for_breakout(guest)
    guest.catch_up()
    assert not [stanza for stanza in teacher.catch_up() if stanza.get("from") == HOST]


def test_guest_from_the_lobby_cannot_enter_a_breakout_room(meeting: Meeting) -> None:
    room = breakout(meeting, meeting.teacher())
    guest = meeting.guest()
    guest.knock(meeting.room)
    with pytest.raises(Refused):
        guest.join(room)


def test_guest_who_was_thrown_out_cannot_enter_a_breakout_room(alone: Meeting) -> None:
    teacher = alone.teacher()
    guest = alone.admitted_guest(teacher)
    room = breakout(alone, teacher)
    teacher.set_role(alone.room, guest.nick, "none")
    alone.gone(guest, guest)
    with pytest.raises(Refused, match="registration-required"):
        guest.join(room)


def test_guest_who_was_thrown_out_of_a_breakout_room_has_to_knock_again(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    room = breakout(meeting, teacher)
    assert move(meeting, guest, room) == ("member", "participant")
    assert move(meeting, teacher, room) == ("owner", "moderator")
    teacher.set_role(room, guest.nick, "none")
    with pytest.raises(Refused, match="registration-required"):
        guest.join(room)
    with pytest.raises(Refused, match="registration-required"):
        guest.join(meeting.room)


def test_guests_in_a_breakout_room_cannot_write_to_each_other_in_private(
    meeting: Meeting,
) -> None:
    teacher = meeting.teacher()
    one, other = meeting.admitted_guest(teacher), meeting.admitted_guest(teacher)
    room = breakout(meeting, teacher)
    move(meeting, one, room)
    move(meeting, other, room)
    one.send(f"<message to='{room}/{other.nick}' type='chat' id='pm'><body>psst</body></message>")
    one.expect(lambda stanza: stanza.get("id") == "pm" and stanza.get("type") == "error")
    assert not [s for s in other.catch_up() if s.findtext("{*}body") == "psst"]


def test_conference_goes_on_while_its_teacher_is_in_a_breakout_room(short: Meeting) -> None:
    teacher = short.teacher()
    stays = short.admitted_guest(teacher)
    room = breakout(short, teacher)
    move(short, teacher, room)
    other = Meeting(short.server)  # left later, and yet it ends first
    late = other.teacher()
    witness = other.admitted_guest(late)
    late.leave()
    witness.expect(lambda stanza: stanza.find(DESTROYED) is not None)
    assert not [s for s in stays.catch_up() if s.find(DESTROYED) is not None]
    other.close()


def test_breakout_rooms_end_with_their_conference(short: Meeting) -> None:
    teacher = short.teacher()
    guest = short.admitted_guest(teacher)
    room = breakout(short, teacher)
    move(short, guest, room)
    teacher.leave()
    guest.expect(lambda s: s.find(DESTROYED) is not None and (s.get("from") or "").startswith(room))
