"""The ports of a server from this computer: a listener there for some seconds, probes from here."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shlex
import signal
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.access import answers, openssh
from provision.check import listener, probe
from provision.check.probe import Aim, Reach, Reading
from provision.common import environment
from provision.common.limits import PORTS_ANSWER
from provision.declared import listening
from provision.messages.i18n import _
from provision.settings.hosts import as_ip
from provision.settings.public_address import is_inner

if TYPE_CHECKING:
    from provision.settings.table import School

PATIENCE = 25
"""How long signing in may take before the ports count as not looked at."""
GOODBYE = 5
SUMMARY = 10
"""How long the listener may take to tell what arrived; a busy server is slow, not closed."""
LIFETIME = 30
"""After so many seconds the listener ends even if nobody tells it to."""
PROGRAM = Path(listener.__file__).read_text(encoding="utf-8")
START = (
    "import json, sys; given = json.loads(sys.stdin.readline()); "
    'exec(compile(given["program"], "provision-check", "exec")); main(given)'
)
"""Reads the listener and what it is to do from the first line of its standard input."""


BEGUN = {"held", "alone", "watches", "addresses", "client"}
"""What the listener says first."""


@dataclass(frozen=True)
class Ports:
    """What was seen of a server's ports; without readings, `reason` says why."""

    readings: tuple[Reading, ...] = ()
    alone: bool = True
    """False where another check of this server runs at the same time."""
    reason: str = ""


async def look(school: School, known_hosts: Path, identity: Path | None) -> Ports:
    """Return what reaches the server's ports from here; whatever happens, the listener ends."""
    command = f"python3 -c {shlex.quote(START)}"
    if school.ssh_user != "root":
        command = f"sudo -n {command}"
    words = openssh.arguments(school, known_hosts, identity, command)
    pipe = asyncio.subprocess.PIPE
    try:
        session = await asyncio.create_subprocess_exec(
            *words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment.ours()
        )
    except FileNotFoundError:
        return Ports(reason="ssh")
    try:
        return await _with_listener(session, school)
    except (ValueError, TypeError, KeyError):
        return Ports(reason=_("the server answers nonsense."))
    finally:
        await _end(session)


async def _end(session: asyncio.subprocess.Process) -> None:
    """End ssh and close what it wrote to; its standard input goes, too, which ends the listener."""
    # By its number: `kill`, and the transport's `close`, first look how it ended, and then asyncio,
    # which waits for that, hears nothing and complains.
    if session.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(session.pid, signal.SIGKILL)
    # Nothing more is read; a program that ssh has started may outlive it, with its pipes.
    transport = session._transport  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
    for number in range(3):
        if pipe := transport.get_pipe_transport(number):
            pipe.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(session.wait(), GOODBYE)


async def _with_listener(session: asyncio.subprocess.Process, school: School) -> Ports:
    secret = secrets.token_bytes(16)
    given = {
        "program": PROGRAM,
        "secret": secret.hex(),
        "ports": [port.key for port in listening.outside()],
        "seconds": LIFETIME,
        "mark": answers.MARK,
    }
    try:
        begun = await asyncio.wait_for(_told(session, json.dumps(given)), PATIENCE)
    except (TimeoutError, OSError, ValueError, RecursionError):  # whatever it says instead
        begun = {}
    if not begun.keys() >= BEGUN:
        return Ports(reason=await _last_words(session))
    held = {(protocol, number, family) for protocol, number, family in begun["held"]}
    targets = await _targets(school.reached_at, begun["addresses"])
    aims = [
        Aim(protocol, number, family, address, held=(protocol, number, family) in held)
        for family, address in targets.items()
        for protocol, number in (port.key for port in listening.outside())
    ]
    readings = await asyncio.gather(*(_reach(aim, secret, school.domain) for aim in aims))
    arrived = None
    if begun["watches"]:
        with suppress(TimeoutError, OSError, ValueError):
            ended = await asyncio.wait_for(_told(session, "end"), SUMMARY)
            arrived = _of_ours(ended.get("arrived"), begun["client"])
    return Ports(
        tuple(
            reading if arrived is None else replace(reading, arrived=_key(reading.aim) in arrived)
            for reading in readings
        ),
        alone=begun["alone"],
    )


async def _told(session: asyncio.subprocess.Process, line: str) -> dict[str, Any]:
    """Return the listener's answer to a line, or nothing if it has ended."""
    assert session.stdin
    assert session.stdout
    session.stdin.write(f"{line}\n".encode())
    await session.stdin.drain()
    heard = 0
    while answer := await session.stdout.readline():
        heard += len(answer)
        if heard > PORTS_ANSWER:
            break
        if (told := answers.read(answer.rstrip())) is not None:
            return told
    return {}


async def _last_words(session: asyncio.subprocess.Process) -> str:
    """Return what ssh, sudo or Python said when there was no listener."""
    assert session.stderr
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE):
            while len(said) < PORTS_ANSWER and (part := await session.stderr.read(4096)):
                said += part
    lines = said.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


async def _targets(address: str, own: dict[str, str]) -> dict[int, str]:
    """Return which address stands for the server in each family: settings first, then its own."""
    targets = {int(family): known for family, known in own.items() if not _is_local(known)}
    known = as_ip(address)
    if known:
        own_address = as_ip(targets.get(known.version, ""))
        # Who signs in through a private network still wants to know what the world reaches.
        if own_address and not is_inner(str(own_address)) and is_inner(str(known)):
            return targets
        return targets | {known.version: str(known)}
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        for family, kind in listener.FAMILIES.items():
            with suppress(OSError):
                found = await loop.getaddrinfo(address, None, family=kind)
                targets[family] = str(found[0][4][0])
    return targets


def _is_local(address: str) -> bool:
    return ip_address(address).is_link_local or ip_address(address).is_loopback


async def _reach(aim: Aim, secret: bytes, host: str) -> Reading:
    if not probe.has_way(aim.family, aim.address):
        return Reading(aim, Reach.NO_WAY)
    return await probe.reach(aim, secret, host)


def _key(aim: Aim) -> tuple[str, int, int]:
    return aim.protocol, aim.number, aim.family


def _of_ours(arrived: Any, client: str) -> set[tuple[str, int, int]]:
    """Return what arrived from this computer.

    A datagram has its token; anybody may begin a TCP connection, but not from this address.
    """
    known = as_ip(client)
    return {
        (protocol, number, family)
        for protocol, number, family, sender in arrived or ()
        if protocol == "udp" or known is None or known.version != family or sender == client
    }
