"""Reaches for a server's ports from this computer, as browsers do, and says what answered."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import socket
import ssl
import struct
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from provision.check import listener
from provision.declared import listening

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 4.0
"""How long an answer may take; a lost first packet costs one second of it."""
SEND_AT = (0.0, 0.3, 0.7, 1.0, 1.0)
"""Pauses before each sending of a datagram, which nobody repeats for us."""
NO_WAY = {errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


class Reach(Enum):
    """What came of it."""

    OPEN = "open"
    SILENT = "silent"
    REFUSED = "refused"
    STRANGE = "strange"
    """Something answered, but not the server."""
    NO_WAY = "no way"
    """This computer has no address of that family."""
    UNKNOWN = "unknown"
    """Nobody could look."""


@dataclass(frozen=True)
class Aim:
    """One port at one address, and who should answer there."""

    protocol: str
    number: int
    family: int
    """4 or 6."""
    address: str
    held: bool = False
    """True where a service has the port already, so that it answers and not our listener."""


@dataclass(frozen=True)
class Reading:
    """What is known of a port after it was reached for."""

    aim: Aim
    reach: Reach
    certificate: str = ""
    """The SHA-256 of the certificate that was shown, as pairs of capital digits with colons."""
    arrived: bool | None = None
    """Whether the server's network card saw the request; None where nobody could look."""


async def reach(aim: Aim, secret: bytes, host: str) -> Reading:
    """Return what answers at a port; never raises for what the network does."""
    token = listener.make_token(secret, os.urandom(listener.SALT))
    expected = listener.proof(secret, token)
    try:
        if aim.protocol == "udp":
            request = listener.stun_request(token)
            return Reading(aim, await _datagram(aim, request, b"" if aim.held else expected))
        # Without TLS is one port alone.
        if aim.held and aim.number != listening.ours()["http"].number:
            return await asyncio.wait_for(_secure(aim, host), SECONDS)
        request = listener.web_request(token, host)
        pattern = rb"HTTP/1\.[01] \d{3} " if aim.held else re.escape(expected)
        return Reading(aim, await asyncio.wait_for(_stream(aim, request, pattern), SECONDS))
    except TimeoutError:
        return Reading(aim, Reach.SILENT)
    except OSError as error:
        return Reading(aim, Reach.NO_WAY if error.errno in NO_WAY else Reach.REFUSED)


def has_way(family: int, address: str) -> bool:
    """Return whether this computer has an address of the family to come from; sends nothing."""
    try:
        with socket.socket(listener.FAMILIES[family], socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
    except OSError:
        return False
    return True


async def _stream(aim: Aim, request: bytes, pattern: bytes) -> Reach:
    """Return whether a TCP connection brings an answer that fits."""
    reader, writer = await asyncio.open_connection(aim.address, aim.number)
    try:
        writer.write(request)
        answer = b""
        while len(answer) < listener.LONGEST and not re.search(pattern, answer):
            part = await reader.read(listener.LONGEST)
            if not part:
                break
            answer += part
    except OSError:  # the connection stood, so somebody in between has taken it
        return Reach.STRANGE
    finally:
        writer.transport.abort()
    return Reach.OPEN if re.search(pattern, answer) else Reach.STRANGE


async def _secure(aim: Aim, host: str) -> Reading:
    """Return which certificate a TLS service shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # who answers is compared with what lies on the server
    try:
        _reader, writer = await asyncio.open_connection(
            aim.address, aim.number, ssl=context, server_hostname=host
        )
    except (ssl.SSLError, ConnectionResetError):
        return Reading(aim, Reach.STRANGE)
    shown: Any = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    digest = hashlib.sha256(shown or b"").digest()
    return Reading(aim, Reach.OPEN, digest.hex(":").upper())


class _Answers(asyncio.DatagramProtocol):
    """Waits for the answer to one question."""

    def __init__(self, fits: Callable[[bytes], bool], done: asyncio.Future[Reach]) -> None:
        self.fits = fits
        self.done = done

    def datagram_received(self, data: bytes, _address: Any) -> None:
        """Take an answer; what does not fit may be an echo, so the right one is waited for."""
        if self.fits(data) and not self.done.done():
            self.done.set_result(Reach.OPEN)

    def error_received(self, error: Exception) -> None:
        """Take a refusal that came as ICMP."""
        if not self.done.done():
            self.done.set_exception(error)


async def _datagram(aim: Aim, request: bytes, expected: bytes) -> Reach:
    """Return whether a STUN question brings an answer that fits."""
    head = struct.pack("!H", listener.SUCCESS)
    number = request[4 : listener.HEADER]

    def fits(data: bytes) -> bool:
        return data[:2] == head and data[4 : listener.HEADER] == number and expected in data

    loop = asyncio.get_running_loop()
    done: asyncio.Future[Reach] = loop.create_future()
    transport, _protocol = await loop.create_datagram_endpoint(
        lambda: _Answers(fits, done), remote_addr=(aim.address, aim.number)
    )
    try:
        for pause in SEND_AT:
            await asyncio.wait([done], timeout=pause)
            if done.done():
                break
            transport.sendto(request)
        return await asyncio.wait_for(done, SECONDS - sum(SEND_AT))
    finally:
        transport.close()
