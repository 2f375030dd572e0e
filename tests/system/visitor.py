"""Somebody at a browser far away: through the web server, with TLS, over websocket or BOSH."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from provision.verify.xmpp.scram import Proof
from tests.prosody.person import SASL, Person, Refused
from tests.prosody.websocket import WebSocket

if TYPE_CHECKING:
    from tests.system.entrance import Entrance

FOCUS = "http://jitsi.org/protocol/focus"
SERVICES = "urn:xmpp:extdisco:2"
BOSH = "http://jabber.org/protocol/httpbind"


class Visitor(Person):
    """A person of the Prosody tests, over wss://DOMAIN/xmpp-websocket."""

    def __init__(self, entrance: Entrance, host: str, *, room: str = "") -> None:
        self.host = host
        self.domain = entrance.domain
        self.heard, self.received = [], []
        self.jid = self.nick = ""
        target = f"/xmpp-websocket?room={room}"
        headers = {"Host": entrance.domain, "Origin": f"https://{entrance.domain}"}
        self.socket = WebSocket(entrance.secure(), target, "xmpp", headers)
        self.open()

    def open_room(self, room: str) -> ET.Element:
        """Ask the focus for a conference and return its answer; Refused if it declines."""
        answer = self.ask(
            "set",
            f"focus.{self.domain}",
            f"<conference xmlns='{FOCUS}' room='{room}' machine-uid='test'/>",
        )
        found = answer.find(f"{{{FOCUS}}}conference")
        assert found is not None, ET.tostring(answer)
        return found

    def services(self) -> list[dict[str, str]]:
        """Return the STUN and TURN servers that are announced, with credentials."""
        answer = self.ask("get", self.domain, f"<services xmlns='{SERVICES}'/>")
        return [dict(service.attrib) for service in answer.iter(f"{{{SERVICES}}}service")]


class BoshVisitor:
    """A sign-in over https://DOMAIN/http-bind, as browsers do it where websockets are blocked."""

    def __init__(self, entrance: Entrance, host: str) -> None:
        self.entrance = entrance
        self.numbers = itertools.count(1)
        begun = self.post(f"to='{host}' wait='5' hold='1' ver='1.6' xmpp:version='1.0'")
        self.session = begun.get("sid", "")
        self.mechanisms = [found.text for found in begun.iter(f"{{{SASL}}}mechanism")]

    def post(self, attributes: str, content: str = "") -> ET.Element:
        """Send a body and return the answering one."""
        body = (
            f"<body xmlns='{BOSH}' xmlns:xmpp='urn:xmpp:xbosh' rid='{next(self.numbers)}' "
            f"{attributes}>{content}</body>"
        )
        answer = self.entrance.get("/http-bind", method="POST", body=body)
        assert answer.status == 200, answer
        return ET.fromstring(answer.body)

    def sign_in(self, name: str = "", password: str = "") -> None:
        """Return when the server is satisfied; else Refused. Anonymously without a name."""
        if not name:
            self._say("<auth xmlns='{0}' mechanism='ANONYMOUS'/>")
            return
        proof = Proof(name, password)
        begun = "<auth xmlns='{0}' mechanism='SCRAM-SHA-1'>" + proof.first() + "</auth>"
        asked = self._say(begun).findtext(f"{{{SASL}}}challenge") or ""
        self._say("<response xmlns='{0}'>" + proof.last(asked) + "</response>")

    def _say(self, element: str) -> ET.Element:
        answer = self.post(f"sid='{self.session}'", element.format(SASL))
        failure = answer.find(f"{{{SASL}}}failure")
        if failure is not None:
            raise Refused(failure[0].tag.rpartition("}")[2])
        assert answer.find(f"{{{SASL}}}*") is not None, ET.tostring(answer)
        return answer
