"""Signs in with OpenSSH, exactly as Ansible will: the technician's key, strict about host keys."""

from __future__ import annotations

import re
import subprocess
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


def run(
    school: School, known_hosts: Path, identity: Path | None, command: str, text: str = ""
) -> Said:
    """Return what a command on the server says; nobody is asked anything."""
    quoted = str(known_hosts.resolve()).replace("%", "%%")
    arguments = [
        *("ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
        *("-o", f'UserKnownHostsFile="{quoted}"', "-o", "HashKnownHosts=no"),
        # A connection that Ansible keeps open would prove nothing about the key.
        *("-o", "ControlPath=none", "-o", "ConnectTimeout=10"),
        *("-p", str(school.ssh_port), "-l", school.ssh_user),
    ]
    if identity:
        arguments += ["-i", str(identity.expanduser())]
    try:
        done = subprocess.run(
            [*arguments, "--", school.address, command],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=SECONDS,
        )
    except FileNotFoundError as error:
        raise ServerError(
            _("{program} is not installed on this computer.").format(program="ssh"),
            next="apt install openssh-client",
        ) from error
    except subprocess.TimeoutExpired:
        return Said(_SSH_FAILED, "timed out")
    return Said(done.returncode, (done.stdout + done.stderr).strip())
