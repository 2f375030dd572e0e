"""Nothing goes from person to person beside the rooms, and guests see nobody's address."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import MUC, Refused, condition
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable

    from tests.prosody.meeting import Meeting
    from tests.prosody.person import Person

SECRET = "psst"
STANZAS = {
    "message": "<message to='{to}' type='chat' id='x1'><body>psst</body></message>",
    "headline": "<message to='{to}' type='headline' id='x1'><body>psst</body></message>",
    "error": "<message to='{to}' type='error' id='x1'><body>psst</body></message>",
    "question": "<iq to='{to}' type='get' id='x1'><query xmlns='urn:psst'/></iq>",
    "answer": "<iq to='{to}' type='result' id='psst'/>",
    "presence": "<presence to='{to}' id='x1'><status>psst</status></presence>",
    "contact": "<presence to='{to}' type='subscribe' id='x1'><status>psst</status></presence>",
}
SILENT = ("error", "answer")
"""What may not be answered with an error."""


def heard(person: Person) -> bool:
    """Return whether the secret has arrived."""
    person.catch_up()
    return any(SECRET in text for text in person.received)


def is_answer(stanza: ET.Element) -> bool:
    """Match what the server says to the stanza above."""
    return stanza.get("id") == "x1"


@pytest.mark.parametrize("whole", [True, False], ids=["address", "account"])
@pytest.mark.parametrize("kind", STANZAS)
@pytest.mark.parametrize("pair", ["guest-guest", "guest-teacher", "teacher-guest"])
def test_nobody_writes_to_an_address(
    meeting: Meeting, pair: str, kind: str, *, whole: bool
) -> None:
    teacher = meeting.teacher()
    one, other = meeting.admitted_guest(teacher), meeting.admitted_guest(teacher)
    sender, receiver = {
        "guest-guest": (one, other),
        "guest-teacher": (one, teacher),
        "teacher-guest": (teacher, one),
    }[pair]
    to = receiver.jid if whole else receiver.bare
    sender.send(STANZAS[kind].format(to=to))
    if kind not in SILENT:
        assert condition(sender.expect(is_answer)) == "not-allowed"
    sender.catch_up()
    assert not heard(receiver)


def test_nobody_writes_to_the_focus_beside_the_rooms(meeting: Meeting) -> None:
    guest = meeting.guest()
    with pytest.raises(Refused, match="not-allowed"):
        guest.ask("get", meeting.focus.jid, "<query xmlns='urn:psst'/>")
    assert not heard(meeting.focus)


def ask_through(room: str, one: Person, other: Person) -> None:
    """Send a question to somebody's place in a room."""
    one.send(f"<iq to='{room}/{other.nick}' type='get' id='x1'><query xmlns='urn:psst'/></iq>")
    one.catch_up()


