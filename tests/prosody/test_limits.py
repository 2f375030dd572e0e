"""What one browser can send, at once and in a second; an honest one never notices."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.prosody.bosh import Bosh
from tests.prosody.person import SASL, Person, Refused, condition
from tests.prosody.server import DOMAIN
from tests.prosody.websocket import ClosedError

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from tests.prosody.meeting import Meeting
    from tests.prosody.server import Prosody

PING = "<iq type='get' id='p' to='{host}'><ping xmlns='urn:xmpp:ping'/></iq>"


def say(person: Person, meeting: Meeting, body: str) -> None:
    """Say something to everybody in the room."""
    person.send(f"<message to='{meeting.room}' type='groupchat' id='chat'>{body}</message>")


def refused(stanza: ET.Element) -> bool:
    """Match the server's no to a text for all."""
    return stanza.get("id") == "chat" and stanza.get("type") == "error"


@pytest.mark.parametrize("who", ["guest", "teacher"])
@pytest.mark.parametrize(
    "body",
    [
        "<body>" + "x" * 17_000 + "</body>",
        "<body>x</body>" + "<a/>" * 200,
        "<a>" * 30 + "</a>" * 30,
    ],
    ids=["long", "many parts", "deep"],
)
def test_a_text_that_nobody_types_is_refused(meeting: Meeting, who: str, body: str) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    sender, other = (guest, teacher) if who == "guest" else (teacher, guest)
    say(sender, meeting, body)
    assert condition(sender.expect(refused)) == "policy-violation"
    assert not [s for s in other.catch_up() if s.get("type") == "groupchat" and s.get("id")]


def receive_all(person: Person) -> None:
    """Take what arrives until the connection ends."""
    while person.socket.receive(10):
        pass


def test_two_hundred_kilobytes_end_the_connection(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    with suppress(OSError):  # it may be closed before all is sent
        say(guest, meeting, "<body>" + "x" * 200_000 + "</body>")
    with pytest.raises(ConnectionError):
        receive_all(guest)
    assert teacher.ask("get", DOMAIN, "<ping xmlns='urn:xmpp:ping'/>").get("type") == "result"


def test_a_long_text_and_a_long_description_go_through(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    say(guest, meeting, "<body>" + "x" * 12_000 + "</body>")
    heard = teacher.expect(lambda stanza: stanza.get("id") == "chat")
    assert len(heard.findtext("{*}body") or "") == 12_000
    # What a browser answers to a call: three times as much as we have seen.
    sources = "<source ssrc='1234567890'><parameter name='msid' value='stream track'/></source>"
    guest.send(
        f"<iq type='set' id='j' to='{meeting.room}/focus'>"
        f"<jingle xmlns='urn:xmpp:jingle:1'>{sources * 350}</jingle></iq>"
    )
    assert meeting.focus.expect(lambda stanza: stanza.find("{*}jingle") is not None) is not None


def seconds(person: Person, number: int) -> float:
    """Return how long that many questions take until the last is answered."""
    begin = time.monotonic()
    for _question in range(number):
        person.send(PING.format(host=person.host))
    for _question in range(number):
        person.expect(lambda stanza: stanza.get("id") == "p", seconds=60)
    return time.monotonic() - begin


def test_a_flood_of_small_stanzas_waits_and_nobody_else_does(meeting: Meeting) -> None:
    teacher, guest = meeting.teacher(), meeting.guest()
    for _question in range(400):
        guest.send(PING.format(host=guest.host))
    assert seconds(teacher, 20) < 2, "somebody else had to wait"
    begin = time.monotonic()
    for _question in range(400):
        guest.expect(lambda stanza: stanza.get("id") == "p", seconds=60)
    assert time.monotonic() - begin > 6  # 400, less 150 at once, at 20 a second; nothing is lost


def test_a_join_with_all_that_a_browser_asks_does_not_wait(meeting: Meeting) -> None:
    assert seconds(meeting.guest(), 100) < 3


def test_a_teacher_admits_and_mutes_a_class_with_one_click(meeting: Meeting) -> None:
    assert seconds(meeting.teacher(), 200) < 3


def test_bosh_brings_no_more_bytes_than_a_websocket(server: Prosody) -> None:
    session = Bosh(server)
    text = f"<presence xmlns='jabber:client'><status>{'x' * 8000}</status></presence>"
    begin, sent = time.monotonic(), 0
    while time.monotonic() - begin < 6:
        status, _answer = session.send(text)
        assert status == 200
        sent += len(text)
    rate = (sent - 131_072) / (time.monotonic() - begin)
    assert rate < 80_000, f"{rate / 1024:.0f} KiB a second"
    assert rate > 20_000, "an honest session is slower than it should be"


def test_a_flood_over_bosh_ends_the_session(server: Prosody) -> None:
    session = Bosh(server)
    text = PING.format(host=f"guest.{DOMAIN}").replace("<iq", "<iq xmlns='jabber:client'") * 200
    answers = [session.send(text) for _request in range(6)]
    assert "policy-violation" in answers[-2][1] or "item-not-found" in answers[-1][1], answers[-1]


def test_nobody_is_in_any_number_of_places(meeting: Meeting) -> None:
    guest = meeting.guest()
    for number in range(32):
        guest.try_to_join(meeting.room, f"place-{number}")
        guest.expect(lambda stanza: stanza.get("type") == "error")
    guest.try_to_join(meeting.room, "one-more")
    with pytest.raises(Refused, match="resource-constraint"):
        guest.joined(meeting.room)


def ends(person: Person) -> bool:
    """Return whether the server ends a connection."""
    try:
        while person.socket.receive(20):
            pass
    except TimeoutError:
        return False
    except (ClosedError, OSError):
        return True
    return False


@pytest.mark.parametrize("who", ["guest", "teacher", "nobody"])
@pytest.mark.parametrize(
    "text",
    ["<iq xmlns='jabber:client'/>", f"<auth xmlns='{SASL}' mechanism='X'/>"],
    ids=["no kind", "sign in"],
)
def test_what_prosody_answers_by_itself_has_an_end(meeting: Meeting, who: str, text: str) -> None:
    if who == "nobody":
        person = Person(meeting.server, f"guest.{DOMAIN}")
    else:
        person = meeting.guest() if who == "guest" else meeting.staff()
    with suppress(OSError):
        for _stanza in range(2000):
            person.socket.send(text)
    assert ends(person)
