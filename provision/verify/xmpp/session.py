"""A person at a browser: signs in, asks, listens."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import time
from typing import TYPE_CHECKING, Self
from xml.sax.saxutils import quoteattr

from provision.messages.i18n import N_
from provision.verify.xmpp.limits import SilentError, XmppError
from provision.verify.xmpp.scram import NAME as SCRAM
from provision.verify.xmpp.scram import Proof
from provision.verify.xmpp.wire import WebSocket

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable

    from provision.verify.target import Target
    from provision.verify.xmpp.limits import Limits

    Match = Callable[[ET.Element], bool]

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
INFO = "http://jabber.org/protocol/disco#info"
REGISTER_FEATURE = "http://jabber.org/features/iq-register"
CAPABILITIES = (
    "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:jitsi-provision:verify' "
    "ver='{}'/>"
).format(base64.b64encode(hashlib.sha1(b"client/bot//<", usedforsecurity=False).digest()).decode())
"""What a presence says of our abilities (XEP-0115); the focus notes who says nothing."""
PATIENCE = 3.0
"""Seconds in which a server that is well answers one question."""

_GLANCE = 0.05
"""Seconds between two glances at the others' connections."""


class RefusedError(Exception):
    """The server said no. `condition` is XMPP's word for it, `answer` the whole of it."""

    def __init__(self, condition: str, answer: ET.Element) -> None:
        super().__init__(condition)
        self.condition = condition
        self.answer = answer


