"""What somebody without an account makes the server remember is nothing: no file, no memory."""

from __future__ import annotations

import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.prosody.bosh import Bosh
from tests.prosody.meeting import Meeting
from tests.prosody.person import MUC
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from tests.prosody.conftest import Start
    from tests.prosody.person import Person
    from tests.prosody.server import Prosody

# Hibernating sessions and silent ones over BOSH are forgotten soon, so that a test sees it; and
# Prosody holds a connection until c2s_timeout, when it looks whether it has signed in, and one that
# is gone until send_timeout.
OPTIONS = """
modules_enabled = { "admin_shell", "limits", "school_sources", "test_memory" }
smacks_hibernation_time = 1
bosh_max_inactivity = 1
c2s_timeout = 2
network_settings = { send_timeout = 2 }
"""
ROSTER = "jabber:iq:roster"
KEPT = {
    "contact": f"<query xmlns='{ROSTER}'><item jid='a@b' name='{'x' * 1000}'/></query>",
    "private": f"<query xmlns='jabber:iq:private'><x xmlns='urn:x'>{'x' * 1000}</x></query>",
    "card": f"<vCard xmlns='vcard-temp'><FN>{'x' * 1000}</FN></vCard>",
    "blocked": "<block xmlns='urn:xmpp:blocking'><item jid='a@b'/></block>",
    "published": "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item>"
    f"<x xmlns='urn:x'>{'x' * 1000}</x></item></publish></pubsub>",
    "push": "<enable xmlns='urn:xmpp:push:0' jid='a.b' node='n'/>",
    "carbons": "<enable xmlns='urn:xmpp:carbons:2'/>",
    "account": "<query xmlns='jabber:iq:register'><username>a</username></query>",
    "command": "<command xmlns='http://jabber.org/protocol/commands' node='n'/>",
}
CONTACTS = ("subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe")


@pytest.fixture
def observed(start: Start) -> Prosody:
    """A server that tells how much memory it holds."""
    return start(OPTIONS)


def memory(server: Prosody) -> int:
    """Return the bytes that Prosody holds."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/memory", headers={"Host": DOMAIN}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.read())


def files(server: Prosody) -> set[str]:
    """Return every file and directory that the server keeps, with its size."""
    data = server.folder / "data"
    return {f"{path.relative_to(data)} {path.stat().st_size}" for path in data.rglob("*")}


def do_all_that_leaves_something(guest: Person, meeting: Meeting, number: int) -> None:
    """Try to have something kept, wait in the lobby, and lose the connection."""
    for kind, payload in KEPT.items():
        guest.send(f"<iq type='set' id='{kind}'>{payload}</iq>")
    for kind in CONTACTS:
        for to in (f"contact-{number}@{DOMAIN}", meeting.room, DOMAIN, f"focus.{DOMAIN}"):
            guest.send(f"<presence type='{kind}' to='{to}'/>")
    guest.send(f"<message to='nobody@{DOMAIN}'><body>for later</body></message>")
    nick = f"<query xmlns='jabber:iq:register'><nick>n{number}</nick></query>"
    guest.send(f"<iq type='set' id='nick' to='{meeting.room}'>{nick}</iq>")
    guest.catch_up().clear()
    guest.knock(meeting.room)
    guest.send(f"<message to='{meeting.lobby}' type='groupchat'><body>hello</body></message>")
    guest.send(f"<presence to='{meeting.room}/x'><x xmlns='{MUC}'/></presence>")
    guest.socket.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
    guest.catch_up()
    guest.socket.close()  # as somebody whose network is gone


def crowd(server: Prosody, meeting: Meeting) -> None:
    """Have a hundred people come and go: seventy over a websocket, thirty over BOSH."""
    for number in range(70):
        guest = meeting.guest()
        do_all_that_leaves_something(guest, meeting, number)
        meeting.people.remove(guest)
    for _person in range(30):
        Bosh(server).send(f"<presence xmlns='jabber:client' to='{meeting.room}/x'/>")


def settled(server: Prosody, below: int = 0) -> int:
    """Return what the server holds once that is little enough, or has not shrunk for 5 s."""
    least, since = memory(server), time.monotonic()
    while least > below and time.monotonic() - since < 5:
        time.sleep(0.2)
        if (held := memory(server)) < least - 1024:
            least, since = held, time.monotonic()
    return least


def test_a_hundred_people_without_account_leave_nothing(observed: Prosody) -> None:
    meeting = Meeting(observed)
    teacher = meeting.teacher()
    crowd(observed, meeting)  # what is made once and for all is made now
    before, kept = settled(observed), files(observed)
    crowd(observed, meeting)
    teacher.catch_up()
    most = before + 100 * 1024
    assert settled(observed, most) < most
    assert files(observed) == kept
    assert not [name for name in kept if name.startswith("guest%2e")]
    meeting.close()


@pytest.mark.parametrize("kind", KEPT)
def test_a_guest_is_told_that_nothing_is_kept(meeting: Meeting, kind: str) -> None:
    guest = meeting.guest()
    for to in ("", guest.bare, f"guest.{DOMAIN}", DOMAIN):
        address = f" to='{to}'" if to else ""
        guest.send(f"<iq type='set' id='{kind}'{address}>{KEPT[kind]}</iq>")
        answer = guest.expect(lambda stanza: stanza.get("id") == kind)
        error = answer.find("{*}error")
        assert error is not None
        assert error[0].tag.rpartition("}")[2] == "service-unavailable", to
