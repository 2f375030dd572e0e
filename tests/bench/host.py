"""One Debian host on the bench: its addresses, commands in it, files to and from it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench import fingerprint, state
from tests.bench.errors import BenchError
from tests.bench.machine import container_pid, podman
from tests.bench.names import Names
from tests.bench.packets import Packets
from tests.bench.process import Completed, run, started_at, wait_until

PREFIX = "provision-bench-"
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


@dataclass
class Host:
    """A running host; made by Bench.host, never directly."""

    name: str
    release: str
    number: int
    address: str
    address6: str
    pid: int
    started: str
    seconds: float
    """How long it took until systemd was done and sshd answered."""
    memory: str | None = None
    """The limit of memory, if there is one."""
    born: float = 0
    """When it was made, in seconds since 1970."""

    @classmethod
    def load(cls, name: str) -> Host | None:
        """Return a host that runs already, or None."""
        known = state.read(record(name), None)
        if not known or "release" not in known:
            return None
        host = cls(**known)
        if started_at(host.pid) != host.started:
            if not container_pid(PREFIX + name):
                return None
            host.wait()  # it was booted again from within
        return host

    def save(self) -> None:
        """Remember the host for later calls from other processes."""
        state.write(record(self.name), asdict(self))

    @property
    def key(self) -> Path:
        """The private key that root accepts."""
        return state.directory() / "key" / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """A known_hosts file with the true keys of this host alone."""
        return state.directory() / "hosts" / f"{self.name}.known_hosts"

    @property
    def host_key(self) -> str:
        """The true ed25519 host key ("ssh-ed25519 AAAA…"), read inside, not over the network."""
        text = self.run(["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout
        return " ".join(text.split()[:2])

    @property
    def ssh_args(self) -> list[str]:
        """Arguments for ssh and scp, strict about the host key, without the destination."""
        return [
            *("-F", "none", "-i", str(self.key)),
            *("-o", f"UserKnownHostsFile={self.known_hosts}"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"),
            *("-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=10"),
        ]

    @property
    def packets(self) -> Packets:
        """The count of packets to strangers, since the host's creation or `.start()`."""
        return Packets(self.address, self.address6)

    def questions(self, *, since: float | None = None) -> list[str]:
        """Return "TYPE name" of what the host asked the name server since it was made."""
        asked: list[str] = []
        for address in (self.address, self.address6):
            asked += Names().asked_by(address, since=self.born if since is None else since)
        return asked

    def state(self) -> dict[str, str]:
        """Return configuration, units and accounts, by path or "unit NAME"."""
        return fingerprint.state(self)

    def state_hash(self) -> str:
        """Return one checksum over `state()`; equal means that nothing was changed."""
        return fingerprint.digest(self.state())

    def enter(self, command: str | list[str]) -> list[str]:
        """Return the command line that runs a command inside, without any network."""
        words = ["sh", "-c", command] if isinstance(command, str) else command
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root"]
        return ["nsenter", f"--target={self.pid}", *spaces, "--", *words]

    def run(
        self,
        command: str | list[str],
        *,
        check: bool = True,
        input: str | None = None,  # noqa: A002 - as in subprocess.run
        timeout: float = 900,
    ) -> Completed:
        """Return the finished command (text goes to `sh -c`); raise BenchError if it failed."""
        return run(self.enter(command), check=check, input=input, timeout=timeout, env=ENVIRONMENT)

    def ssh(self, command: str, *, check: bool = True) -> Completed:
        """Return a command that was run over SSH from this machine."""
        return run(["ssh", *self.ssh_args, f"root@{self.address}", command], check=check)

    def put(self, source: str | Path, target: str, *, mode: str = "0644") -> None:
        """Copy a file of this machine into the host, owned by root."""
        self.write(target, Path(source).read_bytes(), mode=mode)

    def write(self, target: str, content: str | bytes, *, mode: str = "0644") -> None:
        """Make a file in the host, with the directories above it."""
        data = content.encode() if isinstance(content, str) else content
        script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"'
        command = self.enter(["sh", "-c", script, "sh", target, mode])
        done = subprocess.run(
            command, input=data, capture_output=True, check=False, env=ENVIRONMENT
        )
        if done.returncode:
            raise BenchError(f"{target} in {self.name}: {done.stderr.decode()}")

    def allow_updates(self) -> str:
        """Let the host update by itself, as a rented server does; return the file that says so."""
        path = "/etc/apt/apt.conf.d/99proof"
        self.write(path, 'APT::Periodic::Enable "1";\n')
        return path

    def get(self, source: str, target: str | Path) -> Path:
        """Copy a file of the host to this machine; return where it is now."""
        Path(target).write_bytes(self.read(source))
        return Path(target)

    def read(self, source: str) -> bytes:
        """Return a file's content."""
        done = subprocess.run(
            self.enter(["cat", source]), capture_output=True, check=False, env=ENVIRONMENT
        )
        if done.returncode:
            raise BenchError(f"{source} in {self.name}: {done.stderr.decode()}")
        return done.stdout

    def restart(self) -> None:
        """Boot the host again, as the provider's panel does."""
        podman("restart", "--time=20", PREFIX + self.name)
        self.wait()

    def wait(self, seconds: float = 90) -> None:
        """Return when systemd has finished booting and sshd answers; remember the new pid."""
        self.pid = container_pid(PREFIX + self.name) or 0
        self.started = started_at(self.pid) or "" if self.pid else ""
        if not self.started:
            logs = podman("logs", "--tail=20", PREFIX + self.name, check=False)
            raise BenchError(f"{self.name} does not run: {logs.stdout}{logs.stderr}")
        probe = (
            "s=$(systemctl is-system-running 2>/dev/null); "
            "case $s in running|degraded) ss -Hltn 'sport = :22' | grep -q . ;; *) false ;; esac"
        )
        if not wait_until(lambda: not self.run(probe, check=False).returncode, seconds=seconds):
            jobs = self.run("systemctl is-system-running; systemctl list-jobs", check=False)
            raise BenchError(f"{self.name} is not up after {seconds} s:\n{jobs.stdout}")
        if self.memory:
            self._show_memory(self.memory)
        if record(self.name).exists():
            self.save()

    def _show_memory(self, limit: str) -> None:
        """Let /proc/meminfo tell of the limit, as it would on a small rented server."""
        units = {"K": 1, "M": 1024, "G": 1024**2}
        kilobytes = int(limit[:-1]) * units[limit[-1].upper()]
        self.run(
            'awk -v m=$0 \'/^(MemTotal|MemFree|MemAvailable):/ { $2 = $1 == "MemTotal:" ? m :'
            " int(m * 0.9) } { print $1, $2, $3 }' /proc/meminfo > /run/bench-meminfo"
            " && mount --bind /run/bench-meminfo /proc/meminfo".replace("$0", str(kilobytes))
        )

    def journal_starts(self, units: list[str] | None = None) -> dict[str, int]:
        """Return how often each unit (default: every one) was started since the host booted."""
        start_finished = "39f53479d3a045ac8e11786248231fbf"
        lines = self.run(
            ["journalctl", "--boot", "--output=json", "_PID=1", f"MESSAGE_ID={start_finished}"]
        ).stdout.splitlines()
        counts = dict.fromkeys(units or [], 0)
        for entry in map(json.loads, lines):
            unit = entry.get("UNIT", "")
            if entry.get("JOB_RESULT") == "done" and (units is None or unit in counts):
                counts[unit] = counts.get(unit, 0) + 1
        return counts


def record(name: str) -> Path:
    """Return the file that remembers a host."""
    return state.directory() / "hosts" / f"{name}.json"
