"""ACC-04: where focus and bridge have their accounts, nobody signs in from outside."""

from __future__ import annotations

import base64
import http.client
import itertools
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import SASL, SCRAM, Person, Refused
from tests.prosody.server import DOMAIN, PASSWORD
from tests.prosody.stream import Stream
from tests.prosody.websocket import ClosedError, WebSocket

if TYPE_CHECKING:
    from tests.prosody.conftest import Start
    from tests.prosody.server import Prosody

AUTH = f"auth.{DOMAIN}"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
STREAM = "urn:ietf:params:xml:ns:xmpp-streams"
COMPONENTS = ("conference", "lobby", "breakout", "internal.auth")
ADDRESSES = ("192.0.2.1", "127.0.0.1", "::1", "")
"""What nginx might say of the visitor; also that it is the server itself."""

numbers = itertools.count(1)


def by_websocket(server: Prosody, host: str, address: str, *more: str) -> list[ET.Element]:
    """Open a stream and send the rest at once; return all that is answered until the end."""
    headers = {"Host": DOMAIN} | ({"X-Forwarded-For": address} if address else {})
    socket = WebSocket(server.port, "/xmpp-websocket", "xmpp", headers)
    socket.send(f"<open xmlns='{FRAMING}' to='{host}' version='1.0'/>")
    found = []
    try:
        for text in more:
            socket.send(text)
        while True:
            text = socket.receive(5).replace("<stream:error>", "<stream:error xmlns:stream='x'>")
            found.append(ET.fromstring(text))
    except (ClosedError, OSError):
        return found
    finally:
        socket.close()


def by_bosh(server: Prosody, host: str, address: str, content: str = "") -> ET.Element:
    """Begin a session, with something in its first request; return the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    body = (
        f"<body xmlns='http://jabber.org/protocol/httpbind' rid='{next(numbers)}' to='{host}' "
        f"wait='1' hold='1' ver='1.6'>{content}</body>"
    )
    headers = {"Host": DOMAIN} | ({"X-Forwarded-For": address} if address else {})
    connection.request("POST", "/http-bind", body, headers)
    text = connection.getresponse().read()
    connection.close()
    return ET.fromstring(text)


def words(*answers: ET.Element) -> set[str]:
    """Return the names of all elements in some answers."""
    return {each.tag.rpartition("}")[2] for answer in answers for each in answer.iter()}


def attempts(mechanism: str) -> str:
    """Return the beginning of a sign-in."""
    text = f"\0focus\0{PASSWORD}" if mechanism == "PLAIN" else "n,,n=focus,r=abc"
    content = base64.b64encode(text.encode()).decode()
    return f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{content}</auth>"


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("mechanism", ["PLAIN", SCRAM, "ANONYMOUS"])
def test_no_websocket_leads_to_the_services_accounts(
    server: Prosody, address: str, mechanism: str
) -> None:
    found = by_websocket(server, AUTH, address, attempts(mechanism))
    assert words(*found) <= {"open", "error", "host-unknown", "text", "close"}
    assert "host-unknown" in words(*found)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("mechanism", ["PLAIN", SCRAM, "ANONYMOUS"])
def test_no_bosh_leads_to_the_services_accounts(
    server: Prosody, address: str, mechanism: str
) -> None:
    found = by_bosh(server, AUTH, address, attempts(mechanism))
    assert (found.get("type"), found.get("condition")) == ("terminate", "remote-stream-error")
    assert words(found) <= {"body", "error", "host-unknown", "text"}


def test_bosh_knows_a_host_however_it_is_written(start: Start) -> None:
    server = start("-- capitals")
    secret = base64.b64encode(b"n,,n=focus,r=secret").decode()
    text = f"<auth xmlns='{SASL}' mechanism='{SCRAM}'>{secret}</auth>"
    found = by_bosh(server, AUTH.upper(), "192.0.2.1", text)
    assert (found.get("type"), found.get("condition")) == ("terminate", "remote-stream-error")
    guest = by_bosh(server, f"Guest.{DOMAIN}", "192.0.2.1", text.replace(SCRAM, "ANONYMOUS"))
    assert "success" in words(guest) or guest.get("from") == f"guest.{DOMAIN}"
    assert secret not in server.log()


@pytest.mark.parametrize("host", [f"{name}.{DOMAIN}" for name in COMPONENTS])
def test_no_stream_is_opened_to_a_component(server: Prosody, host: str) -> None:
    found = by_websocket(server, host, "192.0.2.1")
    assert "host-unknown" in words(*found)
    assert "features" not in words(*found)
    assert by_bosh(server, host, "192.0.2.1").get("condition") == "improper-addressing"


def test_refusals_are_no_lines_in_the_log(start: Start) -> None:
    server = start("-- refusals")
    before = len(server.log())
    for address in ADDRESSES:
        by_websocket(server, AUTH, address, attempts(SCRAM))
        by_bosh(server, AUTH, address, attempts(SCRAM))
        by_bosh(server, AUTH.upper(), address, attempts(SCRAM))
    said = server.log()[before:].splitlines()
    assert not [line for line in said if "\twarn\t" in line or "\terror\t" in line]


def test_focus_and_bridge_sign_in_on_this_machine(server: Prosody) -> None:
    for name in ("focus", "jvb"):
        person = Person(server, AUTH)
        person.sign_in(name)
        assert person.jid.startswith(f"{name}@{AUTH}/")
        person.socket.close()


def test_who_runs_on_the_server_guesses_slowly_and_keeps_nobody_out(start: Start) -> None:
    server = start("school_login_pace = 600; school_login_line = 1; school_login_answer = 0")
    found = []
    for _ in range(8):
        person = Person(server, AUTH)
        with pytest.raises((Refused, AssertionError)) as refused:
            person.try_password("focus", "wrong", seconds=0.3)
        found.append(str(refused.value).partition(";")[0])
        person.socket.close()
    assert found[:6] == ["not-authorized"] * 6  # five at once, and the first turn of the line
    assert "not-authorized" not in found[6:]
    bridge = Person(server, AUTH)
    bridge.sign_in("jvb")
    bridge.socket.close()


def test_a_plain_stream_from_elsewhere_is_refused(start: Start) -> None:
    """An administrator who lets Prosody listen everywhere opens nothing."""
    server = start('c2s_interfaces = { "0.0.0.0" }')
    own = own_address()
    if not own:
        pytest.skip("this machine has no address but loopback")
    stream = Stream(server.stream_port, own)
    stream.send(f"<open to='{AUTH}'/>")
    found = ET.fromstring(stream.receive(5))
    assert "host-unknown" in words(found)
    assert "mechanism" not in words(found)
    stream.close()


def own_address() -> str:
    """Return an address of this machine that is not loopback; nothing is sent."""
    import socket  # noqa: PLC0415 - the word is taken above

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some:
        try:
            some.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address: str = some.getsockname()[0]
        return "" if address.startswith("127.") else address
