"""The technician's chair: a place on the bench to run the program from, as slow as wanted."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from tests.bench import network, state
from tests.bench.errors import BenchError
from tests.bench.process import Completed, Daemon, run, wait_until

NUMBERS = range(200, 250)
INSIDE = "PROVISION_BENCH_CHAIR"
"""Set for commands in a chair: from there the bench cannot be changed."""

WIRE = Path(__file__).parent / "daemons" / "wire.py"
# The machine's files, but our name server; `resolve` and the like would ask another one.
SIT = (
    "mount --make-rprivate / && "
    'mount --bind {folder}/resolv.conf "$(readlink -f /etc/resolv.conf)" && '
    'mount --bind {folder}/nsswitch.conf "$(readlink -f /etc/nsswitch.conf)" && '
    "touch {folder}/ready && exec sleep infinity"
)


class Chair:
    """A network namespace, known by its one-way delay (milliseconds) and loss (percent)."""

    def __init__(self, delay: float = 0, loss: float = 0) -> None:
        self.delay, self.loss = delay, loss
        key = f"{delay:g}ms-{loss:g}"
        self.folder = state.directory() / "chairs" / key
        self.daemon = Daemon(f"chair-{key}", state.directory())
        self.wire = Daemon(f"wire-{key}", state.directory())

    def up(self) -> None:
        """Put the chair there unless it stands already."""
        with state.lock():
            alive = self.daemon.pid and (self.wire.pid or not self._slow)
            if alive and (self.folder / "address").exists():
                return
            self.down()
            number = self._number()
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "resolv.conf").write_text(f"nameserver {network.GATEWAY}\n")
            (self.folder / "nsswitch.conf").write_text(_plain_nsswitch())
            sit = SIT.format(folder=self.folder)
            pid = self.daemon.start(["unshare", "--net", "--mount", "sh", "-c", sit])
            if not wait_until((self.folder / "ready").exists, seconds=5):
                raise BenchError(f"no network namespace for the chair:\n{self.daemon.tail()}")
            if self._slow:
                self._lay_wire(pid, number)
            network.plug(pid, number, link=not self._slow)
            (self.folder / "address").write_text(network.address(number)[0])

    @property
    def address(self) -> str:
        """The IPv4 address that hosts see."""
        return (self.folder / "address").read_text()

    @property
    def _slow(self) -> bool:
        return bool(self.delay or self.loss)

    def _number(self) -> int:
        files = (state.directory() / "chairs").glob("*/address")
        taken = {int(file.read_text().rpartition(".")[2]) for file in files}
        return next(number for number in NUMBERS if number not in taken)

    def _lay_wire(self, pid: int, number: int) -> None:
        near, far = f"pbench{number}", f"pbench{number}f"
        self.wire.start([sys.executable, str(WIRE), near, far, str(self.delay), str(self.loss)])
        links = Path("/sys/class/net")
        if not wait_until(lambda: (links / near).exists() and (links / far).exists(), seconds=5):
            raise BenchError(f"no slow cable for the chair:\n{self.wire.tail()}")
        run(["ip", "link", "set", near, "master", network.BRIDGE, "up"])
        run(["ip", "link", "set", far, "netns", str(pid), "name", "eth0"])

    def down(self) -> None:
        """Remove the chair."""
        self.wire.stop()
        self.daemon.stop()
        for name in ("ready", "address"):
            (self.folder / name).unlink(missing_ok=True)

    def command(self, command: list[str], *, cwd: str | Path | None = None) -> list[str]:
        """Return the command line that runs a command in the chair, in this directory."""
        self.up()
        change = 'cd "$1" && shift && exec "$@"'
        enter = ["nsenter", f"--target={self.daemon.pid}", "--net", "--mount", "--"]
        shell = ["env", f"{INSIDE}=1", "sh", "-c", change, "sh", str(cwd or Path.cwd())]
        return [*enter, *shell, *command]

    def run(
        self,
        command: str | list[str],
        *,
        check: bool = True,
        env: dict[str, str] | None = None,
        cwd: str | Path | None = None,
        input: str | None = None,  # noqa: A002 - as in subprocess.run
        timeout: float = 900,
    ) -> Completed:
        """Return the finished command (text goes to `sh -c`)."""
        words = ["sh", "-c", command] if isinstance(command, str) else command
        line = self.command(words, cwd=cwd)
        return run(line, check=check, env=env, input=input, timeout=timeout)


def all_chairs() -> list[Chair]:
    """Return every chair that was ever put there."""
    chairs = []
    for folder in (state.directory() / "chairs").glob("*ms-*"):
        delay, _, loss = folder.name.partition("ms-")
        chairs.append(Chair(float(delay), float(loss)))
    return chairs


def milliseconds(text: str) -> float:
    """Return the number in "15ms" or "15"."""
    return float(text.removesuffix("ms"))


def refuse_inside() -> None:
    """Raise when called from within a chair, where network changes would go astray."""
    if os.environ.get(INSIDE):
        raise BenchError("the bench can only be changed from outside the chair")


def _plain_nsswitch() -> str:
    path = Path("/etc/nsswitch.conf")
    text = path.read_text() if path.exists() else "hosts: files dns\n"
    return re.sub(r"(?m)^hosts:.*$", "hosts: files dns", text)
