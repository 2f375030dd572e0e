"""What people who are already inside can do on a deployed server of either release."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import Refused, condition
from tests.prosody.websocket import WebSocket
from tests.system.entrance import Entrance
from tests.system.visitor import Visitor

if TYPE_CHECKING:
    from tests.conftest import Bench
    from tests.system.school import School

ROSTER = "<query xmlns='jabber:iq:roster'><item jid='a@b' name='x'/></query>"


@pytest.fixture(params=["13", "12"])
def here(request: pytest.FixtureRequest) -> School:
    """A deployed school."""
    school: School = request.getfixturevalue("school" if request.param == "13" else "school12")
    return school


@pytest.fixture
def door(here: School, bench: Bench) -> Entrance:
    """Its server as the outside sees it."""
    return Entrance(here.host.address, here.domain, bench.acme.root_file)


def guest_of(door: Entrance) -> Visitor:
    """Return somebody without an account, signed in."""
    guest = Visitor(door, f"guest.{door.domain}")
    guest.sign_in()
    return guest


def test_a_guest_leaves_no_file(door: Entrance, here: School) -> None:
    guest = guest_of(door)
    with pytest.raises(Refused, match="service-unavailable"):
        guest.ask("set", "", ROSTER)
    guest.send(f"<presence type='subscribe' to='x@{door.domain}' id='s'/>")
    assert condition(guest.expect(lambda stanza: stanza.get("id") == "s")) == "not-allowed"
    guest.leave()
    found = here.host.run("ls /var/lib/prosody | grep -c '^guest%2e' || true")
    assert found.stdout.strip() == "0"


def test_nothing_goes_from_guest_to_guest(door: Entrance) -> None:
    one, other = guest_of(door), guest_of(door)
    one.send(f"<message to='{other.jid}' type='chat' id='m'><body>psst</body></message>")
    assert one.expect(lambda stanza: stanza.get("id") == "m").get("type") == "error"
    with pytest.raises(Refused, match="not-allowed"):
        one.ask("get", other.jid, "<query xmlns='urn:psst'/>")
    other.catch_up()
    assert not [text for text in other.received if "psst" in text]


def test_a_foreign_page_does_not_get_in(door: Entrance) -> None:
    headers = {"Host": door.domain, "Origin": "https://evil.example"}
    with pytest.raises(ConnectionError, match=" 403 "):
        WebSocket(door.secure(), "/xmpp-websocket", "xmpp", headers)


def test_a_stranger_opens_no_three_hundred_rooms(door: Entrance) -> None:
    guest = guest_of(door)
    said = [ask_for_room(guest) for _room in range(300)]
    assert set(said) == {"opened", "resource-constraint"}
    assert 0 < said.count("opened") <= 80  # forty, less those of the tests before, and 20 a minute


def ask_for_room(guest: Visitor) -> str:
    """Ask the focus for a new room; return what came of it."""
    try:
        guest.open_room(f"{uuid.uuid4().hex}@conference.{guest.domain}")
    except Refused as refusal:
        return refusal.condition
    return "opened"
