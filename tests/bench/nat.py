"""A router in front of a host: the host has a private address, and people reach the router's."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bench import network
from tests.bench.host import PREFIX
from tests.bench.machine import inside
from tests.bench.process import run, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.host import Host

ROUTER = "provision-router"
NUMBER = 199
"""The router's place on the bench; there is one router only."""
PRIVATE, GATEWAY = "10.92.0.2", "10.92.0.1"
RULES = """
table ip nat {{
  chain inward {{ type nat hook prerouting priority dstnat; iifname "eth0" {match} dnat to {to}; }}
  chain outward {{ type nat hook postrouting priority srcnat; oifname "eth0" masquerade; }}
}}
"""


@contextmanager
def router(host: Host, *ports: str) -> Iterator[str]:
    """Put a host behind a router for a while; return the router's address.

    `ports` are what the router forwards, as nftables writes a set of "tcp . 22".
    """
    netns = ["ip", "netns"]
    match = "meta l4proto . th dport { " + ", ".join(ports) + " }"
    host_space = PREFIX + host.name
    run(inside([*netns, "delete", ROUTER]), check=False)
    run(inside([*netns, "add", ROUTER]))
    try:
        network.plug(ROUTER, NUMBER)
        _batch(
            host_space, "link set eth0 down", f"link add eth1 type veth peer name in netns {ROUTER}"
        )
        _batch(
            host_space,
            f"address add {PRIVATE}/24 dev eth1",
            "link set eth1 up",
            f"route add default via {GATEWAY}",
        )
        _batch(ROUTER, f"address add {GATEWAY}/24 dev in", "link set in up")
        within = inside([*netns, "exec", ROUTER])
        run([*within, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
        run([*within, "nft", "-f", "-"], input=RULES.format(match=match, to=PRIVATE))
        yield network.address(NUMBER)[0]
    finally:
        run(inside([*netns, "delete", ROUTER]), check=False)
        _batch(host_space, "link delete eth1", check=False)
        _batch(
            host_space,
            "link set eth0 up",
            f"address replace {host.address6}/64 dev eth0 nodad",
            f"route replace default via {network.GATEWAY}",
            f"route replace default via {network.GATEWAY6}",
        )


@contextmanager
def web_server(port: int) -> Iterator[None]:
    """Let the router itself answer at a port, as a proxy does."""
    serve = [sys.executable, "-m", "http.server", str(port)]
    program = subprocess.Popen(
        inside(["ip", "netns", "exec", ROUTER, *serve]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    listing = inside(["ip", "netns", "exec", ROUTER, "ss", "-Hltn", f"sport = :{port}"])
    try:
        assert wait_until(lambda: run(listing).stdout, seconds=10)
        yield
    finally:
        program.terminate()
        program.wait()


def _batch(namespace: str, *commands: Sequence[str] | str, check: bool = True) -> None:
    text = "".join(f"{command}\n" for command in commands)
    run(inside(["ip", "-netns", namespace, "-batch", "-"]), input=text, check=check)
