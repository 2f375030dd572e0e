"""Passwords guessed from two thousand networks, and what a teacher notices of it.

On loopback: a Prosody of `tests/prosody` believes the addresses that a proxy tells it. The guessers
do not compute the hashes of their proofs, so they are quicker than any that could ever be right.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import multiprocessing
import os
import resource
import shutil
import struct
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.figures.measure import Row
from tests.prosody.person import SASL, SCRAM, Person, Refused
from tests.prosody.server import DOMAIN, PASSWORD, Prosody

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized
    from multiprocessing.synchronize import Event

SOURCES, BESIDE, CLASS = 2000, 60, 40
SECONDS = 90
"""How long the guessers go on before the second look."""
TEACHER, NOBODY = "teacher", "no-such-teacher"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
PATIENCE = 90.0


def rows() -> list[Row]:
    """Return what a teacher notices of guessers; nothing where there is no Prosody."""
    if not shutil.which("prosody"):
        return []
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="provision-guessers-") as place:
        # As on a school's server, where nothing but warnings is written.
        server = Prosody(Path(place), options='log = { warn = "*console" }')
        server.start()
        try:
            return [*_quiet(server), *_from_everywhere(server), *_beside(server)]
        finally:
            server.stop()


def _quiet(server: Prosody) -> list[Row]:
    """Return how long a class of teachers needs, and how names that are no account look."""
    people = [Person(server, DOMAIN, address="203.0.113.5") for _ in range(CLASS)]
    begun = time.monotonic()
    questions = [person.question(TEACHER) for person in people]
    for person, question in zip(people, questions, strict=True):
        person.prove(PASSWORD, question)
        person.verdict()
    at_once = time.monotonic() - begun
    for person in people:
        person.socket.close()
    asked: dict[str, list[float]] = {TEACHER: [], NOBODY: []}
    refused: dict[str, list[float]] = {TEACHER: [], NOBODY: []}
    for number in range(40):
        for name in (TEACHER, NOBODY):
            person = Person(server, DOMAIN, address=f"198.18.{len(name)}.{number}")
            begun = time.monotonic()
            question = person.question(name)
            asked[name].append(time.monotonic() - begun)
            begun = time.monotonic()
            person.prove("wrong", question)
            with contextlib.suppress(Refused):
                person.verdict(PATIENCE)
            refused[name].append(time.monotonic() - begun)
            person.socket.close()
    return [
        Row(f"{CLASS} teachers behind one address signed in", at_once, " s", 10),
        _same("no such name ÷ a teacher's, until the question", asked),
        _same("no such name ÷ a teacher's, until the refusal", refused),
    ]


def _same(figure: str, times: dict[str, list[float]]) -> Row:
    nobody, teacher = (min(times[name]) for name in (NOBODY, TEACHER))
    detail = f"{nobody * 1000:.1f} ÷ {teacher * 1000:.1f} ms"
    return Row(figure, max(nobody, teacher) / min(nobody, teacher), "", 1.05, detail=detail)


def _from_everywhere(server: Prosody) -> list[Row]:
    server.restart()  # which forgets who guesses, and where teachers have signed in
    addresses = [f"10.{number // 250}.{number % 250}.1" for number in range(SOURCES)]
    with _guessing(server, addresses) as looked_at:
        used = _processor(server)
        first = _sign_in(server, "198.51.100.1")
        used = _processor(server) - used
        time.sleep(SECONDS)
        counted, begun, busy = looked_at.value, time.monotonic(), _processor(server)
        later = max(_sign_in(server, f"198.51.101.{number}") for number in range(10))
        time.sleep(max(0.0, 10 - (time.monotonic() - begun)))
        took = time.monotonic() - begun
        pace = (looked_at.value - counted) / took
        share = (_processor(server) - busy) / took
    beside = f"right password beside {SOURCES} guessing networks"
    return [
        Row(f"{beside}, just restarted", first, " s", 5, detail=f"{used:.1f} s of processor"),
        Row(beside, later, " s", 5, detail=f"processor {share:.0%}"),
        Row("their passwords looked at, each second", pace, "", 20),
    ]


def _beside(server: Prosody) -> list[Row]:
    server.restart()
    with _guessing(server, ["203.0.113.5"] * BESIDE):
        time.sleep(SECONDS / 3)
        here = _sign_in(server, "203.0.113.5")
    return [Row(f"right password behind the address of {BESIDE} guessers", here, " s", 60)]


def _sign_in(server: Prosody, address: str) -> float:
    """Return the seconds from the connection until the server is satisfied."""
    begun = time.monotonic()
    person = Person(server, DOMAIN, address=address)
    person.try_password(TEACHER, PASSWORD, seconds=PATIENCE)
    took = time.monotonic() - begun
    person.socket.close()
    return took


def _processor(server: Prosody) -> float:
    """Return the seconds of processor time that the server has used."""
    assert server.process
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# The guessers ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _guessing(server: Prosody, addresses: list[str]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """Guess meanwhile; gives how many passwords were looked at."""
    looked_at: Synchronized[int] = multiprocessing.Value("i", 0)
    begun = multiprocessing.Event()
    process = multiprocessing.Process(
        target=_guess, args=(server.port, addresses, looked_at, begun), daemon=True
    )
    process.start()
    begun.wait(60)
    try:
        yield looked_at
    finally:
        process.kill()
        process.join()


def _guess(port: int, addresses: list[str], looked_at: Synchronized[int], begun: Event) -> None:
    async def everywhere() -> None:
        begun.set()
        await asyncio.gather(*(_guesser(port, each, looked_at) for each in addresses))

    asyncio.run(everywhere())


async def _guesser(port: int, address: str, looked_at: Synchronized[int]) -> None:
    """Guess for ever from one address, on one connection as long as it lasts."""
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, KeyError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await _connect(reader, writer, address)
                while True:
                    await _attempt(reader, writer, looked_at)
            finally:
                writer.close()
        await asyncio.sleep(1)


async def _connect(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /xmpp-websocket HTTP/1.1\r\nHost: {DOMAIN}\r\nX-Forwarded-For: {address}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    _send(
        writer, f"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{DOMAIN}' version='1.0'/>"
    )
    await _receive(reader)
    await _receive(reader)


async def _attempt(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, looked_at: Synchronized[int]
) -> None:
    first = base64.b64encode(f"n,,n={TEACHER},r={os.urandom(6).hex()}".encode()).decode()
    _send(writer, f"<auth xmlns='{SASL}' mechanism='{SCRAM}'>{first}</auth>")
    text = await _receive(reader)
    challenge = base64.b64decode(text.partition(">")[2].partition("<")[0])
    fields = dict(part.split("=", 1) for part in challenge.decode().split(",") if "=" in part)
    proof = base64.b64encode(os.urandom(20)).decode()
    last = base64.b64encode(f"c=biws,r={fields['r']},p={proof}".encode()).decode()
    _send(writer, f"<response xmlns='{SASL}'>{last}</response>")
    if "not-authorized" in await _receive(reader):
        with looked_at.get_lock():
            looked_at.value += 1


def _send(writer: asyncio.StreamWriter, text: str) -> None:
    """Send one message; masked with nothing, which is as good as anything."""
    data = text.encode()
    size = len(data)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else b""
    writer.write((head or struct.pack("!BBH", 0x81, 0xFE, size)) + bytes(4) + data)


async def _receive(reader: asyncio.StreamReader) -> str:
    """Return the next message; OSError where the server hangs up."""
    while True:
        kind, size = await reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await reader.readexactly(2))
        data = await reader.readexactly(size)
        if kind & 0x0F == 8:
            raise ConnectionError
        if kind & 0x0F == 1:
            return data.decode()
