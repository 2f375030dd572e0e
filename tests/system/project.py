"""A technician's directory on this machine, and the program run in it as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench import Host

PROGRAMS = Path(sys.executable).parent
PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
KEY = "gymnasium-nord"
"""What the school is called in inventory.yml."""


class Done(NamedTuple):
    """What a command left behind: its exit code and both streams, complete."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object in the last line of the result."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


class Agent:
    """An ssh-agent that holds one key, as on a technician's computer."""

    def __init__(self, folder: Path, key: Path | None) -> None:
        self.socket = folder / "agent"
        self.process = subprocess.Popen(
            ["ssh-agent", "-D", "-a", str(self.socket)], stdout=subprocess.DEVNULL
        )
        while not self.socket.exists():
            assert self.process.poll() is None, "ssh-agent does not start"
        if key:
            environment = os.environ | {"SSH_AUTH_SOCK": str(self.socket)}
            subprocess.run(["ssh-add", "-q", str(key)], env=environment, check=True)

    def stop(self) -> None:
        """End it; keys go with it."""
        self.process.terminate()
        self.process.wait()


@dataclass
class Project:
    """inventory.yml with one school, known_hosts with its server's true key, and a home."""

    folder: Path
    host: Host
    agent: Agent
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "home").mkdir(parents=True)
        self.write(**self.settings)
        self.trust(f"{self.host.address} {self.host.host_key}")

    @property
    def domain(self) -> str:
        """The school's host name."""
        domain: str = self.settings["domain"]
        return domain

    def write(self, **settings: Any) -> None:
        """Write the school's settings; those of before stay where nothing else is said."""
        self.settings |= settings
        school = {KEY: self.settings}
        text = yaml.safe_dump({"schools": {"hosts": school}}, allow_unicode=True, sort_keys=False)
        (self.folder / "inventory.yml").write_text(text)

    def trust(self, line: str) -> None:
        """Write known_hosts."""
        (self.folder / "known_hosts").write_text(f"{line}\n" if line else "")

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of whoever runs the tests but the path."""
        return {
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            # ssh's control sockets are in here: no connection of another project is used again.
            "HOME": str(self.folder / "home"),
            "LANG": "en_GB.UTF-8",
            "SSH_AUTH_SOCK": str(self.agent.socket),
        }

    def start(self, command: Sequence[str]) -> subprocess.Popen[str]:
        """Return the command, begun; its process group is its own, as at a terminal."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, seconds: float = 600) -> Done:
        """Return `provision` with these arguments, finished."""
        return finish(self.start(["provision", *arguments]), seconds)

    def playbook(self, *arguments: str, name: str = "deploy") -> Done:
        """Return plain `ansible-playbook` with these arguments, finished."""
        # The program itself copes with a locale that is not installed; Ansible does not.
        command = ["env", "LC_ALL=C.UTF-8", "ansible-playbook", "-i", "inventory.yml"]
        return finish(self.start([*command, str(PLAYBOOKS / f"{name}.yml"), *arguments]), 600)


def finish(process: subprocess.Popen[str], seconds: float) -> Done:
    """Return the command when it has ended; one that does not is killed and fails the test."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"no end after {seconds} s:\n{out}{err}") from None
    return Done(process.returncode, out, err)
