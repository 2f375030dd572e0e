"""A technician without anything: no key, no known_hosts, only what the provider told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pexpect
import yaml

if TYPE_CHECKING:
    from tests.bench import Host
    from tests.bench.chair import Chair

KEY = "nord"
PASSWORD = "first-pass-42"
SSHD = "/etc/ssh/sshd_config.d/10-test.conf"


class Seen(NamedTuple):
    """The exit code and both streams."""

    code: int
    out: str
    err: str


@dataclass
class Technician:
    """A directory with inventory.yml and a home of its own."""

    folder: Path
    host: Host
    settings: dict[str, Any] = field(default_factory=dict)
    chair: Chair | None = None
    """From where; here, whose name server need not know the bench's names, if it is not said."""
    agent: Path | None = None
    """The socket of an ssh-agent, if there is one."""

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.home.mkdir()
        self.known_hosts = self.folder / "known_hosts"
        self.write()

    def write(self, **settings: Any) -> None:
        """Write inventory.yml; what the program itself has written into it stays."""
        self.settings |= settings
        school = {
            "address": self.host.address,
            "domain": "meet.nord.school.test",
            "school": "Gymnasium Nord",
            "contact": "it@nord.example.org",
        }
        file = self.folder / "inventory.yml"
        if file.exists():
            school |= yaml.safe_load(file.read_text())["schools"]["hosts"][KEY]
        data = {"schools": {"hosts": {KEY: school | self.settings}}}
        file.write_text(yaml.safe_dump(data, sort_keys=False))

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of whoever runs the tests, above all no agent."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
        } | ({"SSH_AUTH_SOCK": str(self.agent)} if self.agent else {})

    def command(self, *arguments: str) -> list[str]:
        """Return the program's command line."""
        line = [sys.executable, "-m", "provision.cli", *arguments]
        return self.chair.command(line, cwd=self.folder) if self.chair else line

    def run(self, *arguments: str, password: str | None = None, verb: str = "connect") -> Seen:
        """Run a verb without a terminal; a password comes through a pipe.

        Meanwhile every command line of this machine, and so of the host, is read.
        """
        more = ["--password-fd", "0"] if password else []
        program = subprocess.Popen(
            self.command(verb, KEY, *arguments, *more),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE if password else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if program.stdin and password:
            program.stdin.write(f"{password}\n")
            program.stdin.close()
            program.stdin = None
        while password and program.poll() is None:
            lines = command_lines()
            assert lines
            assert password not in lines
            time.sleep(0.02)
        out, err = program.communicate(timeout=120)
        if password:
            assert password not in out + err
        return Seen(program.returncode, out, err)

    def at_a_terminal(self, *arguments: str) -> pexpect.spawn[str]:
        """Start a verb as a person does."""
        first, *others = self.command(*arguments)
        program = pexpect.spawn(
            first,
            others,
            cwd=str(self.folder),
            env=self.environment,
            encoding="utf-8",
            dimensions=(50, 100),
            timeout=30,
        )
        program.delaybeforesend = None
        return program

    def state(self) -> dict[str, bytes]:
        """Return every file of the technician."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files}


def command_lines() -> str:
    """Return the command lines and environments of everything that runs."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                found.append((process / name).read_bytes())
            except OSError:
                continue
    return b"\n".join(found).decode(errors="replace")


def fingerprint(host: Host, kind: str = "ed25519", form: str = "sha256") -> str:
    """Return what the provider shows: read inside the host, not over the network."""
    command = ["ssh-keygen", "-l", "-E", form, "-f", f"/etc/ssh/ssh_host_{kind}_key.pub"]
    return host.run(command).stdout.split()[1]


def sshd(host: Host, *lines: str) -> None:
    """Give the SSH server these settings and restart it."""
    host.write(SSHD, "".join(f"{line}\n" for line in lines))
    host.run("systemctl reset-failed ssh; systemctl restart ssh")


def as_rented(host: Host) -> None:
    """Make of a host what a provider hands over: a password for root, and no key."""
    host.run(
        "rm -rf /root/.ssh; pkill -KILL -u technik; userdel -rf technik; "
        "rm -f /etc/sudoers.d/provision",
        check=False,
    )
    set_password(host, "root", PASSWORD)
    # Debian 13's own penalties for failed sign-ins stay on; a restart forgets who has earned some.
    sshd(host, "PermitRootLogin yes", "PasswordAuthentication yes")


def set_password(host: Host, user: str, password: str) -> None:
    """Set a password; it never stands in a command line."""
    host.run(["chpasswd"], input=f"{user}:{password}\n")


def new_host_keys(host: Host) -> None:
    """Change the server behind the address for another one."""
    host.run("rm /etc/ssh/ssh_host_*; ssh-keygen -q -A")
    host.run("systemctl reset-failed ssh; systemctl restart ssh")
