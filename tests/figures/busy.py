"""What others notice of one source with a hundred busy websockets, each within its own rate."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import multiprocessing
import os
import shutil
import struct
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.figures.measure import Row
from tests.prosody.person import SASL, Person
from tests.prosody.server import DOMAIN, Prosody

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event

CONNECTIONS, A_SECOND = 100, 20
"""So many websockets, and of each so many questions a second, which mod_school_gate allows."""
PINGS = 30
"""How many ping frames come with each question: Prosody answers them itself."""
BEFORE, TIMES = 15, 20
"""Seconds until what a source may ask at once is used up; and how often a bystander asks then."""


@dataclass(frozen=True)
class Door:
    """Where the websockets go; `context` speaks TLS, else an address is believed as it is told."""

    host: str
    port: int
    domain: str
    address: str
    context: ssl.SSLContext | None = None


def rows() -> list[Row]:
    """Return what a bystander notices; nothing where there is no Prosody."""
    if not shutil.which("prosody"):
        return []
    with tempfile.TemporaryDirectory(prefix="provision-busy-") as place:
        # As on a school's server, where nothing but warnings is written.
        server = Prosody(Path(place), options='log = { warn = "*console" }')
        server.start()
        try:
            person = Person(server, f"guest.{DOMAIN}", address="198.51.100.9")
            person.sign_in()
            alone = wait(person)
            with busy(Door("127.0.0.1", server.port, DOMAIN, "203.0.113.5")):
                time.sleep(BEFORE)
                beside = wait(person)
        finally:
            server.stop()
    return [
        Row(f"a ping beside {CONNECTIONS} busy websockets of one source ÷ alone", beside / alone,
            "", 25, detail=f"{beside * 1000:.0f} ÷ {alone * 1000:.1f} ms"),
    ]  # fmt: skip


def wait(person: Person, times: int = TIMES) -> float:
    """Return the median of the seconds that somebody waits for an answer."""
    took = []
    for _ in range(times):
        begun = time.monotonic()
        person.catch_up()
        took.append(time.monotonic() - begun)
        time.sleep(0.1)
    return sorted(took)[len(took) // 2]


@contextlib.contextmanager
def busy(
    door: Door, connections: int = CONNECTIONS, pings: int = PINGS
) -> Iterator[Synchronized[int]]:
    """Keep so many websockets busy meanwhile; gives how many questions were answered."""
    answered: Synchronized[int] = multiprocessing.Value("i", 0)
    begun = multiprocessing.Event()
    process = multiprocessing.Process(
        target=_all, args=(door, connections, pings, answered, begun), daemon=True
    )
    process.start()
    begun.wait(120)
    try:
        yield answered
    finally:
        process.kill()
        process.join()


def _all(
    door: Door, connections: int, pings: int, answered: Synchronized[int], begun: Event
) -> None:
    async def together() -> None:
        tasks = []
        for _ in range(connections):
            tasks.append(asyncio.create_task(_one(door, pings, answered)))
            await asyncio.sleep(0.055)  # nginx lets twenty in, each second
        begun.set()
        await asyncio.gather(*tasks)

    asyncio.run(together())


async def _one(door: Door, pings: int, answered: Synchronized[int]) -> None:
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            own = (door.address, 0) if door.context else None
            reader, writer = await asyncio.open_connection(
                door.host, door.port, ssl=door.context, local_addr=own,
                server_hostname=door.domain if door.context else None,
            )  # fmt: skip
            try:
                await _sign_in(reader, writer, door)
                heard = asyncio.create_task(_listen(reader, answered))
                await _talk(writer, door, pings, heard)
            finally:
                writer.close()
        await asyncio.sleep(1)


async def _sign_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, door: Door) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    told = "" if door.context else f"X-Forwarded-For: {door.address}\r\n"
    writer.write(
        f"GET /xmpp-websocket HTTP/1.1\r\nHost: {door.domain}\r\n{told}"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    framing = "urn:ietf:params:xml:ns:xmpp-framing"
    opened = f"<open xmlns='{framing}' to='guest.{door.domain}' version='1.0'/>"
    bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
    for text, sign in (
        (opened, b"features"),
        (f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>", b"success"),
        (opened, b"features"),
        (f"<iq xmlns='jabber:client' type='set' id='b'>{bind}</iq>", b"</iq>"),
    ):
        writer.write(_frame(text))
        heard = b""
        while sign not in heard:
            data = await reader.read(65536)
            if not data:
                raise ConnectionError
            heard += data


async def _talk(
    writer: asyncio.StreamWriter, door: Door, pings: int, heard: asyncio.Task[None]
) -> None:
    host = f"guest.{door.domain}"
    for number in itertools.count():
        question = (
            f"<iq xmlns='jabber:client' type='get' id='n{number}' to='{host}'>"
            "<ping xmlns='urn:xmpp:ping'/></iq>"
        )
        writer.write(_frame(question) + _frame("", 9) * pings)
        await asyncio.sleep(1 / A_SECOND)
        if heard.done():
            raise ConnectionError
        await writer.drain()


async def _listen(reader: asyncio.StreamReader, answered: Synchronized[int]) -> None:
    while data := await reader.read(65536):
        with answered.get_lock():
            answered.value += data.count(b"type='result'")


def _frame(text: str, kind: int = 1) -> bytes:
    """Return one message; masked with nothing, which is as good as anything."""
    data = text.encode()
    size = len(data)
    head = struct.pack("!BB", 0x80 | kind, 0x80 | size) if size < 126 else b""
    return (head or struct.pack("!BBH", 0x80 | kind, 0xFE, size)) + bytes(4) + data
