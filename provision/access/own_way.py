"""What this computer's own SSH settings say: the way to a server, and what is wrong with them.

Whatever `ssh HOST` does by hand, the first contact does as well: ~/.ssh/config may lead it through
another computer.
"""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import threading
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from provision.common import bounded, environment, limits
from provision.messages.errors import ProvisionError, ServerError
from provision.messages.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.settings.table import School

REFUSED = re.compile(
    r"Bad configuration option|terminating, \d+ bad configuration|Bad owner or permissions on|"
    r"UNPROTECTED PRIVATE KEY FILE|unix_listener:|No such file or directory: b?'ssh'|"
    r"keyword \S+ extra arguments|unsupported option",
    re.IGNORECASE,
)
# ssh calls the other end of a program so, which leads it through another computer.
LOST = re.compile(r"\bUNKNOWN port 65535\b")
_NO_REASON = re.compile(r"kex_exchange_identification: |UNKNOWN port 65535")
_ASKED_SECONDS = 10
# What ~/.ssh/config may say for people who type, and would hang a program or make it deaf.
_ALWAYS_KNOWN = {"RequestTTY": "no", "RemoteCommand": "none"}
# Known to OpenSSH from 8.7 on; an older one would refuse the very name.
_SINCE_8_7 = {"SessionType": "default", "StdinNull": "no", "ForkAfterAuthentication": "no"}


def refused(said: str) -> bool:
    """Return whether ssh complains of this very computer."""
    return bool(REFUSED.search(said))


def lost(said: str) -> bool:
    """Return whether the way through another computer ended before the server."""
    return bool(LOST.search(said))


@cache
def quietly() -> tuple[str, ...]:
    """Return options of ssh by which it runs a command, whatever people have set up for typing."""
    known = _asked(["ssh", "-G", "-F", "none", "--", "server"])
    options = _ALWAYS_KNOWN | {
        name: value for name, value in _SINCE_8_7.items() if name.lower() in known
    }
    return tuple(word for name, value in options.items() for word in ("-o", f"{name}={value}"))


def lost_error(said: str, place: Mapping[str, Any]) -> ServerError:
    """Return that the way which ~/.ssh/config names leads nowhere; the server was not asked.

    ``place`` has the server's user, address and port.
    """
    lines = (line.strip() for line in said.splitlines())
    return ServerError(
        _("The way to the server in ~/.ssh/config (ProxyJump, ProxyCommand) does not lead there."),
        "\n".join(line for line in lines if line and not _NO_REASON.search(line)),
        _("try it yourself: ssh -p {port} {user}@{address}").format(**place),
    )


def error(said: str) -> ProvisionError:
    """Return what is wrong here; nothing was asked of any server."""
    lines = [line.strip() for line in said.splitlines() if REFUSED.search(line)]
    return ProvisionError(
        _("ssh on this computer does not start; the server was not asked."),
        "\n".join(lines),
        _("repair on this computer what it names, most often in ~/.ssh/config or the rights of a "
          "key, then run this again"),
    )  # fmt: skip


def connection(school: School, seconds: float) -> socket.socket:
    """Return a connection to the server's SSH, on the way that ssh itself would take."""
    known = settings(school)
    address, port = known.get("hostname", school.address), int(known.get("port", school.ssh_port))
    command = way(known, address, port)
    if not command:
        return socket.create_connection((address, port), timeout=seconds)
    return _through(command, seconds)


def settings(school: School) -> dict[str, str]:
    """Return what ssh would use for this server; nothing where it cannot be asked."""
    return _asked(
        ["ssh", "-G", "-p", str(school.ssh_port), "-l", school.ssh_user, "--", school.address]
    )


def _asked(words: list[str]) -> dict[str, str]:
    """Return what ssh would use, by names in small letters; nothing where it cannot be asked."""
    try:
        done = bounded.run(words, "", seconds=_ASKED_SECONDS, limit=limits.SSH_ANSWER)
    except OSError:
        return {}
    if done.late or done.endless:
        return {}
    pairs = (line.partition(" ") for line in done.out.decode(errors="replace").splitlines())
    return {name: value.strip() for name, _space, value in pairs}


def way(known: dict[str, str], address: str, port: int) -> list[str]:
    """Return the command that leads to the server where it is not reached directly."""
    jump = known.get("proxyjump", "none")
    if jump != "none":
        *before, last = jump.split(",")
        found = re.fullmatch(r"(?:ssh://)?(.*?)(?::(\d+))?", last)
        place, number = found.groups() if found else (last, None)
        call = ["ssh", "-o", "BatchMode=yes", *quietly()]
        call += ["-J", ",".join(before)] if before else []
        call += ["-p", number] if number else []
        return [*call, "-W", f"[{address}]:{port}", "--", place]
    command = known.get("proxycommand", "none")
    return (
        [] if command == "none" else ["sh", "-c", f"exec {_filled(command, known, address, port)}"]
    )


def _filled(command: str, known: dict[str, str], address: str, port: int) -> str:
    values = {"%h": address, "%p": str(port), "%r": known.get("user", ""), "%n": address, "%%": "%"}
    return re.sub(
        r"%[hprn%]",
        lambda found: values[found[0]] if found[0] == "%%" else shlex.quote(values[found[0]]),
        command,
    )


def _through(command: list[str], seconds: float) -> socket.socket:
    """Return a socket whose other end is a program's input and output."""
    ours, theirs = socket.socketpair()
    ours.settimeout(seconds)
    try:
        program = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.DEVNULL,
            env=environment.ours(),
        )
    finally:
        theirs.close()
    # Nobody else waits for it; it ends with the socket.
    threading.Thread(target=_wait, args=(program,), daemon=True).start()
    return ours


def _wait(program: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        program.wait()
