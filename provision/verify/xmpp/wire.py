"""Carries XML to and from a server: over a websocket (RFC 7395), or over BOSH (XEP-0124, 0206)."""

from __future__ import annotations

import contextlib
import http.client
import re
import secrets
import select
import socket
import ssl
import time
import xml.etree.ElementTree as ET
from collections import deque
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from provision.certificates.trust import as_browsers
from provision.messages.i18n import N_
from provision.verify.target import USER_AGENT
from provision.verify.xmpp.limits import ClosedError, SilentError, XmppError

if TYPE_CHECKING:
    from threading import Timer

    from provision.verify.target import Target
    from provision.verify.xmpp.limits import Limits

PORT = 443
STREAM = "http://etherx.jabber.org/streams"
BOSH = "http://jabber.org/protocol/httpbind"
_LARGEST = 128 * 1024
"""Bytes in one message."""
_CHUNK = 65536
_CONNECT = 5.0
_DECLARATION = re.compile(r"<!(?!\[CDATA\[)|<\?(?!xml\s)")


def parse(text: str) -> ET.Element:
    """Return an element; XmppError where the text is none, or holds what XMPP forbids.

    Declarations are refused before the parser sees them, and with them every entity bomb
    (RFC 6120, section 11.1).
    """
    if _DECLARATION.search(text):
        raise XmppError(N_("The server sends XML that XMPP forbids."))
    try:
        return ET.fromstring(text)  # noqa: S314 - see above
    except ET.ParseError as error:
        wrong = XmppError(N_("The server answers with something that is not XMPP."))
        wrong.__cause__ = error
    try:
        # Prosody does not declare the prefix of the error that ends a stream.
        whole = ET.fromstring(f"<s xmlns:stream='{STREAM}'>{text}</s>")  # noqa: S314 - as above
    except ET.ParseError:
        raise wrong from None
    if len(whole) != 1:
        raise wrong
    return whole[0]


def connect(target: Target, limits: Limits, *, secret: bool) -> tuple[ssl.SSLSocket, Timer]:
    """Return a TLS connection and what ends it in time; a valid certificate is wanted for secrets.

    Without a secret a wrong certificate, which `certificates` reports, hides nothing else.
    """
    plain = socket.create_connection((target.host, PORT), timeout=limits.left(_CONNECT))
    try:
        return handshake(plain, target.domain, trusting(target, secret=secret), limits)
    except ssl.SSLCertVerificationError as error:
        raise XmppError(
            N_("The certificate of {domain} is not valid: {reason}"),
            domain=target.domain,
            reason=error.verify_message,
        ) from error


def trusting(target: Target, *, secret: bool) -> ssl.SSLContext:
    """Return whom to trust: with a secret the system's authorities and one of the school's own."""
    context = as_browsers(target.ca_file if secret else None)
    if not secret:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def handshake(
    plain: socket.socket, name: str, context: ssl.SSLContext, limits: Limits
) -> tuple[ssl.SSLSocket, Timer]:
    """Return a connection with TLS, and what cuts it in time; raises OSError."""
    secure = context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
    guard = limits.guard(secure)
    try:
        secure.do_handshake()
    except OSError:
        guard.cancel()
        secure.close()
        raise
    return secure, guard


