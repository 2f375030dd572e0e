"""HTTP answers of the server under proof: read up to a size, never followed by themselves."""

from __future__ import annotations

import contextlib
import http.client
import zlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from provision.messages.i18n import N_
from provision.messages.reasons import plain
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside import services
from provision.verify.outside.connection import (
    Bounded,
    TooMuchError,
    connect,
    lenient,
    secure,
)
from provision.verify.outside.words import printable
from provision.verify.target import USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.verify.outside.deadline import Deadline
    from provision.verify.target import Target

MEBIBYTE = 2**20
SWITCHED = 101
NONE: Mapping[str, str] = MappingProxyType({})
HEADERS = 2**18
"""More than http.client reads of them, so that its own limits speak first."""


class NoAnswerError(NotMeasuredError):
    """There was no HTTP answer, for the reason that the sentence gives."""

    @property
    def plain(self) -> str:
        """The sentence in English, as evidence keeps it."""
        return self.message.format(**self.values)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in small letters, in the order in which they came."""
    body: bytes
    whole: bool
    """Whether the body ended before the limit."""

    def header(self, name: str) -> str:
        """Return the values of a header as HTTP joins them; nothing where it is missing."""
        return ", ".join(value for key, value in self.headers if key == name)

    @property
    def text(self) -> str:
        """The body as text, with a mark for what is no UTF-8."""
        return self.body.decode(errors="replace")


class Web:
    """Requests to one server, on one connection for as long as it lets us."""

    def __init__(self, target: Target, deadline: Deadline, *, plain: bool = False) -> None:
        self._target, self._deadline = target, deadline
        self.domain = target.domain
        self._connection: Bounded | None = None
        self._context = None if plain else lenient()

    def get(
        self,
        path: str,
        *,
        most: int = MEBIBYTE,
        method: str = "GET",
        headers: Mapping[str, str] = NONE,
    ) -> Answer:
        """Return the answer to one request, with at most so many bytes of its body.

        Raise NoAnswerError, or TimeoutError when the time of all requests together is over.
        """
        # A server may close a connection between two requests whenever it likes, or send more than
        # it was asked for: what fails on a connection that was used before is tried on a new one.
        for fresh in (self._connection is None, True):
            try:
                return self._get(path, most, method, headers)
            except TimeoutError:
                self.close()
                raise
            except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
                self.close()
                if fresh:
                    raise _reason(error) from error
        raise AssertionError

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            with contextlib.suppress(OSError):
                self._connection.close()
        self._connection = None

    def _get(self, path: str, most: int, method: str, more: Mapping[str, str]) -> Answer:
        connection = self._connection = self._connection or self._open()
        lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        connection.send(
            f"{method} {path} HTTP/1.1\r\nHost: {self._target.domain}\r\n"
            f"User-Agent: {USER_AGENT}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
            f"{lines}\r\n".encode()
        )
        # http.client wants of a socket only the stream that it reads from.
        response = http.client.HTTPResponse(cast("Any", connection), method=method)
        connection.allow(HEADERS + most)
        response.begin()
        raw = response.read(most + 1)
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        body = raw if packed == "identity" else _unpacked(raw, packed, most + 1)
        whole = max(len(raw), len(body)) <= most
        if response.will_close or not whole or response.status == SWITCHED:
            self.close()
        headers = tuple((key.lower(), value) for key, value in response.getheaders())
        return Answer(response.status, headers, body[:most], whole)

    def _open(self) -> Bounded:
        port = services.HTTPS if self._context else services.HTTP
        sock = connect(self._target.host, port, self._deadline)
        if self._context:
            sock = secure(sock, self._target.domain, self._context, self._deadline)
        return Bounded(sock, self._deadline)


def _unpacked(raw: bytes, packed: str, most: int) -> bytes:
    """Return the beginning of a compressed body: a small one may stand for gigabytes."""
    if packed not in {"gzip", "x-gzip", "deflate"}:
        raise NoAnswerError(N_("The web server compresses in a way that nobody asked for."))
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(raw, most)


def _reason(error: Exception) -> NoAnswerError:
    """Return what went wrong, in our own words where we know it."""
    if isinstance(error, TooMuchError):
        return NoAnswerError(N_("The web server sends without end."))
    if type(error) is http.client.BadStatusLine:  # a server that hangs up has one of its own
        return NoAnswerError(N_("What answers at the web server's port speaks no HTTP."))
    return NoAnswerError(
        N_("The web server does not answer: {reason}."),
        reason=printable(plain(error)) or type(error).__name__,
    )
