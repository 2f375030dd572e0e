"""Which packets a host sent to strangers: everything outside the bench, by destination."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any

from tests.bench.network import TABLE
from tests.bench.process import run

SETS = ("port4", "port6", "other4", "other6")


@dataclass(frozen=True, order=True)
class Flow:
    """Packets from a host to one destination."""

    destination: str
    protocol: str
    port: int
    """0 where the protocol has none."""
    packets: int


class Packets:
    """The count for one host; it begins with the host, or with `start`."""

    def __init__(self, *sources: str) -> None:
        self.sources = sources

    def start(self) -> None:
        """Count from zero again."""
        lines = []
        for name in SETS:
            for words, _ in self._elements(name):
                element = " . ".join(str(word) for word in words)
                lines.append(f"delete element inet {TABLE} {name} {{ {element} }}")
        if lines:
            # One by one: an element may be gone by now, which would undo the others, too.
            for line in lines:
                run(["nft", line], check=False)

    def read(self) -> list[Flow]:
        """Return the flows to strangers since the start."""
        flows = []
        for name in SETS:
            for words, packets in self._elements(name):
                port = int(words[3]) if len(words) > 3 else 0
                flows.append(Flow(str(words[1]), _protocol(words[2]), port, packets))
        return sorted(flows)

    def _elements(self, name: str) -> list[tuple[list[Any], int]]:
        listing = run(["nft", "-j", "-n", "list", "set", "inet", TABLE, name]).stdout
        found = []
        for item in json.loads(listing)["nftables"]:
            for entry in item.get("set", {}).get("elem", []):
                words = entry["elem"]["val"]["concat"]
                if words[0] in self.sources:
                    found.append((words, entry["elem"]["counter"]["packets"]))
        return found


def _protocol(number: Any) -> str:
    names = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp", socket.IPPROTO_ICMP: "icmp"}
    names[socket.IPPROTO_ICMPV6] = "icmpv6"
    try:
        return names.get(int(number), str(number))
    except ValueError:
        return str(number)
