# Managed by jitsi-provision.
"""A small XMPP client for one question to the server on the same machine (RFC 6120)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import secrets
import socket
import ssl
import time
import xml.etree.ElementTree as ET
from typing import Self
from xml.sax.saxutils import quoteattr

STREAM = "http://etherx.jabber.org/streams"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"


class XmppError(Exception):
    """The server said no, or nothing."""


class Client:
    """A signed-in stream to Prosody on loopback; use it as a context manager."""

    def __init__(self, host: str, user: str, password: str, seconds: float = 15) -> None:
        self.host = host
        self.end = time.monotonic() + seconds
        self.socket = socket.create_connection(("127.0.0.1", 5222), timeout=seconds)
        self.open_stream()
        self.send(f"<starttls xmlns='{TLS}'/>")
        self.expect("proceed")
        context = ssl.create_default_context()
        self.socket = context.wrap_socket(self.socket, server_hostname=host)
        self.open_stream()
        self.sign_in(user, password)
        self.open_stream()
        bound = self.ask("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>", kind="set")
        self.jid = bound.findtext(".//{*}jid")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        with contextlib.suppress(OSError):
            self.socket.sendall(b"</stream:stream>")
        self.socket.close()

    def open_stream(self) -> None:
        """Begin an XML stream and read the server's features."""
        self.parser = ET.XMLPullParser(("start", "end"))
        self.depth = 0
        self.waiting: list[ET.Element] = []
        self.send(
            f"<?xml version='1.0'?><stream:stream to='{self.host}' version='1.0' "
            f"xmlns='jabber:client' xmlns:stream='{STREAM}'>"
        )
        self.expect("features")

    def sign_in(self, user: str, password: str) -> None:
        """Prove the password, which the server takes in no other way (SCRAM-SHA-1, RFC 5802)."""
        first = f"n={user},r={secrets.token_hex(16)}"
        token = base64.b64encode(f"n,,{first}".encode()).decode()
        self.send(f"<auth xmlns='{SASL}' mechanism='SCRAM-SHA-1'>{token}</auth>")
        asked = base64.b64decode(self.expect("challenge").text or "").decode()
        fields = dict(part.split("=", 1) for part in asked.split(","))
        last = f"c=biws,r={fields['r']}"
        salted = hashlib.pbkdf2_hmac(
            "sha1", password.encode(), base64.b64decode(fields["s"]), int(fields["i"])
        )
        key = hmac.digest(salted, b"Client Key", "sha1")
        signed = hmac.digest(
            hashlib.sha1(key, usedforsecurity=False).digest(),
            f"{first},{asked},{last}".encode(),
            "sha1",
        )
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signed, strict=True))).decode()
        token = base64.b64encode(f"{last},p={proof}".encode()).decode()
        self.send(f"<response xmlns='{SASL}'>{token}</response>")
        self.expect("success")

    def send(self, text: str) -> None:
        """Send XML text."""
        self.socket.sendall(text.encode())

    def receive(self) -> ET.Element:
        """Return the next whole element of the stream."""
        while not self.waiting:
            self.socket.settimeout(max(0.1, self.end - time.monotonic()))
            if time.monotonic() > self.end:
                raise XmppError("no answer in time")
            data = self.socket.recv(65536)
            if not data:
                raise XmppError("the server closed the connection")
            self.parser.feed(data)
            for event, element in self.parser.read_events():
                self.depth += 1 if event == "start" else -1
                if event == "end" and self.depth == 1:
                    self.waiting.append(element)
        return self.waiting.pop(0)

    def expect(self, name: str) -> ET.Element:
        """Return the next element if it has this name; anything else is the server's refusal."""
        element = self.receive()
        if element.tag.rpartition("}")[2] != name:
            raise XmppError(ET.tostring(element, encoding="unicode")[:300])
        return element

    def ask(self, content: str, to: str = "", kind: str = "get") -> ET.Element:
        """Send an IQ and return the answering element, an error included."""
        number = f"q{time.monotonic_ns()}"
        target = f" to={quoteattr(to)}" if to else ""
        self.send(f"<iq type='{kind}' id='{number}'{target}>{content}</iq>")
        while True:
            element = self.receive()
            if element.get("id") == number and element.tag.endswith("}iq"):
                return element
