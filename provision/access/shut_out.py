"""A server that lets this computer in no more for a while: sshd's own penalties, or a firewall.

Since OpenSSH 9.8 (Debian 13) each connection on which nobody signs in costs its source seconds:
five after a wrong key or password, one without any try. From fifteen on, sshd hangs up on it
before it says anything, until they are over, ten minutes at most: as few as possible are to be
spent.
"""

from __future__ import annotations

import re

from provision.access import own_way
from provision.messages.errors import ServerError
from provision.messages.i18n import _

SAID = re.compile(
    r"Not allowed at this time|kex_exchange_identification: .*(?:closed by remote|reset by peer)",
    re.IGNORECASE,
)
DROPPED = b"Not allowed at this time"


def told(text: str) -> bool:
    """Return whether ssh says that the server hung up before it said anything."""
    return bool(SAID.search(text)) and not own_way.lost(text)


def heard(data: bytes, *, ended: bool) -> bool:
    """Return whether this is how a server begins that shuts its caller out."""
    return ended and (not data or DROPPED in data)


def error() -> ServerError:
    """Return what to do about it: wait."""
    return ServerError(
        _("For a while, the server accepts no connection from this computer."),
        _("It ends connections before it says anything. After failed sign-ins, Debian 13 does that "
          "by itself; a firewall that limits connections to SSH does it, too."),
        _("wait: half a minute after two wrong passwords, up to ten minutes after many; then run "
          "this again. Until then, do not try by hand: each failure makes it longer"),
    )  # fmt: skip
