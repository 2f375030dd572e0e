"""Somebody at a browser: signs in over a websocket, joins rooms, knocks, admits, misbehaves."""

from __future__ import annotations

import base64
import itertools
import os
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from provision.verify.xmpp.scram import proofs
from tests.prosody.server import DOMAIN, PASSWORD
from tests.prosody.stream import STREAMS, Stream
from tests.prosody.websocket import ClosedError, WebSocket

if TYPE_CHECKING:
    from tests.prosody.server import Prosody

Match = Callable[[ET.Element], bool]

MUC = "http://jabber.org/protocol/muc"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
JITSI = "http://jitsi.org/jitmeet"
DESTROYED = f".//{{{MUC}#user}}destroy"
SCRAM = "SCRAM-SHA-1"
PATIENCE = 30.0

numbers = itertools.count(1)


class Refused(Exception):  # noqa: N818
    """The server said no; `condition` says how."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


class Person:
    """A connection. `heard` holds every stanza that arrived and that nobody has taken yet.

    `received` holds all that ever arrived, as it came.
    """

    def __init__(
        self,
        server: Prosody,
        host: str,
        *,
        room: str = "",
        address: str = "192.0.2.1",
        websocket: bool | None = None,
    ) -> None:
        """Connect as the host's people do: focus and bridge over plain XMPP, browsers otherwise."""
        self.host = host
        self.heard: list[ET.Element] = []
        self.received: list[str] = []
        self.socket: WebSocket | Stream
        if websocket is None:
            websocket = not host.startswith("auth.")
        if websocket:
            headers = {"Host": DOMAIN, "X-Forwarded-For": address}
            self.socket = WebSocket(server.port, f"/xmpp-websocket?room={room}", "xmpp", headers)
        else:
            self.socket = Stream(server.stream_port)
        self.jid = ""
        self.nick = ""
        self.open()

    @property
    def bare(self) -> str:
        """The address without the resource."""
        return self.jid.partition("/")[0]

    # Signing in

    def open(self) -> None:
        """Begin a stream; Refused if the server ends it at once."""
        self.send(
            f"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{self.host}' version='1.0'/>"
        )
        features = self.expect(lambda stanza: stanza.tag.endswith(("}features", "}error")))
        if features.tag.endswith("}error"):
            raise Refused(features[0].tag.rpartition("}")[2])
        self.offered = {found.text for found in features.iter(f"{{{SASL}}}mechanism")}
        """How one may sign in."""

    def sign_in(self, name: str = "", password: str = PASSWORD, mechanism: str = SCRAM) -> None:
        """Sign in and bind; anonymously without a name."""
        self.try_password(name, password, mechanism if name else "ANONYMOUS")
        self.open()
        answer = self.ask("set", "", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
        self.jid = answer.findtext(".//{*}jid") or ""
        self.nick = f"{name or 'guest'}-{next(numbers)}"
        self.send("<presence/>")

    def try_password(
        self, name: str, password: str, mechanism: str = SCRAM, seconds: float = PATIENCE
    ) -> None:
        """Return when the server is satisfied; else Refused."""
        if mechanism == SCRAM:
            self.prove(password, self.question(name, seconds))
            self.verdict(seconds)
        else:
            text = f"\0{name}\0{password}" if mechanism == "PLAIN" else ""
            self.auth(mechanism, text)
            self.verdict(seconds)

    def auth(self, mechanism: str, text: str) -> None:
        """Send the first message of a sign-in."""
        content = base64.b64encode(text.encode()).decode()
        self.send(f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{content}</auth>")

    def verdict(self, seconds: float = PATIENCE) -> ET.Element:
        """Return the answer to a sign-in; Refused if that is a failure."""
        answer = self.expect(lambda stanza: stanza.tag.startswith(f"{{{SASL}}}"), seconds)
        if answer.tag.endswith("failure"):
            raise Refused(answer[0].tag.rpartition("}")[2])
        return answer

    def question(self, name: str, seconds: float = PATIENCE) -> dict[str, str]:
        """Name an account and return what the server asks: r, s (salt) and i (rounds)."""
        first = f"n={name},r={os.urandom(9).hex()}"
        self.auth(SCRAM, "n,," + first)
        challenge = base64.b64decode(self.verdict(seconds).text or "").decode()
        return dict(part.split("=", 1) for part in challenge.split(",")) | {
            "said": f"{first},{challenge}"
        }

    def prove(self, password: str, question: dict[str, str]) -> None:
        """Answer the server's question."""
        last = f"c={question.get('header', 'biws')},r={question['r']}"
        salt, rounds = base64.b64decode(question["s"]), int(question["i"])
        message = f"{question['said']},{last}".encode()
        proven, _servers = proofs(password.encode(), salt, rounds, message)
        proof = base64.b64encode(proven).decode()
        content = base64.b64encode(f"{last},p={proof}".encode()).decode()
        self.send(f"<response xmlns='{SASL}'>{content}</response>")

    # Speaking and listening

    def send(self, text: str) -> None:
        """Send a stanza as it stands."""
        if not text.startswith(("<open", "<auth", "<response")):
            head, space, rest = text.partition(" ") if " " in text else (text[:-2], "", "/>")
            text = f"{head} xmlns='jabber:client'{space}{rest}"
        self.socket.send(text)

    def expect(self, match: Match, seconds: float = PATIENCE) -> ET.Element:
        """Return the first stanza that matches, and take it away from `heard`."""
        deadline = time.monotonic() + seconds
        while True:
            for stanza in self.heard:
                if match(stanza):
                    self.heard.remove(stanza)
                    return stanza
            try:
                text = self.socket.receive(deadline - time.monotonic())
            except TimeoutError:
                so_far = "\n".join(ET.tostring(stanza, "unicode") for stanza in self.heard)
                raise AssertionError(f"waited in vain; heard so far:\n{so_far}") from None
            self.received.append(text)
            # Prosody does not declare the prefix of the error that ends a stream.
            text = text.replace("<stream:error>", f"<stream:error xmlns:stream='{STREAMS}'>", 1)
            self.heard.append(ET.fromstring(text))

    def ask(self, kind: str, to: str, payload: str) -> ET.Element:
        """Send a question and return its answer; Refused if that is an error."""
        number = f"q{next(numbers)}"
        address = f" to={quoteattr(to)}" if to else ""
        self.send(f"<iq type='{kind}' id='{number}'{address}>{payload}</iq>")
        return accepted(self.expect(lambda stanza: stanza.get("id") == number))

    def catch_up(self) -> list[ET.Element]:
        """Return all that was sent here before now: the server answers in order."""
        self.ask("get", self.host, "<ping xmlns='urn:xmpp:ping'/>")
        return self.heard

    def leave(self) -> None:
        """Close the connection, as a closed browser does."""
        self.socket.send("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>")
        try:
            while True:
                self.socket.receive(PATIENCE)
        except (ClosedError, TimeoutError):
            self.socket.close()

    # In rooms

    def join(self, room: str, nick: str = "", password: str = "", name: str = "Kim") -> ET.Element:
        """Enter a room and return the own presence there; Refused if not let in."""
        self.try_to_join(room, nick, password, name)
        return self.joined(room)

    def try_to_join(self, room: str, nick: str = "", password: str = "", name: str = "Kim") -> None:
        """Ask to enter a room."""
        secret = f"<password>{password}</password>" if password else ""
        shown = f"<nick xmlns='http://jabber.org/protocol/nick'>{name}</nick>" if name else ""
        to = quoteattr(f"{room}/{nick or self.nick}")
        self.send(f"<presence to={to}><x xmlns='{MUC}'>{secret}</x>{shown}</presence>")

    def joined(self, room: str, seconds: float = PATIENCE) -> ET.Element:
        """Return the own presence in a room that was asked for; Refused if not let in."""
        return accepted(
            self.expect(
                lambda stanza: (
                    stanza.tag.endswith("}presence")
                    and in_room(room)(stanza)
                    and (stanza.get("type") == "error" or is_own(stanza))
                ),
                seconds,
            )
        )

    def knock(self, room: str) -> str:
        """Go to the lobby of a room, as a browser does that is sent there; return its address."""
        self.try_to_join(room)
        answer = self.expect(lambda stanza: in_room(room)(stanza) and stanza.get("type") == "error")
        assert condition(answer) == "registration-required", condition(answer)
        lobby = answer.findtext(f".//{{{JITSI}}}lobbyroom") or ""
        assert lobby, ET.tostring(answer)
        assert answer.find(f".//{{{JITSI}}}waiting-for-host") is not None
        self.join(lobby)
        return lobby

    def admit(self, room: str, *guests: Person) -> None:
        """Let somebody in from the lobby, who then enters the room."""
        for guest in guests:
            self.invite(room, guest.jid)
        lobby = room.replace("@conference.", "@lobby.")
        for guest in guests:
            guest.expect(lambda stanza: stanza.find(f".//{{{MUC}#user}}invite") is not None)
            guest.join(room)
            guest.send(f"<presence type='unavailable' to='{lobby}/{guest.nick}'/>")
            guest.expect(lambda stanza: in_room(lobby)(stanza) and is_gone(stanza))

    def invite(self, room: str, address: str) -> None:
        """Send an invitation through the room."""
        self.send(
            f"<message to='{room}'><x xmlns='{MUC}#user'><invite to='{address}'/></x></message>"
        )

    def set_affiliation(self, room: str, address: str, affiliation: str) -> None:
        """Change what somebody is in a room."""
        item = f"<item jid='{address}' affiliation='{affiliation}'/>"
        self.ask("set", room, f"<query xmlns='{MUC}#admin'>{item}</query>")

    def set_role(self, room: str, nick: str, role: str) -> None:
        """Change what somebody may do in a room at present; "none" throws them out."""
        item = f"<item nick='{nick}' role='{role}'/>"
        self.ask("set", room, f"<query xmlns='{MUC}#admin'>{item}</query>")

    def configure(self, room: str, values: dict[str, str]) -> None:
        """Submit a room's form with these fields."""
        fields = {"FORM_TYPE": f"{MUC}#roomconfig"} | values
        body = "".join(
            f"<field var='{name}'><value>{value}</value></field>" for name, value in fields.items()
        )
        form = f"<x xmlns='jabber:x:data' type='submit'>{body}</x>"
        self.ask("set", room, f"<query xmlns='{MUC}#owner'>{form}</query>")


def in_room(room: str) -> Match:
    """Match what comes from a room or somebody in it."""
    return lambda stanza: (stanza.get("from") or "").partition("/")[0] == room


def condition(stanza: ET.Element) -> str:
    """Return the name of a stanza's error."""
    error = stanza.find("{*}error")
    assert error is not None, ET.tostring(stanza)
    return error[0].tag.rpartition("}")[2]


def accepted(stanza: ET.Element) -> ET.Element:
    """Return the stanza unless it is an error."""
    if stanza.get("type") == "error":
        raise Refused(condition(stanza))
    return stanza


def is_own(stanza: ET.Element) -> bool:
    """Return whether a presence tells somebody that they are in the room now."""
    path = f".//{{{MUC}#user}}status[@code='110']"
    return stanza.get("type") is None and stanza.find(path) is not None


def is_gone(stanza: ET.Element) -> bool:
    """Return whether a presence says that somebody has left."""
    return stanza.tag.endswith("}presence") and stanza.get("type") == "unavailable"


def step_out(person: Person, room: str) -> None:
    """Leave a room and keep the connection, as an altered browser can."""
    person.send(f"<presence type='unavailable' to='{room}/{person.nick}'/>")
    person.expect(lambda stanza: in_room(room)(stanza) and is_gone(stanza))


def standing(stanza: ET.Element) -> tuple[str, str]:
    """Return affiliation and role that a presence shows."""
    item = stanza.find(f".//{{{MUC}#user}}item")
    assert item is not None, ET.tostring(stanza)
    return item.get("affiliation", ""), item.get("role", "")
