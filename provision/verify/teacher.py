"""A teacher's account on the school's server that lives no longer than one SSH session."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from provision.access import answers, host_keys, identity, openssh
from provision.access.connect import key_file
from provision.common import environment
from provision.messages.errors import ProvisionError
from provision.messages.i18n import N_
from provision.paths import playbooks
from provision.verify.evidence import NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provision.verify.target import Target

SECONDS = 60
"""How long the account lives at most."""
_SIGN_IN = 15.0
_FAREWELL = 10.0
_LARGEST = 65536
_START = "import sys; exec(sys.stdin.buffer.read(int(sys.argv[2])))"


@dataclass
class Account:
    """What the temporary teacher signs in with."""

    user: str
    password: str
    removed: bool = False
    """Whether the server confirmed, afterwards, that nothing of it is left."""

    def __repr__(self) -> str:
        """Return it without the password."""
        return f"Account({self.user!r})"


@contextmanager
def temporary_teacher(target: Target, seconds: int = SECONDS) -> Iterator[Account]:
    """Yield an account; when the context ends, however it ends, the server removes it.

    Raises NotMeasuredError where nobody can sign in over SSH, or Prosody's accounts are not there.
    """
    program = _program()
    try:
        process = subprocess.Popen(
            _call(target, len(program), seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment.ours(),
            # Ctrl-C goes to the program, which says goodbye; ssh must be there for that.
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise NotMeasuredError(
            N_("{program} is not installed on this computer."), program="ssh"
        ) from error
    try:
        _send(process, program)
        found = _line(process, _SIGN_IN)
        if "user" not in found:
            raise _no_account(process)
        account = Account(str(found["user"]), str(found["password"]))
        yield account
        _send(process, b"over\n")
        account.removed = _line(process, _FAREWELL).get("removed") is True
    finally:
        _end(process)


def _call(target: Target, size: int, seconds: int) -> list[str]:
    assert target.school is not None
    assert target.inventory is not None
    try:
        written = key_file(target.inventory, target.key)
        chosen = identity.named(written).path if written else None
    except ProvisionError as error:
        raise NotMeasuredError(str(error)) from error
    wish = json.dumps({"host": target.domain, "seconds": seconds, "mark": answers.MARK})
    command = shlex.join(["python3", "-c", _START, wish, str(size)])
    if target.school.ssh_user != "root":
        command = f"sudo -n -- {command}"
    known = target.inventory.parent / host_keys.FILE
    return openssh.arguments(target.school, known, chosen, command)


def _program() -> bytes:
    """Return the program with the one module that it needs, as one text."""
    store = playbooks() / "roles" / "deployment" / "module_utils" / "prosody_store.py"
    main = files("provision.verify").joinpath("temporary_account.py").read_text(encoding="utf-8")
    return (
        "import sys, types\n"
        "store = types.ModuleType('prosody_store')\n"
        f"exec({store.read_text(encoding='utf-8')!r}, store.__dict__)\n"
        "sys.modules['prosody_store'] = store\n"
        f"exec({main!r}, {{'__name__': '__main__'}})\n"
    ).encode()


def _send(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin
    with contextlib.suppress(BrokenPipeError):  # what ssh said tells more
        process.stdin.write(data)
        process.stdin.flush()


def _line(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    """Return the server's next answer, or nothing."""
    assert process.stdout
    descriptor, text = process.stdout.fileno(), b""
    end = time.monotonic() + seconds
    while (found := answers.find(text.rpartition(b"\n")[0])) is None and len(text) < _LARGEST:
        if not select.select([descriptor], [], [], max(0, end - time.monotonic()))[0]:
            break
        more = os.read(descriptor, _LARGEST)
        if not more:
            break
        text += more
    return found or {}


def _no_account(process: subprocess.Popen[bytes]) -> NotMeasuredError:
    """Return why there is no account."""
    _end(process)
    assert process.stderr
    said = process.stderr.read(_LARGEST).decode("utf-8", "replace").strip()
    if not said:
        return NotMeasuredError(N_("The server made no teacher's account over SSH in time."))
    return NotMeasuredError(
        N_("No teacher's account could be made over SSH: {reason}"),
        reason=said.rpartition("\n")[2],
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the session; the server notices by itself."""
    assert process.stdin
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
