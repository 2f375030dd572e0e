"""MOD-03: a room ends some time after its last member of staff has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.person import DESTROYED, MUC, Refused

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterator

    from tests.prosody.conftest import Start
    from tests.prosody.person import Person

ENDS_SOON = "school_end_after = 1; school_end_grace = 0"
FAREWELL = "The conference has ended."


@pytest.fixture
def short(start: Start) -> Iterator[Meeting]:
    """A room that ends one second after the staff."""
    meeting = Meeting(start(ENDS_SOON))
    yield meeting
    meeting.close()


def end_of(room: str, person: Person) -> ET.Element:
    """Wait until somebody hears that a room has ended."""
    return person.expect(
        lambda stanza: (
            (stanza.get("from") or "").startswith(room) and stanza.find(DESTROYED) is not None
        )
    )


def message(stanza: ET.Element) -> str | None:
    """Return what somebody reads at the end of a room."""
    return stanza.findtext(f"{DESTROYED}/{{{MUC}#user}}reason")


def test_room_ends_after_the_last_teacher_has_left(short: Meeting) -> None:
    teacher = short.teacher()
    guest = short.admitted_guest(teacher)
    teacher.leave()
    assert message(end_of(short.room, guest)) == FAREWELL


def test_guests_in_the_lobby_hear_of_the_end_too(short: Meeting) -> None:
    teacher, waiting = short.teacher(), short.guest()
    waiting.knock(short.room)
    teacher.leave()
    assert message(end_of(short.lobby, waiting)) == FAREWELL


def test_guest_who_comes_after_the_end_waits_in_the_lobby(short: Meeting) -> None:
    teacher = short.teacher()
    guest = short.admitted_guest(teacher)
    teacher.leave()
    end_of(short.room, guest)
    short.focus.join(short.room, name="")
    guest.nick += "-again"
    guest.knock(short.room)
    short.teacher().admit(short.room, guest)


def test_room_goes_on_while_another_teacher_is_there(short: Meeting) -> None:
    teacher, colleague = short.teacher(), short.teacher("colleague")
    guest = short.admitted_guest(teacher)
    teacher.leave()
    other = Meeting(short.server)  # a room that is left later and yet ends before
    late = other.teacher()
    witness = other.admitted_guest(late)
    late.leave()
    end_of(other.room, witness)
    assert not [s for s in guest.catch_up() if s.find(DESTROYED) is not None]
    colleague.leave()
    end_of(short.room, guest)
    other.close()


def test_teacher_who_reloads_keeps_the_room(short: Meeting) -> None:
    teacher = short.teacher()
    guest = short.admitted_guest(teacher)
    teacher.leave()
    short.gone(guest, teacher)
    short.teacher()
    other = Meeting(short.server)
    late = other.teacher()
    witness = other.admitted_guest(late)
    late.leave()
    end_of(other.room, witness)
    assert not [s for s in guest.catch_up() if s.find(DESTROYED) is not None]
    other.close()


def test_room_where_no_teacher_has_been_yet_does_not_end(short: Meeting) -> None:
    early = short.guest()
    early.knock(short.room)
    other = Meeting(short.server)
    teacher = other.teacher()
    witness = other.admitted_guest(teacher)
    teacher.leave()
    end_of(other.room, witness)
    assert not [s for s in early.catch_up() if s.find(DESTROYED) is not None]
    other.close()


def test_destroyed_room_leaves_nothing_that_blocks_its_name(short: Meeting) -> None:
    teacher = short.teacher()
    guest = short.admitted_guest(teacher)
    teacher.ask("set", short.room, f"<query xmlns='{MUC}#owner'><destroy/></query>")
    end_of(short.room, guest)
    with pytest.raises(Refused, match="not-allowed"):  # not "gone": it has to be opened again
        short.staff("colleague").join(short.room)
    short.focus.join(short.room, name="")
    short.teacher("colleague")


def test_the_end_writes_no_name_and_no_room_to_the_log(short: Meeting) -> None:
    teacher = short.teacher()
    guest = short.admitted_guest(teacher)
    short.guest().knock(short.room)
    before = len(short.server.log())
    teacher.leave()
    end_of(short.room, guest)
    guest.catch_up()
    lines = [line for line in short.server.log()[before:].splitlines() if "school_" in line]
    assert lines
    for secret in (short.name, "teacher", guest.bare.partition("@")[0], "192.0.2.1"):
        assert not [line for line in lines if secret in line]
    assert not [s for s in short.server.log()[before:].splitlines() if "\terror\t" in s]


def test_a_room_tells_those_inside_when_it_ends(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    answer = teacher.ask(
        "get", meeting.room, "<query xmlns='http://jabber.org/protocol/disco#info'/>"
    )
    field = "{jabber:x:data}field[@var='muc#roominfo_school_end_after']"
    assert answer.findtext(f".//{field}/{{jabber:x:data}}value") == "300"


def test_lobby_ends_before_its_room(meeting: Meeting) -> None:
    # Jitsi's plugin looks for the room while it ends the lobby, and logs its name if it is gone.
    teacher = meeting.teacher()
    meeting.guest().knock(meeting.room)
    teacher.join(meeting.lobby)
    teacher.ask("set", meeting.room, f"<query xmlns='{MUC}#owner'><destroy/></query>")
    ended = [stanza for stanza in teacher.catch_up() if stanza.find(DESTROYED) is not None]
    places = [(stanza.get("from") or "").partition("/")[0] for stanza in ended]
    assert places == [meeting.lobby, meeting.room]
