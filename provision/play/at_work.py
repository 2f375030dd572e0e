"""Which deployment this is, and what to do where another one is at work on the same server.

The server knows of a run only what its modules note (`module_utils/deployment_lock.py`). Whether a
run of this computer goes on, is known here: so what was killed holds up nobody who starts it again.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import secrets
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.common.folders import started
from provision.messages.errors import BusyError
from provision.messages.i18n import _
from provision.messages.words import duration

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 1.0
PATIENCE = 120.0
"""How many seconds to wait for a run that seems to have ended; longer than the server takes to
call it over."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")


def this_run() -> dict[str, str]:
    """Return what names this run to others; called in a worker of Ansible's, whose parent it is."""
    with suppress(OSError, KeyError):
        who = f"{getpass.getuser()}@{socket.gethostname()}"
        return {
            "id": secrets.token_hex(8),
            "who": who[:100],
            "computer": _computer(),
            "process": f"{os.getppid()} {started(os.getppid())}",
        }
    return {"id": secrets.token_hex(8), "who": "?", "computer": "", "process": ""}


def begin(take: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return what the first module of a deployment answers, once the server is this run's.

    ``take`` runs it, and is given the name of a run that is known to have ended. Raises BusyError
    while another one is at work.
    """
    ended, seen, end = "", 0.0, time.monotonic() + PATIENCE
    while True:
        answer = take(ended)
        if answer.get("kind") != "busy":
            return answer
        holder = answer["holder"]
        here = _lives_here(holder)
        if here is False:
            ended = holder["id"]
        elif here or holder["working"] or (seen and holder["at"] != seen):
            raise refusal(holder)
        if time.monotonic() > end:
            raise refusal(holder)
        seen = holder["at"]
        # What has ended is taken over by the next call, unless its last step goes on.
        if here is None or holder["working"]:
            time.sleep(PAUSE)


def refusal(holder: dict[str, Any]) -> BusyError:
    """Return the error for a server on which somebody else is at work."""
    process = holder["process"].partition(" ")[0] if _lives_here(holder) else ""
    if process:
        why = _("It runs on this computer as process {process}, and was begun {time} ago.")
    else:
        why = _("{who} has begun it {time} ago.")
    took = duration(holder["seconds"])
    return BusyError(
        _("Another deployment is at work on this server."),
        why.format(who=holder["who"], process=process, time=took),
        _("wait until it has ended, then run this again"),
    )


def _computer() -> str:
    """Return what two processes share that can see each other: a boot, and a list of processes."""
    text = _BOOT.read_text(encoding="ascii") + str(_PROCESSES.readlink())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _lives_here(holder: dict[str, Any]) -> bool | None:
    """Return whether a run of this computer goes on; nothing where it is another computer's."""
    with suppress(OSError, ValueError):
        if holder["computer"] == _computer():
            number, since = map(int, holder["process"].split())
            return started(number) == since
    return None
