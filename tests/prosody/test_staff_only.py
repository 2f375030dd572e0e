"""Components that moderate listen to staff only, and do not write who else tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from tests.prosody.meeting import Meeting
    from tests.prosody.person import Person

COMPONENT = f"breakout.{DOMAIN}"


def order(person: Person) -> None:
    """Ask the component for something."""
    kind = "features/breakout-rooms/add"
    wish = f"<breakout_rooms type='{kind}' subject='Group'/>"
    person.send(f"<message to='{COMPONENT}' id='order'>{wish}</message>")


def test_guest_is_refused_and_nothing_is_written(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    order(guest)
    answer = guest.expect(lambda stanza: stanza.get("id") == "order")
    assert answer.find("{*}error/{*}forbidden") is not None
    assert meeting.name not in meeting.server.log()


def test_teacher_is_heard(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    order(teacher)
    teacher.expect(lambda stanza: stanza.get("from") == COMPONENT and stanza.get("id") is None)
