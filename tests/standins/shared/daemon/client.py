"""A signed-in XMPP client that comes back by itself and answers requests."""

import asyncio
import itertools
import ssl
from collections.abc import Awaitable, Callable

from .log import Log
from .stanza import Element, el, split
from .stream import Account, Stream, StreamError

PING = "urn:xmpp:ping"
DISCO = "http://jabber.org/protocol/disco#info"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
RETRY_SECONDS = 2
PING_SECONDS = 30

IqHandler = Callable[[Element], Awaitable[Element | None]]


class IqError(Exception):
    """The other side refused, or did not answer in time."""

    def __init__(
        self, condition: str, stanza: Element | None = None, kind: str = "cancel", text: str = ""
    ) -> None:
        super().__init__(condition)
        self.condition = condition
        self.stanza = stanza
        self.kind = kind
        self.text = text


class Client:
    """Keeps one account signed in. Set the on_… attributes before run()."""

    def __init__(self, account: Account, tls: ssl.SSLContext, journal: Log) -> None:
        self.account = account
        self.tls = tls
        self.journal = journal
        self.stream: Stream | None = None
        self.on_up: Callable[[], Awaitable[None]] | None = None
        self.on_down: Callable[[], None] | None = None
        self.on_presence: Callable[[Element], None] | None = None
        self.iq_handlers: dict[str, IqHandler] = {}
        self.features: list[str] = [PING, DISCO]
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Element]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def jid(self) -> str:
        """The own full address while signed in."""
        return self.stream.jid if self.stream else ""

    async def run(self) -> None:
        """Stay signed in for ever; the genuine programs never give up either."""
        while True:
            stream = Stream(self.account, self.tls)
            try:
                await asyncio.wait_for(stream.open(), 30)
                self.stream = stream
                self.journal.info(f"Signed in as {stream.jid}")
                await self._serve(stream)
            except ssl.SSLCertVerificationError as error:
                self.journal.severe(
                    "Failed to connect/login: SSLHandshakeException: PKIX path building failed "
                    f"({error.verify_message})"
                )
            except (StreamError, OSError, TimeoutError, ssl.SSLError, ValueError) as error:
                self.journal.warning(f"Failed to connect/login, will try again: {error!r}")
            finally:
                await self._lost(stream)
            await asyncio.sleep(RETRY_SECONDS)

    def send(self, stanza: Element) -> None:
        """Send if signed in; nothing otherwise."""
        if self.stream is not None:
            self.stream.send(stanza)

    async def iq(self, kind: str, to: str, payload: Element, patience: float = 15.0) -> Element:
        """The result of a request; IqError otherwise."""
        number = f"standin-{next(self._numbers)}"
        future: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self.send(el("iq", {"type": kind, "id": number, "to": to}, payload))
        try:
            answer = await asyncio.wait_for(future, patience)
        except TimeoutError:
            raise IqError("remote-server-timeout") from None
        finally:
            self._waiting.pop(number, None)
        if answer.get("type") == "error":
            raise IqError(condition_of(answer), answer)
        return answer

    def spawn(self, work: Awaitable[None]) -> None:
        """Run something beside the stream and log what goes wrong in it."""
        task = asyncio.ensure_future(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Awaitable[None]) -> None:
        try:
            await work
        except IqError as error:
            self.journal.warning(f"Request failed: {error.condition}")
        except Exception as error:  # noqa: BLE001 - a mistake here must show in the journal, not end all
            self.journal.severe(f"Unexpected error: {error!r}")

    async def _serve(self, stream: Stream) -> None:
        if self.on_up:
            self.spawn(self.on_up())
        pinger = asyncio.ensure_future(self._ping())
        try:
            while True:
                self._dispatch(await stream.next())
        finally:
            pinger.cancel()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            try:
                await self.iq("get", self.account.domain, el(f"{{{PING}}}ping"))
            except IqError as error:
                if error.stanza is None and self.stream:
                    self.journal.warning("Ping timed out, closing the connection")
                    await self.stream.close()

    def _dispatch(self, stanza: Element) -> None:
        kind = split(stanza.tag)[1]
        if kind == "presence" and self.on_presence:
            self.on_presence(stanza)
        elif kind == "iq" and stanza.get("type") in ("result", "error"):
            future = self._waiting.get(stanza.get("id", ""))
            if future and not future.done():
                future.set_result(stanza)
        elif kind == "iq":
            self.spawn(self._answer(stanza))

    async def _answer(self, stanza: Element) -> None:
        payload = stanza[0] if len(stanza) else None
        handler = self.iq_handlers.get(payload.tag) if payload is not None else None
        try:
            content = await (handler or self._standard)(stanza)
        except IqError as error:
            self.send(error_reply(stanza, error.condition, error.kind, error.text))
            return
        attributes = {"type": "result", "id": stanza.get("id", ""), "to": stanza.get("from", "")}
        reply = el("iq", attributes)
        if content is not None:
            reply.append(content)
        self.send(reply)

    async def _standard(self, stanza: Element) -> Element | None:
        """What every client answers."""
        tag = stanza[0].tag if len(stanza) else ""
        if tag == f"{{{PING}}}ping":
            return None
        if tag != f"{{{DISCO}}}query":
            raise IqError("service-unavailable")
        features = [el(f"{{{DISCO}}}feature", {"var": name}) for name in self.features]
        return el(f"{{{DISCO}}}query", {}, *features)

    async def _lost(self, stream: Stream) -> None:
        was_up = self.stream is stream
        self.stream = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(IqError("connection-lost"))
        await stream.close()
        if was_up and self.on_down:
            self.on_down()


def condition_of(stanza: Element) -> str:
    """The defined condition of an error stanza."""
    error = stanza.find("{jabber:client}error")
    if error is not None:
        for child in error:
            space, name = split(child.tag)
            if space == STANZAS and name != "text":
                return name
    return "undefined-condition"


def error_reply(stanza: Element, condition: str, kind: str = "cancel", text: str = "") -> Element:
    """An error stanza that answers a request."""
    error = el("error", {"type": kind}, el(f"{{{STANZAS}}}{condition}"))
    if text:
        error.append(el(f"{{{STANZAS}}}text", {}, text))
    to = stanza.get("from", "")
    return el("iq", {"type": "error", "id": stanza.get("id", ""), "to": to}, error)