def test_guests_ask_each_other_nothing_through_the_room(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    one, other = meeting.admitted_guest(teacher), meeting.admitted_guest(teacher)
    ask_through(meeting.room, one, other)
    assert condition(one.expect(is_answer)) == "forbidden"
    assert not heard(other)


def test_guests_in_the_lobby_ask_each_other_nothing(meeting: Meeting) -> None:
    meeting.teacher()
    one, other = meeting.guest(), meeting.guest()
    one.knock(meeting.room)
    other.knock(meeting.room)
    # Jitsi's lobby lets just this question through, and it carries any text as its node.
    question = "<query xmlns='http://jabber.org/protocol/disco#info' node='psst'/>"
    one.send(f"<iq to='{meeting.lobby}/{other.nick}' type='get' id='x1'>{question}</iq>")
    one.catch_up()
    assert not heard(other)


def test_guest_teacher_and_focus_ask_each_other_through_the_room(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    for one, other in (
        (guest, teacher), (teacher, guest), (meeting.focus, guest), (guest, meeting.focus),
    ):  # fmt: skip
        ask_through(meeting.room, one, other)
        question = other.expect(lambda stanza: stanza.find("{urn:psst}query") is not None)
        answer = f"<iq to='{question.get('from')}' type='result' id='{question.get('id')}'/>"
        other.send(answer)
        assert one.expect(is_answer).get("type") == "result"


def test_somebody_asks_the_own_place_whether_it_is_still_there(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    place = f"{meeting.room}/{guest.nick}"
    assert guest.ask("get", place, "<ping xmlns='urn:xmpp:ping'/>").get("type") == "result"


ADDRESS = re.compile(rf"[^\s\"'<>@]+@(?:guest\.)?{re.escape(DOMAIN)}(?![.\w])")


def addresses(person: Person) -> set[str]:
    """Return the accounts that are named in all that somebody has received."""
    person.catch_up()
    return set(ADDRESS.findall(html.unescape("\n".join(person.received))))


@pytest.fixture
def lesson(meeting: Meeting) -> tuple[Person, Person, Person]:
    """A teacher and two guests in whose lesson all has happened that names somebody."""
    teacher = meeting.teacher()
    one, other = meeting.admitted_guest(teacher), meeting.admitted_guest(teacher)
    other.send(f"<message to='{meeting.room}' type='groupchat'><body>hello</body></message>")
    other.catch_up()
    thrown = meeting.admitted_guest(teacher)
    teacher.set_role(meeting.room, thrown.nick, "none")
    thrown.expect(lambda stanza: stanza.find(f".//{{{MUC}#user}}status[@code='307']") is not None)
    open_breakout_room(teacher, one)
    return teacher, one, other


def open_breakout_room(teacher: Person, guest: Person) -> None:
    """Open one, and wait until a guest has received the list of them."""
    teacher.send(
        f"<message to='breakout.{DOMAIN}'>"
        "<breakout_rooms type='features/breakout-rooms/add' subject='Room 1'/></message>"
    )
    guest.expect(lambda stanza: "breakout_rooms" in "".join(stanza.itertext()))


def test_guests_see_no_address_but_their_own(lesson: tuple[Person, Person, Person]) -> None:
    _teacher, one, other = lesson
    assert addresses(one) == {one.bare}
    assert addresses(other) == {other.bare}


def test_staff_see_whose_place_is_whose(lesson: tuple[Person, Person, Person]) -> None:
    teacher, one, other = lesson
    assert {one.bare, other.bare, teacher.bare} <= addresses(teacher)


def test_everybody_knows_the_focus_by_its_address(lesson: tuple[Person, Person, Person]) -> None:
    for person in lesson:
        assert any(f"focus@auth.{DOMAIN}/" in text for text in person.received)


def test_a_guest_who_comes_back_still_sees_no_address(
    meeting: Meeting, resumed: Callable[[Person], Person]
) -> None:
    teacher = meeting.teacher()
    guest = resumed(meeting.admitted_guest(teacher))
    meeting.teacher("colleague")
    guest.expect(lambda stanza: (stanza.get("from") or "").startswith(f"{meeting.room}/colleague"))
    assert addresses(guest) == {guest.bare}


@pytest.fixture
def resumed(meeting: Meeting) -> Callable[[Person], Person]:
    """A function by which somebody's connection breaks and is taken up again by another."""

    def resume(person: Person) -> Person:
        person.socket.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
        token = person.expect(lambda stanza: stanza.tag == "{urn:xmpp:sm:3}enabled").get("id")
        assert token
        person.socket.close()
        again = type(person)(meeting.server, person.host, room=f"{meeting.name}&previd={token}")
        meeting.people.append(again)
        again.try_password("", "", "ANONYMOUS")
        again.open()
        again.socket.send(f"<resume xmlns='urn:xmpp:sm:3' previd='{token}' h='0'/>")
        again.expect(lambda stanza: stanza.tag == "{urn:xmpp:sm:3}resumed")
        again.jid, again.nick = person.jid, person.nick
        again.received.clear()
        return again

    return resume


@pytest.mark.parametrize("kind", ["owner", "member", "admin", "outcast"])
def test_guests_read_no_list_of_who_belongs_to_a_room(meeting: Meeting, kind: str) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    question = f"<query xmlns='{MUC}#admin'><item affiliation='{kind}'/></query>"
    with pytest.raises(Refused, match="forbidden"):
        guest.ask("get", meeting.room, question)
    assert teacher.ask("get", meeting.room, question).get("type") == "result"


def test_asking_a_room_for_a_voice_is_no_error_in_the_log(meeting: Meeting) -> None:
    guest, before = meeting.guest(), meeting.server.log()
    form = (
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
        f"<value>{MUC}#request</value></field></x>"
    )
    guest.send(f"<message to='{meeting.room}' id='x1'>{form}</message>")
    assert condition(guest.expect(is_answer)) == "forbidden"
    added = meeting.server.log().removeprefix(before)
    assert [line for line in added.splitlines() if "\terror\t" in line or "\twarn\t" in line] == []