class WebSocket:
    """A connection to /xmpp-websocket; each message is one element.

    The library speaks the protocol; bytes are moved here, by one thread: its own threads would read
    and write one TLS connection at the same time, which now and then hangs (seen in one of a
    hundred sign-ins).
    """

    def __init__(
        self, target: Target, limits: Limits, room: str = "", *, secret: bool = False
    ) -> None:
        from websockets.client import ClientProtocol  # noqa: PLC0415 - slow to import
        from websockets.typing import Origin, Subprotocol  # noqa: PLC0415 - as above
        from websockets.uri import parse_uri  # noqa: PLC0415 - as above

        self._domain, self._limits = target.domain, limits
        self._messages: deque[str] = deque()
        self._part = b""
        query = f"?room={quote(room)}" if room else ""
        self._protocol = ClientProtocol(
            parse_uri(f"wss://{target.domain}/xmpp-websocket{query}"),
            origin=Origin(f"https://{target.domain}"),
            subprotocols=[Subprotocol("xmpp")],
            max_size=_LARGEST,
        )
        self._socket, self._guard = connect(target, limits, secret=secret)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        from websockets.protocol import State  # noqa: PLC0415 - as above

        request = self._protocol.connect()
        request.headers["User-Agent"] = USER_AGENT
        self._protocol.send_request(request)
        self._flush()
        end = time.monotonic() + self._limits.left(_CONNECT)
        while self._protocol.state is State.CONNECTING and not self._protocol.handshake_exc:
            self._more(end - time.monotonic())
        if self._protocol.state is not State.OPEN:
            raise XmppError(N_("{domain} offers no XMPP over websocket."), domain=self._domain)

    def send(self, text: str) -> None:
        """Send one element."""
        from websockets.exceptions import WebSocketException  # noqa: PLC0415 - as above

        try:
            self._protocol.send_text(text.encode())
            self._flush()
        except (WebSocketException, OSError) as error:
            raise self._closed() from error

    def receive(self, seconds: float) -> ET.Element:
        """Return the next element; SilentError if none comes in time."""
        from websockets.protocol import State  # noqa: PLC0415 - as above

        end = time.monotonic() + self._limits.left(seconds)
        while not self._messages:
            if self._protocol.state is not State.OPEN:
                raise self._closed()
            self._more(end - time.monotonic())
        return parse(self._messages.popleft())

    def poll(self) -> ET.Element | None:
        """Return the next element if one is there already."""
        while not self._messages:
            ready = self._socket.pending() or select.select([self._socket], [], [], 0)[0]
            if not ready:
                return None
            self._more(_CONNECT)
            if self._protocol.close_expected():
                return None
        return parse(self._messages.popleft())

    def close(self) -> None:
        """Hang up."""
        from websockets.exceptions import WebSocketException  # noqa: PLC0415 - as above

        with contextlib.suppress(WebSocketException, OSError, XmppError):
            self._protocol.send_close()
            self._flush()
        self._guard.cancel()
        self._socket.close()

    def _flush(self) -> None:
        self._socket.settimeout(self._limits.left(_CONNECT))
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)

    def _more(self, seconds: float) -> None:
        """Take what comes next; SilentError if nothing comes in time."""
        if seconds <= 0:
            raise SilentError(N_("The server did not answer in time."))
        self._socket.settimeout(self._limits.left(seconds))
        try:
            data = self._socket.recv(_CHUNK)
        except TimeoutError as error:
            raise SilentError(N_("The server did not answer in time.")) from error
        except OSError as error:
            raise self._closed() from error
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            self._take(event)
        with contextlib.suppress(OSError):
            self._flush()

    def _take(self, event: object) -> None:
        from websockets.frames import Frame, Opcode  # noqa: PLC0415 - as above

        if not isinstance(event, Frame):
            return  # the server's answer to the handshake
        self._limits.count(len(event.data))
        if event.opcode is Opcode.BINARY:
            raise XmppError(N_("The server answers with something that is not XMPP."))
        if event.opcode in {Opcode.TEXT, Opcode.CONT}:
            self._part += event.data
            if event.fin:
                self._messages.append(self._part.decode("utf-8", "replace"))
                self._part = b""

    def _closed(self) -> XmppError:
        if self._limits.over:
            return SilentError(N_("The server did not answer in time."))
        return ClosedError(N_("The server closed the connection."))


class _Http(http.client.HTTPConnection):
    """HTTP over the connection of `connect`."""

    def __init__(self, target: Target, limits: Limits) -> None:
        super().__init__(target.domain)
        self.target, self.limits = target, limits
        self.guard: Timer | None = None

    def connect(self) -> None:
        self.sock, self.guard = connect(self.target, self.limits, secret=False)

    def close(self) -> None:
        if self.guard:
            self.guard.cancel()
        super().close()


class Bosh:
    """Sessions over /http-bind, one after the other on one connection."""

    def __init__(self, target: Target, limits: Limits) -> None:
        self._target = target
        self._limits = limits
        self._http = _Http(target, limits)
        self._request = secrets.randbelow(2**32)
        self.clock: float | None = None
        """What the server says the time is, in seconds since 1970."""

    def post(self, attributes: dict[str, str], content: str = "") -> ET.Element:
        """Send a body and return the one that answers."""
        self._request += 1
        shown = " ".join(
            f"{name}={quoteattr(value)}"
            for name, value in (attributes | {"rid": str(self._request)}).items()
        )
        body = f"<body xmlns='{BOSH}' xmlns:xmpp='urn:xmpp:xbosh' {shown}>{content}</body>"
        headers = {"Content-Type": "text/xml; charset=utf-8", "User-Agent": USER_AGENT}
        try:
            if self._http.sock:
                self._http.sock.settimeout(self._limits.left(_CONNECT))
            self._http.request("POST", "/http-bind", body.encode(), headers)
            answer = self._http.getresponse()
            text = answer.read(_LARGEST + 1)
        except http.client.HTTPException as error:
            raise self._nothing() from error
        if answer.status != http.HTTPStatus.OK or len(text) > _LARGEST:
            raise self._nothing()
        self._limits.count(len(text))
        with contextlib.suppress(TypeError, ValueError):
            self.clock = parsedate_to_datetime(answer.getheader("Date", "")).timestamp()
        return parse(text.decode("utf-8", "replace"))

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _nothing(self) -> XmppError:
        return XmppError(N_("{domain} offers no XMPP over BOSH."), domain=self._target.domain)
