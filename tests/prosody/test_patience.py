"""People wait for focus and bridge where these start again just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.person import Refused
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable, Iterator

    from tests.prosody.conftest import Start
    from tests.prosody.person import Person

BREWERY = f"jvbbrewery@internal.auth.{DOMAIN}"
FOCUS = "http://jitsi.org/protocol/focus"
# As Jicofo says it (jitsi-xmpp-extensions 1.0-119).
NO_BRIDGE = f"<bridgeNotAvailable xmlns='{FOCUS}'/>"


@pytest.fixture
def patient(start: Start) -> Iterator[Meeting]:
    """A room on a server where requests wait as long as on a school's."""
    meeting = Meeting(start("school_focus_patience = 20"))
    (meeting.server.folder / "warm").unlink(missing_ok=True)
    yield meeting
    meeting.close()


def request(person: Person, room: str) -> None:
    """Ask for a conference, without waiting for the answer."""
    content = f"<conference xmlns='{FOCUS}' room='{room}'/>"
    person.send(f"<iq type='set' id='wish' to='focus.{DOMAIN}'>{content}</iq>")


def test_a_request_waits_for_focus_and_bridge(patient: Meeting) -> None:
    patient.focus.leave()
    guest = patient.guest()
    request(guest, patient.room)
    focus = patient.person("auth." + DOMAIN, "focus")
    # In order: the request would have come before. There is no bridge, and then no warm one.
    focus.catch_up()
    assert not [s for s in focus.heard if s.find("{*}conference") is not None]
    bridge = patient.person("auth." + DOMAIN, "jvb")
    bridge.join(BREWERY, nick="bridge-1", name="")
    focus.catch_up()
    assert not [s for s in focus.heard if s.find("{*}conference") is not None]
    (patient.server.folder / "warm").touch()
    asked = focus.expect(lambda stanza: stanza.find("{*}conference") is not None)
    focus.send(f"<iq type='result' id='{asked.get('id')}' to='{asked.get('from')}'/>")
    assert guest.expect(lambda stanza: stanza.get("id") == "wish").get("type") == "result"


def test_where_nothing_comes_it_is_refused(start: Start) -> None:
    meeting = Meeting(start("school_focus_patience = 1"))
    meeting.focus.leave()
    content = f"<conference xmlns='{FOCUS}' room='{meeting.room}'/>"
    guest = meeting.guest()
    with pytest.raises(Refused, match="service-unavailable"):
        guest.ask("set", f"focus.{DOMAIN}", content)
    meeting.close()


def says(meeting: Meeting, content: str) -> None:
    """Let the focus say something of itself in a meeting's room."""
    meeting.focus.send(f"<presence to='{meeting.room}/focus'>{content}</presence>")


def word(meeting: Meeting, number: int) -> Callable[[ET.Element], bool]:
    """Whether a stanza is what the focus has said in a room with that number."""
    told = f"{{*}}conference-properties[@number='{number}']"
    return lambda s: s.get("from") == f"{meeting.room}/focus" and s.find(told) is not None


def number(value: int) -> str:
    """What else the focus says, and how it is told from its other words."""
    return f"<conference-properties xmlns='{FOCUS}' number='{value}'/>"


def test_a_lesson_waits_for_its_only_bridge(start: Start) -> None:
    meeting = Meeting(start())
    teacher = meeting.teacher()
    says(meeting, NO_BRIDGE + number(1))
    heard = teacher.expect(word(meeting, 1))
    assert [child.tag for child in heard if child.tag.startswith(f"{{{FOCUS}}}")] == [
        f"{{{FOCUS}}}conference-properties"
    ]
    # Nor does anybody who comes meanwhile.
    colleague = meeting.staff("colleague")
    colleague.join(meeting.room)
    [there] = [s for s in colleague.heard if s.get("from") == f"{meeting.room}/focus"]
    assert there.find("{*}bridgeNotAvailable") is None
    meeting.close()


def test_it_hears_of_a_bridge_that_stays_away_and_of_no_other(start: Start) -> None:
    server = start("school_bridge_patience = 1")
    short, long = Meeting(server), Meeting(server)
    witness, teacher = short.teacher(), long.teacher("colleague")
    says(short, NO_BRIDGE + number(1))
    says(short, number(2))
    witness.expect(word(short, 2))
    says(long, NO_BRIDGE + number(3))
    # Its second comes after the other's.
    teacher.expect(lambda s: word(long, 3)(s) and s.find("{*}bridgeNotAvailable") is not None)
    heard = [*witness.heard, *witness.catch_up()]
    assert not [s for s in heard if s.find("{*}bridgeNotAvailable") is not None]
    # From then on it is said at once.
    says(long, NO_BRIDGE + number(4))
    assert teacher.expect(word(long, 4)).find("{*}bridgeNotAvailable") is not None
    short.close()
    long.close()
