"""One XMPP connection from a program to its server: STARTTLS, SASL, bind, stanzas."""

import asyncio
import contextlib
import ssl
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any

from .scram import ScramSha1
from .stanza import Element, el, to_text

STREAMS = "http://etherx.jabber.org/streams"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"


class StreamError(Exception):
    """The connection could not be made or has ended."""


@dataclass(frozen=True)
class Account:
    """Where and as whom to sign in."""

    host: str
    port: int
    domain: str
    user: str
    password: str
    resource: str


class Stream:
    """Opens, then gives stanzas one by one."""

    def __init__(self, account: Account, tls: ssl.SSLContext) -> None:
        self.account = account
        self.tls = tls
        self.jid = ""
        self.writer: asyncio.StreamWriter | None = None
        self._depth = 0
        self._ready: list[Element] = []

    async def open(self) -> None:
        """Return when signed in and bound; StreamError or OSError otherwise."""
        account = self.account
        self.reader, writer = await asyncio.open_connection(account.host, account.port)
        self.writer = writer
        features = await self._restart()
        if features.find(f"{{{TLS}}}starttls") is None:
            raise StreamError(f"{account.domain} offers no STARTTLS")
        self._raw(f"<starttls xmlns='{TLS}'/>")
        answer = await self.next()
        if answer.tag != f"{{{TLS}}}proceed":
            raise StreamError("the server refused STARTTLS")
        await writer.start_tls(self.tls, server_hostname=account.domain)
        await self._sign_in(await self._restart())
        await self._restart()
        await self._bind()

    async def close(self) -> None:
        """End the stream politely."""
        if self.writer is None:
            return
        with contextlib.suppress(OSError, TimeoutError):
            self._raw("</stream:stream>")
            await asyncio.wait_for(self.writer.drain(), 2)
        self.writer.close()

    def send(self, stanza: Element) -> None:
        """Queue one stanza for sending."""
        self._raw(to_text(stanza))

    async def next(self) -> Element:
        """The next complete element of the stream."""
        while not self._ready:
            data = await self.reader.read(65536)
            if not data:
                raise StreamError("the server closed the connection")
            try:
                self._parser.feed(data)
                self._collect()
            except ET.ParseError as error:
                raise StreamError(f"unreadable stream: {error}") from error
        stanza = self._ready.pop(0)
        if stanza.tag == f"{{{STREAMS}}}error":
            condition = stanza[0].tag.partition("}")[2] if len(stanza) else "unknown"
            raise StreamError(f"stream error: {condition}")
        return stanza

    def _collect(self) -> None:
        event: str
        element: Element
        for event, element in self._parser.read_events():  # type: ignore[assignment, misc]
            if event == "start":
                self._depth += 1
                if self._depth == 1:
                    self._root = element
                continue
            self._depth -= 1
            if self._depth == 1:
                self._ready.append(element)
                # Otherwise the root would keep every stanza ever received.
                self._root.clear()
            elif self._depth == 0:
                raise StreamError("the server ended the stream")

    async def _restart(self) -> Element:
        self._parser: ET.XMLPullParser[Any] = ET.XMLPullParser(["start", "end"])
        self._depth = 0
        self._ready = []
        self._raw(
            f"<?xml version='1.0'?><stream:stream to='{self.account.domain}' version='1.0' "
            f"xml:lang='en' xmlns='jabber:client' xmlns:stream='{STREAMS}'>"
        )
        features = await asyncio.wait_for(self.next(), 15)
        if features.tag != f"{{{STREAMS}}}features":
            raise StreamError(f"expected features, got {features.tag}")
        return features

    async def _sign_in(self, features: Element) -> None:
        offered = {m.text or "" for m in features.iter(f"{{{SASL}}}mechanism")}
        if ScramSha1.name not in offered:
            raise StreamError(f"no common way to sign in; the server offers {sorted(offered)}")
        scram = ScramSha1(self.account.user, self.account.password)
        self.send(el(f"{{{SASL}}}auth", {"mechanism": scram.name}, scram.first()))
        challenge = await asyncio.wait_for(self.next(), 15)
        if challenge.tag == f"{{{SASL}}}challenge":
            self.send(el(f"{{{SASL}}}response", {}, scram.final(challenge.text or "")))
            challenge = await asyncio.wait_for(self.next(), 15)
        if challenge.tag != f"{{{SASL}}}success":
            reasons = [child.tag.partition("}")[2] for child in challenge]
            raise StreamError(f"SASLError using {scram.name}: {', '.join(reasons)}")
        if not scram.server_is_genuine(challenge.text or ""):
            raise StreamError("the server does not know the password")

    async def _bind(self) -> None:
        wish = el(f"{{{BIND}}}resource", {}, self.account.resource)
        self.send(el("iq", {"type": "set", "id": "bind"}, el(f"{{{BIND}}}bind", {}, wish)))
        answer = await asyncio.wait_for(self.next(), 15)
        jid = answer.findtext(f"{{{BIND}}}bind/{{{BIND}}}jid")
        if not jid:
            raise StreamError("the server gave no address")
        self.jid = jid

    def _raw(self, text: str) -> None:
        if self.writer is not None:
            self.writer.write(text.encode())
