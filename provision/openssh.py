"""Signs in with OpenSSH, exactly as Ansible will: the technician's key, strict about host keys."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from provision.errors import ServerError
from provision.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from provision.settings import School

SECONDS = 60
# sshd says these in English whatever language the server speaks.
EXPIRED = re.compile(
    r"password has expired|password change required|change your password", re.IGNORECASE
)
_SSH_FAILED = 255


class Said(NamedTuple):
    """What a command on the server, or ssh itself, answered."""

    code: int
    text: str

    @property
    def ssh_failed(self) -> bool:
        """Return whether nobody could sign in."""
        return self.code == _SSH_FAILED


def wants_password_change(said: Said) -> bool:
    """Return whether the server does nothing before the account's password was changed."""
    return bool(EXPIRED.search(said.text))


def arguments(school: School, known_hosts: Path, identity: Path | None, command: str) -> list[str]:
    """Return the call of ssh that runs a command on the server; nobody is asked anything."""
    quoted = str(known_hosts.resolve()).replace("%", "%%")
    call = [
        *("ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
        *("-o", f'UserKnownHostsFile="{quoted}"', "-o", "HashKnownHosts=no"),
        # A connection that Ansible keeps open would prove nothing about the key.
        *("-o", "ControlPath=none", "-o", "ConnectTimeout=10"),
        *("-p", str(school.ssh_port), "-l", school.ssh_user),
    ]
    if identity:
        call += ["-i", str(identity.expanduser())]
    return [*call, "--", school.address, command]


def run(
    school: School, known_hosts: Path, identity: Path | None, command: str, text: str = ""
) -> Said:
    """Return what a command on the server says; nobody is asked anything."""
    try:
        done = subprocess.run(
            arguments(school, known_hosts, identity, command),
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=SECONDS,
        )
    except FileNotFoundError as error:
        raise _missing() from error
    except subprocess.TimeoutExpired:
        return Said(_SSH_FAILED, "timed out")
    return Said(done.returncode, (done.stdout + done.stderr).strip())


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
    """Return the standard output of a command that reads `text`, or else what ssh complained of.

    One that writes more than `limit` bytes, or runs longer, is cut off.
    """
    call = arguments(school, known_hosts, identity, command)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaint:
        given.write(text.encode())
        given.seek(0)
        try:
            process = subprocess.Popen(
                call, stdin=given, stdout=subprocess.PIPE, stderr=complaint, start_new_session=True
            )
        except FileNotFoundError as error:
            raise _missing() from error
        assert process.stdout
        clock = threading.Timer(seconds, process.kill)
        clock.start()
        try:
            said = process.stdout.read(limit)
        finally:
            clock.cancel()
            process.stdout.close()  # what writes on without end is ended by this
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
            process.kill()
            code = process.wait()
        complaint.seek(0)
        told = complaint.read(limit)
    if code < 0 and not said:
        return Said(_SSH_FAILED, "timed out")
    return Said(code, (said or told).decode(errors="replace").strip())


def _missing() -> ServerError:
    return ServerError(
        _("{program} is not installed on this computer.").format(program="ssh"),
        next="apt install openssh-client",
    )
