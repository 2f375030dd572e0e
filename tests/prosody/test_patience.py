"""A request for a conference waits for focus and bridge where these start again just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.person import Refused
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prosody.conftest import Start
    from tests.prosody.person import Person

BREWERY = f"jvbbrewery@internal.auth.{DOMAIN}"


@pytest.fixture
def patient(start: Start) -> Iterator[Meeting]:
    """A room on a server where requests wait as long as on a school's."""
    meeting = Meeting(start("school_focus_patience = 20"))
    (meeting.server.folder / "warm").unlink(missing_ok=True)
    yield meeting
    meeting.close()


def request(person: Person, room: str) -> None:
    """Ask for a conference, without waiting for the answer."""
    content = f"<conference xmlns='http://jitsi.org/protocol/focus' room='{room}'/>"
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
    content = f"<conference xmlns='http://jitsi.org/protocol/focus' room='{meeting.room}'/>"
    guest = meeting.guest()
    with pytest.raises(Refused, match="service-unavailable"):
        guest.ask("set", f"focus.{DOMAIN}", content)
    meeting.close()
