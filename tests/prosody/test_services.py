"""Focus and bridge, which speak to Prosody over a connection of their own, without a web server."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING

from tests.prosody.server import DOMAIN, PASSWORD

if TYPE_CHECKING:
    from tests.prosody.conftest import Start

AUTH = f"auth.{DOMAIN}"
OPEN = (
    f"<stream:stream to='{AUTH}' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>"
)


def say(connection: socket.socket, text: str, until: str) -> str:
    """Send something and return what comes, up to a word."""
    connection.sendall(text.encode())
    heard = ""
    while until not in heard:
        data = connection.recv(65536).decode()
        assert data, f"closed after: {heard}"
        heard += data
    return heard


def test_the_focus_may_describe_a_whole_class(start: Start) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start(f"c2s_ports = {{ {port} }}; c2s_require_encryption = false; "
          "allow_unencrypted_plain_auth = true")  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), timeout=30) as focus:
        say(focus, OPEN, "</stream:features>")
        secret = base64.b64encode(f"\0focus\0{PASSWORD}".encode()).decode()
        sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
        say(focus, f"<auth xmlns='{sasl}' mechanism='PLAIN'>{secret}</auth>", "<success")
        say(focus, OPEN, "</stream:features>")
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
        say(focus, f"<iq type='set' id='b'>{bind}</iq>", "</iq>")
        sources = "<source ssrc='1'/>" * 20_000
        question = f"<iq type='get' id='large' to='{AUTH}'><q xmlns='urn:x'>{sources}</q></iq>"
        assert "service-unavailable" in say(focus, question, "</iq>")
