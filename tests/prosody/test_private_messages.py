"""MOD-04: guests send private messages to staff only."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import MUC, condition

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.prosody.meeting import Meeting
    from tests.prosody.person import Person

TEXT = "<body>psst</body>"


def send(meeting: Meeting, sender: Person, receiver: Person, content: str, kind: str) -> None:
    """Send a private message and wait until the server has dealt with it."""
    sender.send(
        f"<message to='{meeting.room}/{receiver.nick}' type='{kind}' id='pm'>{content}</message>"
    )
    sender.ask("get", sender.host, "<ping xmlns='urn:xmpp:ping'/>")


def is_from(meeting: Meeting, sender: Person) -> Callable[[ET.Element], bool]:
    """Match a message from somebody in the room."""
    nick = f"{meeting.room}/{sender.nick}"
    return lambda stanza: stanza.tag.endswith("}message") and stanza.get("from") == nick


@pytest.mark.parametrize("kind", ["chat", "normal", "error", "headline"])
@pytest.mark.parametrize(
    "content", [TEXT, "<json-message xmlns='http://jitsi.org/jitmeet'>{}</json-message>"]
)
def test_guests_cannot_write_to_each_other_in_private(
    meeting: Meeting, kind: str, content: str
) -> None:
    teacher = meeting.teacher()
    one, other = meeting.admitted_guest(teacher), meeting.admitted_guest(teacher)
    send(meeting, one, other, content, kind)
    assert not [stanza for stanza in other.catch_up() if is_from(meeting, one)(stanza)]
    if kind != "error":
        answer = one.expect(
            lambda stanza: stanza.get("id") == "pm" and stanza.get("type") == "error"
        )
        assert condition(answer) == "forbidden"
        # Without it the client says "your message was not sent. Reason:" and nothing more.
        assert answer.findtext("{*}error/{*}text") == "Private messages go to teachers only."


def test_guest_writes_to_a_teacher_and_gets_an_answer(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    send(meeting, guest, teacher, TEXT, "chat")
    assert teacher.expect(is_from(meeting, guest)).findtext("{*}body") == "psst"
    send(meeting, teacher, guest, TEXT, "chat")
    assert guest.expect(is_from(meeting, teacher)).findtext("{*}body") == "psst"


def test_teachers_write_to_each_other(meeting: Meeting) -> None:
    teacher, colleague = meeting.teacher(), meeting.teacher("colleague")
    send(meeting, teacher, colleague, TEXT, "chat")
    assert colleague.expect(is_from(meeting, teacher)).findtext("{*}body") == "psst"


def test_everybody_reads_what_a_guest_writes_to_all(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    one, other = meeting.admitted_guest(teacher), meeting.admitted_guest(teacher)
    one.send(f"<message to='{meeting.room}' type='groupchat'>{TEXT}</message>")
    assert other.expect(is_from(meeting, one)).findtext("{*}body") == "psst"


def test_declining_an_invitation_is_no_way_to_write_to_a_guest(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    one, other = meeting.admitted_guest(teacher), meeting.admitted_guest(teacher)
    for address in (other.jid, f"{meeting.room}/{other.nick}"):
        decline = f"<decline to='{address}'><reason>psst</reason></decline>"
        one.send(f"<message to='{meeting.room}'><x xmlns='{MUC}#user'>{decline}</x></message>")
    one.catch_up()
    assert not [stanza for stanza in other.catch_up() if b"psst" in ET.tostring(stanza)]
