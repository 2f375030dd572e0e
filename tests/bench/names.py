"""The test zone: records that can be set and removed while everything runs."""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import network, state
from tests.bench.errors import BenchError
from tests.bench.process import Daemon, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

ZONE = "school.test"
SERVER = Path(__file__).parent / "daemons" / "names.py"
TYPES = ("A", "AAAA", "CAA", "CNAME", "TXT")


class Names:
    """The name server of the bench and its records."""

    def __init__(self) -> None:
        self.file = state.directory() / "names.json"
        self.log = state.directory() / "log" / "queries.log"
        self.daemon = Daemon("names", state.directory())

    def up(self) -> None:
        """Start the server (a record can be set before that, too)."""
        if not self.file.exists():
            state.write(self.file, {"zone": ZONE, "names": {}})
        self.log.parent.mkdir(parents=True, exist_ok=True)
        where = [network.GATEWAY, network.GATEWAY6]
        self.daemon.start([sys.executable, str(SERVER), str(self.file), str(self.log), *where])
        if not wait_until(self._answers, seconds=10, every=0.02):
            raise BenchError(f"the name server does not answer:\n{self.daemon.tail()}")

    def _answers(self) -> bool:
        name = b"\6school\4test\0"
        packet = struct.pack("!HHHHHH", 1, 0x100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            try:
                sock.sendto(packet, (network.GATEWAY, 53))
                return bool(sock.recv(512))
            except OSError:
                return False

    def set(self, name: str, kind: str, *values: str) -> None:
        """Give a name these values of one record type, instead of those it had."""
        if kind not in TYPES:
            raise BenchError(f"record type {kind} is unknown; there are {', '.join(TYPES)}")

        def change(names: dict[str, dict[str, list[str]]]) -> None:
            names.setdefault(_plain(name), {})[kind] = list(values)

        self._change(change)

    def remove(self, name: str, kind: str | None = None) -> None:
        """Remove a name's records of one type, or the whole name."""

        def change(names: dict[str, dict[str, list[str]]]) -> None:
            kinds = names.get(_plain(name), {})
            if kind:
                kinds.pop(kind, None)
            if not kind or not kinds:
                names.pop(_plain(name), None)

        self._change(change)

    def all(self) -> dict[str, dict[str, list[str]]]:
        """Return every record that was set: name, type, values."""
        known: dict[str, Any] = state.read(self.file, {"names": {}})
        return dict(known["names"])

    def asked_by(self, address: str, *, since: float = 0) -> list[str]:
        """Return "TYPE name" of every question from an address since a moment, oldest first."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        words = [line.split(" ", 3) for line in lines]
        return [
            f"{kind} {name}"
            for moment, client, kind, name in words
            if client == address and float(moment) >= since
        ]

    def _change(self, change: Callable[[dict[str, dict[str, list[str]]]], None]) -> None:
        with state.lock("names.lock"):
            names = self.all()
            change(names)
            state.write(self.file, {"zone": ZONE, "names": names})


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
