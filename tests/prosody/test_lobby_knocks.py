"""A flood of knocks from one source buries neither a lobby nor a room; a class is no flood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.person import Person, Refused, condition, in_room
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prosody.conftest import Start

FEW = "school_knocks_at_once = 8; school_knocks_per_second = 0; school_knocks_message = 'Slowly.'"
FULL = "school_knocks_waiting = 3"
SCHOOL, HOME = "203.0.113.5", "198.51.100.7"


@pytest.fixture
def few(start: Start) -> Iterator[Meeting]:
    """A meeting whose lobby takes eight knocks of a network."""
    meeting = Meeting(start(FEW))
    yield meeting
    meeting.close()


def guest(meeting: Meeting, address: str) -> Person:
    """Somebody without an account, in no room yet."""
    return meeting.person("guest." + DOMAIN, address=address)


def refusal(person: Person, room: str) -> tuple[str, str]:
    """Ask to enter, and return condition and text of the refusal."""
    person.try_to_join(room)
    answer = person.expect(
        lambda stanza: (
            in_room(room)(stanza)
            and stanza.tag.endswith("}presence")
            and stanza.get("type") in {None, "error"}
        )
    )
    assert answer.get("type") == "error", "let in"
    return condition(answer), answer.findtext(".//{urn:ietf:params:xml:ns:xmpp-stanzas}text") or ""


def test_a_flood_of_one_source_ends_and_others_go_on_knocking(few: Meeting) -> None:
    for _ in range(8):
        guest(few, SCHOOL).knock(few.room)
    assert refusal(guest(few, SCHOOL), few.lobby) == ("resource-constraint", "Slowly.")
    guest(few, HOME).knock(few.room)


def test_one_connection_that_comes_and_goes_is_a_flood(few: Meeting) -> None:
    guest(few, HOME).knock(few.room)
    person = guest(few, SCHOOL)
    for _ in range(8):
        person.join(few.lobby)
        person.send(f"<presence type='unavailable' to='{few.lobby}/{person.nick}'/>")
    assert refusal(person, few.lobby)[0] == "resource-constraint"


def test_only_so_many_of_one_source_wait(start: Start) -> None:
    meeting = Meeting(start(FULL))
    first, *_others = crowd = [guest(meeting, SCHOOL) for _ in range(3)]
    for person in crowd:
        person.knock(meeting.room)
    assert refusal(guest(meeting, SCHOOL), meeting.lobby)[0] == "resource-constraint"
    guest(meeting, HOME).knock(meeting.room)
    first.leave()
    guest(meeting, SCHOOL).knock(meeting.room)
    meeting.close()


def test_all_addresses_of_an_ipv6_line_are_one_source(few: Meeting) -> None:
    for number in range(8):
        guest(few, f"2001:db8::1:{number}").knock(few.room)
    assert refusal(guest(few, "2001:db8::2:1"), few.lobby)[0] == "resource-constraint"
    guest(few, "2001:db8:0:1::1").knock(few.room)


def test_rooms_do_not_slow_each_other(few: Meeting) -> None:
    for _ in range(8):
        guest(few, SCHOOL).knock(few.room)
    other = Meeting(few.server)
    guest(other, SCHOOL).knock(other.room)
    other.close()


def test_a_flood_at_the_room_itself_ends_too(few: Meeting) -> None:
    person = guest(few, SCHOOL)
    found = [refusal(person, few.room)[0] for _ in range(10)]
    assert found == ["registration-required"] * 8 + ["resource-constraint"] * 2
    guest(few, HOME).knock(few.room)


def test_staff_and_focus_are_not_counted(few: Meeting) -> None:
    for _ in range(8):
        guest(few, SCHOOL).knock(few.room)
    teacher = few.person(DOMAIN, "teacher", SCHOOL)
    for _ in range(10):
        for room in (few.room, few.lobby):
            teacher.join(room)
            teacher.send(f"<presence type='unavailable' to='{room}/{teacher.nick}'/>")
    few.focus.leave()
    again = few.person("auth." + DOMAIN, "focus")
    again.join(few.room, "focus", name="")


def test_two_classes_wait_behind_one_address_and_one_of_them_reloads(start: Start) -> None:
    meeting = Meeting(start('log = { warn = "*console" }'))  # every line of a log costs time
    classes = [come(meeting, 40), come(meeting, 40)]
    for pupil in classes[0]:
        pupil.socket.close()
    come(meeting, 40)
    meeting.close()


def come(meeting: Meeting, number: int) -> list[Person]:
    """Let so many come at once and be sent to the lobby; return them when all are there."""
    pupils = [guest(meeting, SCHOOL) for _ in range(number)]
    for pupil in pupils:
        pupil.try_to_join(meeting.room)
    for pupil in pupils:
        with pytest.raises(Refused, match="registration-required"):
            pupil.joined(meeting.room, 60)
        pupil.try_to_join(meeting.lobby)
    for pupil in pupils:
        pupil.joined(meeting.lobby, 60)
    return pupils


def test_a_network_that_the_school_names_has_room_for_four_classes(start: Start) -> None:
    named = f"school_networks = {{ '{SCHOOL}/32' }}; school_knocks_waiting = 1"
    meeting = Meeting(start(f"{FEW}; {named}"))
    for _ in range(4):
        guest(meeting, SCHOOL).knock(meeting.room)
    assert refusal(guest(meeting, SCHOOL), meeting.lobby)[0] == "resource-constraint"
    guest(meeting, HOME).knock(meeting.room)
    assert refusal(guest(meeting, HOME), meeting.lobby)[0] == "resource-constraint"
    meeting.close()


def test_a_lobby_tells_nobody_how_many_wait(meeting: Meeting) -> None:
    person = guest(meeting, SCHOOL)
    lobby = person.knock(meeting.room)
    answer = person.ask("get", lobby, "<query xmlns='http://jabber.org/protocol/disco#info'/>")
    fields = {field.get("var") for field in answer.iter("{jabber:x:data}field")}
    assert "muc#roominfo_description" in fields
    assert "muc#roominfo_occupants" not in fields
