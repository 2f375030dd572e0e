"""Whatever an XMPP server does, the probe ends with a reason."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from provision.verify.evidence import NotMeasuredError
from provision.verify.probes import config, xmpp
from provision.verify.target import Target
from provision.verify.xmpp import wire
from provision.verify.xmpp.limits import Limits
from provision.verify.xmpp.session import Session
from tests.unit.verify.evil_xmpp import DOMAIN, FEATURES, SUCCESS, EvilServer, head, says, websocket

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.verify.evil_xmpp import Behaviour

    Reason = Callable[[Behaviour, float], str]

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><b>&b;</b>'
)
SILENCE = "The server did not answer in time."
NO_WEBSOCKET = f"{DOMAIN} offers no XMPP over websocket."
NO_XMPP = "The server answers with something that is not XMPP."


@pytest.fixture
def reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reason]:
    """A function that says why a server with some behaviour could not be measured."""
    servers: list[EvilServer] = []

    def no_settings(_target: Target) -> None:
        raise NotMeasuredError

    monkeypatch.setattr(config, "measure", no_settings)

    def reason_of(behaviour: Behaviour, seconds: float) -> str:
        server = EvilServer(tmp_path, behaviour)
        servers.append(server)
        monkeypatch.setattr(wire, "PORT", server.port)
        with pytest.raises(NotMeasuredError) as raised:
            xmpp.measure(Target(DOMAIN, "127.0.0.1", seconds=seconds))
        return str(raised.value)

    yield reason_of
    for server in servers:
        server.close()


def silent(connection: ssl.SSLSocket) -> None:
    while connection.recv(4096):
        pass


def dripping(connection: ssl.SSLSocket) -> None:
    head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


def flooding(connection: ssl.SSLSocket) -> None:
    says_more = b"\x81\x0a<message/>" * 1000
    while True:
        connection.sendall(says_more)


def endless(connection: ssl.SSLSocket) -> None:
    head(connection)
    while True:
        connection.sendall(b"a" * 65536)


def refusing(connection: ssl.SSLSocket) -> None:
    head(connection)
    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def closing(connection: ssl.SSLSocket) -> None:
    connection.close()


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (silent, SILENCE),
        (dripping, SILENCE),
        (endless, NO_WEBSOCKET),
        (refusing, NO_WEBSOCKET),
        (websocket(silent), SILENCE),
        (websocket(closing), f"No XMPP server for {DOMAIN} answers."),
        (websocket(flooding), "The server sends without end; the program stopped listening."),
        (websocket(says(BOMB)), "The server sends XML that XMPP forbids."),
        (websocket(says("<!-- -->" + FEATURES)), "The server sends XML that XMPP forbids."),
        (websocket(says("<features>")), NO_XMPP),
        (websocket(says("hello")), NO_XMPP),
        (websocket(says(b"\xff\xfe")), NO_XMPP),
        (websocket(says("<a>" * 20000)), NO_XMPP),
        (websocket(says("a" * 2_000_000)), f"No XMPP server for {DOMAIN} answers."),
        (websocket(says(FEATURES)), SILENCE),
        (websocket(says(FEATURES, SUCCESS)), SILENCE),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_server_that_misbehaves(reason: Reason, behaviour: Behaviour, expected: str) -> None:
    # Whoever says nothing is waited for; the others have all the time that a busy machine needs.
    assert reason(behaviour, 1.5 if expected == SILENCE else 30) == expected


def test_a_password_is_told_to_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EvilServer(tmp_path, websocket(says(FEATURES)), domain="other.example.org")
    monkeypatch.setattr(wire, "PORT", server.port)
    target = Target(DOMAIN, "127.0.0.1", server.authority)
    assert Session(target, DOMAIN, Limits(3)).mechanisms == ["ANONYMOUS"]
    with pytest.raises(NotMeasuredError) as reason:
        Session(target, DOMAIN, Limits(3), secret=True)
    assert str(reason.value).startswith(f"The certificate of {DOMAIN} is not valid: Hostname")
    server.close()


def test_deep_and_wide_elements_are_read_without_harm() -> None:
    deep = "<a>" * 40000 + "</a>" * 40000
    assert wire.parse(deep).tag == "a"
    assert len(wire.parse("<a>" + "<b/>" * 20000 + "</a>")) == 20000


def test_characters_are_no_declarations() -> None:
    assert wire.parse("<?xml version='1.0'?><a><![CDATA[<b>]]></a>").text == "<b>"
    with pytest.raises(NotMeasuredError):
        wire.parse("<?php ?><a/>")


def test_an_error_without_its_prefix_is_read() -> None:
    # As Prosody 13 writes it where somebody asks for a host that it does not have.
    error = (
        "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    )
    assert wire.parse(error).tag == f"{{{wire.STREAM}}}error"
