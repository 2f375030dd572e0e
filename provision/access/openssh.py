"""Signs in with OpenSSH, exactly as Ansible will: the technician's key, strict about host keys."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from provision.access import host_keys, own_way
from provision.common import bounded, limits
from provision.messages.errors import ServerError
from provision.messages.i18n import _

if TYPE_CHECKING:
    from provision.settings.table import School

# sshd says these in English whatever language the server speaks.
EXPIRED = re.compile(
    r"password has expired|password change required|change your password", re.IGNORECASE
)
_SSH_FAILED = 255


class Said(NamedTuple):
    """What a command on the server, or ssh itself, answered."""

    code: int
    text: str
    complaint: str = ""
    """The error stream, where that was kept apart."""

    @property
    def ssh_failed(self) -> bool:
        """Return whether nobody could sign in."""
        return self.code == _SSH_FAILED


def wants_password_change(said: Said) -> bool:
    """Return whether the server does nothing before the account's password was changed."""
    return bool(EXPIRED.search(said.text))


def arguments(school: School, known_hosts: Path, identity: Path | None, command: str) -> list[str]:
    """Return the call of ssh that runs a command on the server; nobody is asked anything."""
    host_keys.refuse_odd(known_hosts)
    quoted = str(known_hosts.resolve()).replace("%", "%%")
    call = [
        *("ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
        *("-o", f'UserKnownHostsFile="{quoted}"', "-o", "HashKnownHosts=no"),
        # A connection that Ansible keeps open would prove nothing about the key.
        *("-o", "ControlPath=none", "-o", "ConnectTimeout=10"),
        *own_way.quietly(),
        *("-p", str(school.ssh_port), "-l", school.ssh_user),
    ]
    if identity:
        call += ["-i", str(identity.expanduser())]
    return [*call, "--", school.address, command]


def run(
    school: School, known_hosts: Path, identity: Path | None, command: str, text: str = ""
) -> Said:
    """Return what a command on the server says; nobody is asked anything.

    Raises ServerError where it says far too much.
    """
    done = _finished(
        arguments(school, known_hosts, identity, command),
        text,
        seconds=limits.SSH_SECONDS,
        limit=limits.SSH_ANSWER,
    )
    if done.endless:
        raise endless()
    if done.late:
        return Said(_SSH_FAILED, "timed out")
    return Said(done.code, (done.out + done.err).decode(errors="replace").strip())


def read(
    school: School,
    known_hosts: Path,
    identity: Path | None,
    command: str,
    text: str,
    *,
    seconds: float,
    limit: int,
) -> Said:
    """Return the standard output of a command that reads `text`, and apart what was complained of.

    One that writes more than `limit` bytes, or runs longer, is cut off.
    """
    call = arguments(school, known_hosts, identity, command)
    done = _finished(call, text, seconds=seconds, limit=limit)
    if done.late and not done.out:
        return Said(_SSH_FAILED, "timed out")
    out, complaint = (said.decode(errors="replace").strip() for said in (done.out, done.err))
    return Said(done.code, out, complaint)


def drop_kept(school: School) -> None:
    """End the connection that Ansible keeps open, whose session remembers what was refused."""
    place = f"{school.address}-{school.ssh_port}-{school.ssh_user}"
    # As Ansible names it; its environment is ours, so it has no other folder.
    name = hashlib.sha1(place.encode(), usedforsecurity=False).hexdigest()[:10]
    path = Path.home() / ".ansible" / "cp" / name
    if path.exists():
        call = ["ssh", "-o", f'ControlPath="{path}"', "-O", "exit", "--", school.address]
        _finished(call, "", seconds=limits.SSH_SECONDS, limit=limits.SSH_ANSWER)


def endless() -> ServerError:
    """Return the error for a server that says far more than anybody asked."""
    return ServerError(
        _("The server sends without end."),
        _("What it sent was thrown away."),
        _("check `address` in inventory.yml; if it is right, somebody has changed this server"),
    )


def _finished(call: list[str], text: str, *, seconds: float, limit: int) -> bounded.Finished:
    try:
        return bounded.run(call, text, seconds=seconds, limit=limit)
    except FileNotFoundError as error:
        raise _missing() from error


def _missing() -> ServerError:
    return ServerError(
        _("{program} is not installed on this computer.").format(program="ssh"),
        next="apt install openssh-client",
    )