class Session:
    """One stream to one XMPP host, over a websocket. Use it as a context manager."""

    def __init__(
        self,
        target: Target,
        host: str,
        limits: Limits,
        room: str = "",
        company: list[Session] | None = None,
        *,
        secret: bool = False,
    ) -> None:
        """Begin a stream; where a password is to be told, to a server with a valid certificate.

        Those in the same `company` hear and answer while one of them waits: the focus asks each
        newcomer what it can do, and does nothing else until it knows.
        """
        self.host = host
        self.jid = ""
        """The own full address, once signed in."""
        self.heard: list[ET.Element] = []
        """What came and nobody has taken yet."""
        self._numbers = itertools.count(1)
        self._limits = limits
        self._company = [] if company is None else company
        self._wire = WebSocket(target, limits, room, secret=secret)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()

    def _open(self) -> None:
        self.send(f"<open xmlns='{FRAMING}' to={quoteattr(self.host)} version='1.0'/>")
        answer = self.expect(lambda element: local(element) in {"features", "error"})
        if local(answer) == "error":
            raise RefusedError(local(answer[0]) if len(answer) else "", answer)
        self.mechanisms = mechanisms(answer)
        """How one may sign in, as the server offers it."""
        self.registers = answer.find(f"{{{REGISTER_FEATURE}}}register") is not None
        """Whether the server offers new accounts to whoever comes."""

    def sign_in(self, name: str = "", password: str = "") -> None:
        """Sign in with an account, without a name anonymously; RefusedError if that is refused."""
        answer = self._prove(name, password) if name else self._say("auth", "ANONYMOUS")
        if local(answer) != "success":
            raise RefusedError(local(answer[0]) if len(answer) else "", answer)
        self._open()
        bound = self.ask("set", "", f"<bind xmlns='{BIND}'/>")
        self.jid = bound.findtext(".//{*}jid") or ""
        self.send("<presence xmlns='jabber:client'/>")

    def _prove(self, name: str, password: str) -> ET.Element:
        """Return how the server answers to a password that it is not told."""
        proof = Proof(name, password)
        answer = self._say("auth", SCRAM, proof.first())
        if local(answer) == "challenge":
            answer = self._say("response", "", proof.last(answer.text or ""))
        if local(answer) == "success":
            proof.check(answer.text or "")
        return answer

    def _say(self, element: str, mechanism: str, text: str = "") -> ET.Element:
        chosen = f" mechanism='{mechanism}'" if mechanism else ""
        self.send(f"<{element} xmlns='{SASL}'{chosen}>{text}</{element}>")
        return self.expect(lambda answer: answer.tag.startswith(f"{{{SASL}}}"))

    def send(self, text: str) -> None:
        """Send one element."""
        self._wire.send(text)

    def expect(self, match: Match, seconds: float = PATIENCE) -> ET.Element:
        """Return the first element that matches and take it from `heard`; SilentError if none."""
        for element in self.heard:
            if match(element):
                self.heard.remove(element)
                return element
        end = time.monotonic() + seconds
        attended = 0.0
        while (left := end - time.monotonic()) > 0:
            if self._company and time.monotonic() - attended > _GLANCE:
                attended = time.monotonic()
                for other in self._company:
                    if other is not self:
                        other.attend()
            try:
                element = self._wire.receive(min(left, _GLANCE) if self._company else left)
            except SilentError:
                continue
            if match(element):
                return element
            if not self._answered(element):
                self.heard.append(element)
        raise SilentError(N_("The server did not answer in time."))

    def attend(self) -> None:
        """Hear and answer what has come meanwhile; what ends a connection shows when it is used."""
        with contextlib.suppress(XmppError, OSError):
            while (element := self._wire.poll()) is not None:
                if not self._answered(element):
                    self.heard.append(element)

    def _answered(self, element: ET.Element) -> bool:
        """Answer what somebody asks here, as a browser does: a focus writes down who does not.

        Calls are taken note of and not accepted, so no media flows.
        """
        if local(element) != "iq" or element.get("type") not in {"get", "set"}:
            return False
        kind, content = "result", ""
        if element.get("type") == "get":
            if len(element) and element[0].tag == f"{{{INFO}}}query":
                node = quoteattr(element[0].get("node", ""))
                identity = "<identity category='client' type='bot'/>"
                content = f"<query xmlns='{INFO}' node={node}>{identity}</query>"
            else:
                kind = "error"
                content = f"<error type='cancel'><service-unavailable xmlns='{STANZAS}'/></error>"
        self.send(
            f"<iq xmlns='jabber:client' type='{kind}' id={quoteattr(element.get('id', ''))} "
            f"to={quoteattr(element.get('from', ''))}>{content}</iq>"
        )
        return True

    def ask(self, kind: str, to: str, payload: str, seconds: float = PATIENCE) -> ET.Element:
        """Return the answer to an IQ of this kind, `get` or `set`; RefusedError if it says no."""
        number = f"q{next(self._numbers)}"
        address = f" to={quoteattr(to)}" if to else ""
        self.send(f"<iq xmlns='jabber:client' type='{kind}' id='{number}'{address}>{payload}</iq>")
        return accepted(
            self.expect(
                lambda element: (
                    element.get("id") == number and element.get("type") in {"result", "error"}
                ),
                seconds,
            )
        )

    def listen(self, seconds: float) -> None:
        """Let `heard` gather what comes within some time."""
        with contextlib.suppress(SilentError):
            self.expect(lambda _element: False, seconds)

    def catch_up(self) -> list[ET.Element]:
        """Return all that the server sent before now: it answers in order."""
        with contextlib.suppress(RefusedError):
            self.ask("get", self.host, "<ping xmlns='urn:xmpp:ping'/>")
        return self.heard

    def close(self) -> None:
        """Leave, as a closed browser does."""
        if self in self._company:
            self._company.remove(self)
        with contextlib.suppress(XmppError, OSError):
            self._wire.send(f"<close xmlns='{FRAMING}'/>")
        self._wire.close()


def local(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def mechanisms(features: ET.Element) -> list[str]:
    """Return the names that a server's features offer for signing in, sorted."""
    return sorted({found.text or "" for found in features.iter(f"{{{SASL}}}mechanism")})


def condition(answer: ET.Element) -> str:
    """Return the name of an answer's error."""
    error = answer.find("{*}error")
    return local(error[0]) if error is not None and len(error) else "undefined-condition"


def accepted(answer: ET.Element) -> ET.Element:
    """Return the answer; RefusedError if it says no."""
    if answer.get("type") == "error":
        raise RefusedError(condition(answer), answer)
    return answer
