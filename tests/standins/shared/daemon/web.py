"""The small REST interfaces of the daemons."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .log import Log

REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
           500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """Status, content and its type."""

    status: int = 200
    body: str = ""
    kind: str = "text/plain; charset=utf-8"

    @classmethod
    def of(cls, value: Any, status: int = 200) -> "Answer":
        """An answer in JSON."""
        return cls(status, json.dumps(value), "application/json")


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    body: str


Handler = Callable[[Request], Answer | Awaitable[Answer]]


class Server:
    """Routes by method and path; everything else is 404."""

    def __init__(self, name: str, journal: Log) -> None:
        self.name = name
        self.journal = journal
        self.routes: dict[tuple[str, str], Handler] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Answer this method and path."""
        self.routes[method, path] = handler

    async def start(self, host: str, port: int) -> None:
        """Listen."""
        await asyncio.start_server(self._serve, host, port)
        self.journal.info(f"{self.name} listens on {host} port {port}")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(_read(reader), 20)
            answer = await self._answer(request)
            body = answer.body.encode()
            head = (
                f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Unknown')}\r\n"
                f"Content-Type: {answer.kind}\r\nContent-Length: {len(body)}\r\n"
                "X-Stand-In: yes\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + (b"" if request.method == "HEAD" else body))
            await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            self.journal.debug("unreadable HTTP request")
        finally:
            writer.close()

    async def _answer(self, request: Request) -> Answer:
        method = "GET" if request.method == "HEAD" else request.method
        handler = self.routes.get((method, request.path))
        if handler is None:
            return Answer(404, f"404 Not Found ({self.name})\n")
        answer = handler(request)
        return answer if isinstance(answer, Answer) else await answer


async def _read(reader: asyncio.StreamReader) -> Request:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    length = 0
    for line in lines[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-length":
            length = int(value)
    body = (await reader.readexactly(length)).decode() if length else ""
    return Request(method, target.partition("?")[0], body)
