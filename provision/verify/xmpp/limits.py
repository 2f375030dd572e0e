"""How long a server is listened to, and how much it may say."""

from __future__ import annotations

import socket
import threading
import time

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError


class XmppError(NotMeasuredError):
    """The other side does not speak XMPP as it should."""


class ClosedError(XmppError):
    """The other side hung up."""


class SilentError(XmppError):
    """No answer came in time."""


class Limits:
    """What one probe may spend in all its connections together."""

    def __init__(self, seconds: float, size: int = 4_000_000, messages: int = 5000) -> None:
        self._end = time.monotonic() + seconds
        self._size = size
        self._messages = messages

    def left(self, most: float = 3600) -> float:
        """Return the seconds that are left, at most `most`; raise SilentError where none are."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise SilentError(N_("The server did not answer in time."))
        return min(seconds, most)

    @property
    def over(self) -> bool:
        """Return whether the time is up."""
        return time.monotonic() >= self._end

    def count(self, size: int) -> None:
        """Note a message that came; raise XmppError where it was one too many."""
        self._size -= size
        self._messages -= 1
        if self._size < 0 or self._messages < 0:
            raise XmppError(N_("The server sends without end; the program stopped listening."))

    def guard(self, connection: socket.socket) -> threading.Timer:
        """Return a started timer that cuts the connection when the time is up.

        A time limit on each read is no bound: a server may send a byte now and then.
        """
        timer = threading.Timer(self.left(), _cut, [connection])
        timer.daemon = True
        timer.start()
        return timer


def _cut(connection: socket.socket) -> None:
    try:
        # Not SSLSocket's own, which takes its state away from a read that is going on.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return
