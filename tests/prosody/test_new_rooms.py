"""Guests have rooms opened by the focus, but only so many; a whole school is unharmed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import MUC, Person, Refused
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prosody.conftest import Start
    from tests.prosody.server import Prosody

FOCUS = f"focus.{DOMAIN}"


class Conferences:
    """A focus that answers who asks for a room, and the people who ask."""

    def __init__(self, server: Prosody) -> None:
        self.server = server
        self.people: list[Person] = []
        self.focus = self.person(f"auth.{DOMAIN}", "focus")

    def person(self, host: str, name: str = "", address: str = "192.0.2.1") -> Person:
        """Somebody who is signed in."""
        person = Person(self.server, host, address=address)
        self.people.append(person)
        person.sign_in(name)
        return person

    def guest(self, address: str = "192.0.2.1") -> Person:
        """Somebody without an account."""
        return self.person(f"guest.{DOMAIN}", address=address)

    def ask(self, person: Person, room: str) -> str:
        """Ask the focus for a room; return what came of it: "opened", or how it was refused."""
        focus_request = f"<conference xmlns='http://jitsi.org/protocol/focus' room='{room}'/>"
        number = uuid.uuid4().hex
        person.send(f"<iq type='set' id='{number}' to='{FOCUS}'>{focus_request}</iq>")
        person.catch_up()
        self.focus.catch_up()
        for stanza in [each for each in self.focus.heard if each.find("{*}conference") is not None]:
            self.focus.heard.remove(stanza)
            self.focus.send(
                f"<iq type='result' id='{stanza.get('id')}' to='{stanza.get('from')}'/>"
            )
        answer = person.expect(lambda stanza: stanza.get("id") == number)
        error = answer.find("{*}error")
        return "opened" if error is None else error[0].tag.rpartition("}")[2]

    def close(self) -> None:
        """Send everybody home."""
        for person in self.people:
            person.socket.close()


def new_room() -> str:
    """Return the address of a room that nobody has asked for."""
    return f"{uuid.uuid4().hex}@conference.{DOMAIN}"


def limits(here: int, everywhere: int) -> str:
    """Return limits that do not fill up again during a test."""
    return (
        f"school_new_rooms_burst = {here}; school_new_rooms_minute = 0.01; "
        f"school_new_rooms_all = {everywhere}"
    )


@pytest.fixture
def shipped(start: Start) -> Iterator[Conferences]:
    """A server as a school has it, on which nobody has asked for a room before."""
    conferences = Conferences(start("-- for rooms"))
    yield conferences
    conferences.close()


@pytest.fixture
def small(start: Start) -> Iterator[Conferences]:
    """A server that opens three rooms for one network, and no more for an hour."""
    conferences = Conferences(start(limits(3, 1000)))
    yield conferences
    conferences.close()


def test_twenty_classes_behind_one_address_get_their_rooms_at_the_bell(
    shipped: Conferences,
) -> None:
    guest = shipped.guest("198.51.100.1")
    assert {shipped.ask(guest, new_room()) for _class in range(20)} == {"opened"}


def test_a_class_asks_for_one_room_and_a_stranger_for_three_hundred(shipped: Conferences) -> None:
    room = new_room()
    pupils = [shipped.guest("198.51.100.2") for _pupil in range(40)]
    assert {shipped.ask(pupil, room) for pupil in pupils} == {"opened"}
    stranger = shipped.guest("203.0.113.5")
    opened = [shipped.ask(stranger, new_room()) for _room in range(300)].count("opened")
    assert 40 <= opened <= 60, opened
    assert shipped.ask(shipped.guest("198.51.100.2"), new_room()) == "opened"


@pytest.mark.parametrize(
    "other", ["192.0.2.77", "2001:db8:0:1::2"], ids=["another address", "the same line"]
)
def test_one_network_has_one_account(start: Start, other: str) -> None:
    conferences = Conferences(start(limits(3, 1000) + f" -- {other}"))
    first = "2001:db8:0:1::1" if ":" in other else "192.0.2.1"
    guest = conferences.guest(first)
    said = [conferences.ask(guest, new_room()) for _room in range(5)]
    assert said == ["opened"] * 3 + ["resource-constraint"] * 2
    expected = "resource-constraint" if ":" in other else "opened"
    assert conferences.ask(conferences.guest(other), new_room()) == expected
    conferences.close()


def test_who_has_had_enough_rooms_still_gets_into_those_that_are_there(small: Conferences) -> None:
    guest = small.guest("192.0.2.2")
    rooms = [new_room() for _room in range(5)]
    said = [small.ask(guest, room) for room in rooms]
    assert said == ["opened"] * 3 + ["resource-constraint"] * 2
    assert small.ask(guest, rooms[0]) == "opened"
    small.focus.nick = "focus"
    small.focus.join(rooms[4], name="")
    assert small.ask(guest, rooms[4]) == "opened"


def test_staff_open_as_many_rooms_as_they_like(small: Conferences) -> None:
    guest = small.guest("192.0.2.3")
    assert [small.ask(guest, new_room()) for _room in range(4)][-1] == "resource-constraint"
    teacher = small.person(DOMAIN, "teacher", "192.0.2.3")
    assert {small.ask(teacher, new_room()) for _room in range(20)} == {"opened"}


def test_all_networks_together_have_an_end(start: Start) -> None:
    conferences = Conferences(start(limits(3, 6).replace("minute = 0.01", "minute = 60")))
    guests = [conferences.guest(f"198.51.100.{number}") for number in range(10)]
    said = [conferences.ask(guest, new_room()) for guest in guests]
    assert said[:6] == ["opened"] * 6
    assert said[8:] == ["resource-constraint"] * 2
    conferences.close()


ELSEWHERE = [
    "x@evil.example",
    "x@lobby." + DOMAIN,
    "conference." + DOMAIN,
    "jvbbrewery@internal.auth." + DOMAIN,
    "__jicofo-health-check-x@conference." + DOMAIN,
]


@pytest.mark.parametrize("room", ELSEWHERE)
def test_nobody_sends_the_focus_elsewhere(shipped: Conferences, room: str) -> None:
    teacher = shipped.person(DOMAIN, "teacher")
    for person in (shipped.guest(), teacher):
        assert shipped.ask(person, room) == "bad-request"


@pytest.mark.parametrize("address", [f"{FOCUS}/x", f"x@{FOCUS}", f"x@{FOCUS}/x"])
def test_no_other_address_of_the_focus_is_a_way_past_the_limits(
    shipped: Conferences, address: str
) -> None:
    request = f"<conference xmlns='http://jitsi.org/protocol/focus' room='{new_room()}'/>"
    for person in (shipped.guest(), shipped.person(DOMAIN, "teacher")):
        with pytest.raises(Refused, match="not-allowed"):
            person.ask("set", address, request)
        person.send(f"<message to='{address}'><body>x</body></message>")
        person.send(f"<presence to='{address}'/>")
        person.catch_up()
    shipped.focus.catch_up()
    assert [one for one in shipped.focus.heard if one.find("{*}conference") is not None] == []


def test_the_focus_itself_is_not_spoken_to_in_passing(shipped: Conferences) -> None:
    guest = shipped.guest()
    with pytest.raises(Refused, match="not-allowed"):
        guest.ask("set", shipped.focus.jid, f"<query xmlns='{MUC}'/>")
