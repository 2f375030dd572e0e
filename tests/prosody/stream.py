"""A plain XMPP stream over TCP, with the words of a websocket (RFC 7395) at the outside."""

from __future__ import annotations

import re
import socket
import time
import xml.etree.ElementTree as ET

from tests.prosody.websocket import ClosedError

HEAD = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='{}' {} version='1.0'>"
)
STREAMS = "http://etherx.jabber.org/streams"


class Stream:
    """Talks to a port of this machine, as focus and bridge do."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((address, port), timeout=10)
        self.waiting: list[str] = []
        self.ended = False

    def send(self, text: str) -> None:
        """Send one element; `<open to=…/>` begins a stream, `<close/>` ends it."""
        if text.startswith("<open"):
            self.parser = ET.XMLPullParser(("start", "end"))
            self.depth = 0
            to = re.search(r" to='[^']*'", text)
            text = HEAD.format(STREAMS, to[0] if to else "")
        elif text.startswith("<close"):
            text = "</stream:stream>"
        self.socket.sendall(text.encode())

    def receive(self, seconds: float) -> str:
        """Return the next element; TimeoutError if none comes in time, ClosedError if none will."""
        end = time.monotonic() + seconds
        while not self.waiting:
            if self.ended:
                raise ClosedError
            self.socket.settimeout(max(end - time.monotonic(), 0.001))
            data = self.socket.recv(65536)
            if not data:
                raise ClosedError
            self.parser.feed(data)
            for event, element in self.parser.read_events():
                self.depth += 1 if event == "start" else -1
                if event == "end" and self.depth == 1:
                    self.waiting.append(ET.tostring(element, "unicode"))
                self.ended = self.depth == 0
        return self.waiting.pop(0)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()
