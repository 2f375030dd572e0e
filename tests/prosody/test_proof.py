"""The proof's XMPP client and its probe of strangers, on a real Prosody behind TLS."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from provision.verify.probes import config, xmpp
from provision.verify.target import Target
from provision.verify.xmpp import acts, rooms, wire
from provision.verify.xmpp.limits import Limits
from provision.verify.xmpp.session import Session
from tests.prosody.server import DOMAIN, PASSWORD
from tests.unit.verify.evil_xmpp import EvilServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from tests.prosody.conftest import Start
    from tests.prosody.meeting import Meeting
    from tests.prosody.server import Prosody

GUESTS = f"guest.{DOMAIN}"
INFO = "http://jabber.org/protocol/disco#info"


@pytest.fixture
def target(server: Prosody, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """The server behind TLS, as nginx is before it."""
    front = EvilServer(tmp_path, lambda connection: carry(connection, server.port))
    monkeypatch.setattr(wire, "PORT", front.port)
    yield Target(DOMAIN, "127.0.0.1")
    front.close()


def carry(front: ssl.SSLSocket, port: int) -> None:
    """Carry bytes both ways, each way in a thread of its own."""
    back = socket.create_connection(("127.0.0.1", port))
    front.settimeout(0.02)  # one thread reads and writes TLS: two at a time may hang

    def to_back() -> bool:
        with suppress(TimeoutError):
            data = front.recv(65536)
            back.sendall(data)
            return bool(data)
        return True

    waiting: list[bytes] = []
    ended = threading.Event()

    def from_back() -> None:
        with suppress(OSError):
            while data := back.recv(65536):
                waiting.append(data)
        ended.set()

    threading.Thread(target=from_back, daemon=True).start()
    while to_back() and not (ended.is_set() and not waiting):
        while waiting:
            front.sendall(waiting.pop(0))
    back.close()


def test_a_focus_that_asks_is_answered_while_somebody_else_waits(
    target: Target, meeting: Meeting
) -> None:
    company: list[Session] = []
    guest, other = (Session(target, GUESTS, Limits(20), company=company) for _number in range(2))
    company += [guest, other]
    for each in (guest, other):
        each.sign_in()
    teacher = meeting.teacher()
    teacher.invite(meeting.room, guest.jid)
    teacher.catch_up()
    seat, _entry = rooms.enter(guest, meeting.room)
    meeting.focus.send(f"<iq type='get' id='f1' to='{seat.address}'><query xmlns='{INFO}'/></iq>")
    meeting.focus.send(f"<iq type='set' id='f2' to='{seat.address}'><call xmlns='urn:x'/></iq>")
    meeting.focus.send(f"<iq type='get' id='f3' to='{seat.address}'><what xmlns='urn:x'/></iq>")
    meeting.focus.catch_up()
    other.listen(0.3)
    answers = {
        number: meeting.focus.expect(lambda each, n=number: each.get("id") == n).get("type")
        for number in ("f1", "f2", "f3")
    }
    assert answers == {"f1": "result", "f2": "result", "f3": "error"}


def test_teacher_and_guest_meet_as_the_proof_sees_it(target: Target, meeting: Meeting) -> None:
    limits = Limits(30)
    guest = Session(target, GUESTS, limits, meeting.name)
    guest.sign_in()
    _seat, early = rooms.enter(guest, meeting.room)
    assert (early["outcome"], early["lobby"]) == ("lobby", meeting.lobby)
    rooms.enter(guest, meeting.lobby)
    teacher = Session(target, DOMAIN, limits, meeting.name)
    teacher.sign_in("teacher", PASSWORD)
    host, entry = rooms.enter(teacher, meeting.room)
    assert (entry["affiliation"], entry["role"]) == ("owner", "moderator")
    assert acts.admit(teacher, meeting.room, guest)
    seat, admitted = rooms.enter(guest, meeting.room)
    assert (admitted["affiliation"], admitted["role"]) == ("member", "participant")
    assert acts.whisper(seat, host) == acts.whisper(host, seat) == "done"
    assert acts.set_role(guest, host, "none") == "not-allowed"
    assert rooms.number(teacher, meeting.room, "muc#roominfo_school_end_after") == 300
    assert rooms.destroy(teacher, meeting.room)
    assert rooms.query(guest, meeting.room) == "item-not-found"


def test_a_stranger_as_the_proof_sees_him(target: Target) -> None:
    found = xmpp.measure(target)
    signed_in = [(host["name"], host["anonymous"]) for host in found["hosts"]]
    expected = [(DOMAIN, False), (GUESTS, True)]
    assert signed_in == [*expected, *expected]  # websocket, then BOSH
    assert found["services"] == {"websocket": "refused", "bosh": "refused"}
    assert {part["kind"] for part in found["components"]} == {
        "av_moderation", "breakout_rooms", "conference_duration", "end_conference", "lobbyrooms",
        "room_metadata", "rooms",
    }  # fmt: skip
    assert found["conference"] is None  # on somebody else's server nobody asks for a room


def test_a_server_with_another_name_inside(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = start('school_origins = { "https://video.example.org" }')
    front = EvilServer(tmp_path, lambda connection: carry(connection, renamed.port))
    monkeypatch.setattr(wire, "PORT", front.port)
    hosts = {"domain": DOMAIN, "muc": f"conference.{DOMAIN}"}
    pages = {"/": {"config": {}}, "/config.js": {"config": {"hosts": hosts}}}
    monkeypatch.setattr(config, "measure", lambda _target: {"pages": pages})
    found = xmpp.measure(Target("video.example.org", "127.0.0.1"))
    assert (found["domain"], found["stranger"]) == (DOMAIN, GUESTS)
    front.close()


def test_holes_as_the_proof_sees_them(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_all = start('modules_enabled = { "disco", "ping", "posix", "saslauth", "register", '
                        '"school_sources" }\n'
                        'modules_disabled = { "s2s", "offline" }\n'
                        "allow_registration = true", without="muc_hide_all")  # fmt: skip
    front = EvilServer(tmp_path, lambda connection: carry(connection, open_to_all.port))
    monkeypatch.setattr(wire, "PORT", front.port)
    found = xmpp.measure(Target(DOMAIN, "127.0.0.1"))
    assert {host["form"] for host in found["hosts"] if host["name"] == DOMAIN} == {"form", ""}
    front.close()


def test_a_host_of_services_that_is_open_as_the_proof_sees_it(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(without="school_loopback_only")
    front = EvilServer(tmp_path, lambda connection: carry(connection, server.port))
    monkeypatch.setattr(wire, "PORT", front.port)
    found = xmpp.measure(Target(DOMAIN, "127.0.0.1"))
    assert found["services"] == {"websocket": "open", "bosh": "open"}
    front.close()
