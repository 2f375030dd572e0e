"""One deployment at a time on a server: who is at work there, and when nobody is any more.

A run is many modules, one after another, and between two of them nothing of it is on the server. So
its name lies in a file in memory, which each module of it holds locked while it works: the kernel
lets go when it ends, however that is. A run of which no module was here for a minute is over.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import time
from typing import TYPE_CHECKING, Any, TextIO

from ansible.module_utils.school_server import fail, make_folder

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PLACE = "/run/jitsi-provision/deployment"
"""Gone with the next boot, as whatever was at work."""
IDLE = 60.0
"""For so long, in seconds, a run may have something to do elsewhere; then others may begin."""
LARGEST = 4096
ARGUMENT: dict[str, Any] = {"type": "dict", "default": {}, "no_log": False}
"""How a module declares `run`: which deployment it belongs to; nothing where it is in none."""


def hold(module: AnsibleModule) -> None:
    """Make the server this run's until the module ends, and a minute more; else end the module."""
    run = module.params["run"]
    if run and (holder := take(run, rehearsal=module.check_mode)):
        refuse(module, holder)


def refuse(module: AnsibleModule, holder: dict[str, Any]) -> None:
    """End the module with who is at work."""
    what = f"Another deployment is at work on this server: {holder['who']}"
    fail(module, what, kind="busy", holder=holder)


def take(run: dict[str, Any], over: str = "", *, rehearsal: bool = False) -> dict[str, Any]:
    """Take the server for a run; return nothing, or who has it.

    ``over`` is a run that is known to have ended: it may be taken over at once, unless one of its
    modules still works. A rehearsal only looks.
    """
    try:
        file = _opened(rehearsal=rehearsal)
    except FileNotFoundError:
        return {}
    known = _read(file)
    try:
        # Its own former module may be about to end, or another run just about to let go.
        wait = 0 if known.get("id", run["id"]) == run["id"] else fcntl.LOCK_NB
        fcntl.flock(file, fcntl.LOCK_EX | wait)
    except BlockingIOError:
        file.close()
        return _holder(known, working=True)
    known = _read(file)
    here = known.get("id", "")
    if here not in ("", run["id"], over) and 0 <= _now() - known["at"] < IDLE:
        file.close()
        return _holder(known, working=False)
    if rehearsal:
        file.close()
        return {}
    begun = known["since"] if here == run["id"] else _now()
    _write(file, {**run, "since": begun})
    atexit.register(_leave, file, {**run, "since": begun})
    return {}


def give_back(run: dict[str, Any]) -> None:
    """Let others begin at once, where this run still has the server."""
    with contextlib.suppress(FileNotFoundError):
        file = _opened(rehearsal=False)
        if _read(file).get("id") == run.get("id"):
            file.seek(0)
            file.truncate()
        file.close()


def _opened(*, rehearsal: bool) -> TextIO:
    """Return the file; raises FileNotFoundError in a rehearsal where nobody was ever at work."""
    kind = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    if not rehearsal:
        make_folder(os.path.dirname(PLACE))
        kind |= os.O_CREAT
    return os.fdopen(os.open(PLACE, kind, 0o600), "r+", encoding="utf-8", errors="replace")


def _read(file: TextIO) -> dict[str, Any]:
    """Return what is noted; of a file that was cut off while it was written, nothing."""
    file.seek(0)
    try:
        known = json.loads(file.read(LARGEST))
        return known if {"id", "who", "at", "since"} <= known.keys() else {}
    except (ValueError, AttributeError):
        return {}


def _write(file: TextIO, run: dict[str, Any]) -> None:
    """Note who is at work, and that it was just now."""
    file.seek(0)
    file.truncate()
    file.write(json.dumps({**run, "at": _now()}))
    file.flush()


def _leave(file: TextIO, run: dict[str, Any]) -> None:
    """Note when the module ended, and let go."""
    if not file.closed and _read(file).get("id") == run["id"]:
        _write(file, run)
    file.close()


def _holder(known: dict[str, Any], *, working: bool) -> dict[str, Any]:
    """Return who has the server, as others are told."""
    told = {name: str(known.get(name, ""))[:100] for name in ("id", "who", "computer", "process")}
    told["who"] = told["who"] or "?"
    age = int(_now() - known["since"]) if known else 0
    return {**told, "at": known.get("at", 0.0), "seconds": age, "working": working}


def _now() -> float:
    """Return a time that no clock service can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
