"""One read-only look at the server from inside, over SSH.

The modules of provision/verify/inside travel as text to `python3 -` there; nothing is installed or
written on the server, and nothing secret stands in a process's arguments.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import time
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from provision.access import answers, host_keys, openssh
from provision.access.connect import key_file
from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.target import USER_AGENT

if TYPE_CHECKING:
    from provision.verify.target import Target

PACKAGE = "provision.verify.inside"
MARKER = "provision-verify-"
"""How every name begins that a probe makes up: rooms, paths."""
LIMIT = 2 << 20
"""Bytes that the answer may have; a stock server's has about 30 kB."""
# On the server the modules get the names that they have here, so that each imports as written.
LOADER = """
import sys, types
for name in ("provision", "provision.verify", "provision.verify.inside"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
def load(name, text):
    module = sys.modules[name] = types.ModuleType(name)
    setattr(sys.modules["provision.verify.inside"], name.rpartition(".")[2], module)
    exec(compile(text, name, "exec"), module.__dict__)
"""
# Each after those that it imports.
ORDER = ("reading", "processes", "hocon", "accounts", "copies", "java", "logs", "machine",
         "packet_match", "packet_filter", "network", "apt_update", "packages", "prosody", "relay",
         "secrets", "services", "readers", "traces", "web", "program")  # fmt: skip


def measure(target: Target) -> dict[str, Any]:
    """Return what program.py collects, and beside it two facts from here.

    `visited` tells whether there was a visit whose traces it could find, `promised` what the school
    has decided about retention: a criterion, not evidence.

    Raises NotMeasuredError where nobody can sign in, or the answer is none.
    """
    if target.school is None or target.inventory is None:
        raise NotMeasuredError(N_("Nobody can sign in there: it is not in inventory.yml."))
    visited = _visit(target)
    wanted = {
        "marker": MARKER,
        "mark": answers.MARK,
        "seconds": time.monotonic() - target.begun,
        # Signing in and out takes some of the time, too.
        "patience": target.seconds * 0.7,
    }
    root = target.school.ssh_user == "root"
    command = "python3 -IB -" if root else "sudo -n python3 -IB -"
    said = openssh.read(
        target.school,
        target.inventory.parent / host_keys.FILE,
        key_file(target.inventory, target.key),
        command,
        program(wanted),
        seconds=target.seconds,
        limit=LIMIT,
    )
    found = answers.find(said.text)
    if found is None or not isinstance(found.get("parts"), dict):
        raise _why(target, said)
    return found | {
        "visited": visited,
        "promised": {"retention_days": target.school.retention_days},
    }


def _visit(target: Target) -> bool:
    """Leave a trace as a visitor would: a room that nobody knows, and a file that is not there.

    Return whether the web server answered. Without a check of its certificate: nothing is learnt
    from the answer.
    """
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - see above
    name = MARKER + secrets.token_hex(12)
    answered = False
    for path in (f"/{name}", f"/static/{name}.js", f"/http-bind?room={name}"):
        connection = http.client.HTTPSConnection(target.host, timeout=3, context=context)
        with suppress(OSError, http.client.HTTPException):
            headers = {"Host": target.domain, "User-Agent": USER_AGENT}
            headers["Referer"] = f"https://{target.domain}/{name}"
            connection.request("GET", path, headers=headers)
            connection.getresponse().read(1024)
            answered = True
        connection.close()
        if not answered:
            break
    return answered


def program(wanted: dict[str, Any]) -> str:
    """Return the text that the server's Python runs."""
    folder = files(PACKAGE)
    parts = [LOADER]
    for name in ORDER:
        text = folder.joinpath(f"{name}.py").read_text(encoding="utf-8")
        parts.append(f"load({f'{PACKAGE}.{name}'!r}, {text!r})\n")
    parts.append(f"import json; program = sys.modules[{f'{PACKAGE}.program'!r}]\n")
    # As text, because JSON's true and null are no Python.
    parts.append(f"program.main(json.loads({json.dumps(wanted)!r}))\n")
    return "".join(parts)


def _why(target: Target, said: openssh.Said) -> NotMeasuredError:
    # What ssh, sudo or Python complain of tells more than what a shell greets with.
    last = (said.complaint or said.text).rpartition("\n")[2]
    if said.ssh_failed:
        return NotMeasuredError(
            N_("Nobody could sign in at {host}: {reason}"), host=target.host, reason=last
        )
    return NotMeasuredError(
        N_("The look from inside ended without an answer: {reason}"), reason=last or said.code
    )
