"""BOSH, as small as a test needs it: each request has a connection of its own."""

from __future__ import annotations

import http.client
import itertools
import re
from typing import TYPE_CHECKING

from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from tests.prosody.server import Prosody

NAMESPACE = "http://jabber.org/protocol/httpbind"
ANONYMOUS = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"
BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"


def post(
    server: Prosody, body: str, origin: str = "", address: str = "192.0.2.1"
) -> tuple[int, str]:
    """Send one request; return the status and the text of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Host": DOMAIN, "Content-Type": "text/xml", "X-Forwarded-For": address}
    if origin:
        headers["Origin"] = origin
    try:
        connection.request("POST", "/http-bind", body.encode(), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class Bosh:
    """A guest's session, signed in."""

    def __init__(self, server: Prosody, address: str = "192.0.2.1") -> None:
        self.server, self.address = server, address
        self.numbers = itertools.count(1000)
        begin = (
            f"<body xmlns='{NAMESPACE}' rid='{next(self.numbers)}' to='guest.{DOMAIN}' wait='1' "
            "hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'/>"
        )
        _status, answer = post(server, begin, address=address)
        found = re.search(r"\ssid='([^']+)'", answer)
        assert found, answer
        self.sid = found[1]
        self.send(ANONYMOUS)
        self.send("", " xmpp:restart='true'")
        self.send(f"<iq type='set' id='b' xmlns='jabber:client'>{BIND}</iq>")

    def send(self, content: str, more: str = "") -> tuple[int, str]:
        """Send stanzas in one request; return its answer."""
        return post(
            self.server,
            f"<body xmlns='{NAMESPACE}' xmlns:xmpp='urn:xmpp:xbosh' rid='{next(self.numbers)}' "
            f"sid='{self.sid}'{more}>{content}</body>",
            address=self.address,
        )
