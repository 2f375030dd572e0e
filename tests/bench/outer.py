"""A public address in front of a host, and participants who know nothing else of it.

The host keeps its inner address, by which the technician comes; a router has the public one and
hands the service's ports on, as at providers with floating addresses.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.bench import network
from tests.bench.host import PREFIX
from tests.bench.machine import holder, inside
from tests.bench.process import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.chair import Chair
    from tests.bench.host import Host

PUBLIC = "203.0.114.7"
"""Looks like an address of the internet; no packet to it leaves this machine."""
ROUTER, NUMBER = "provision-outer", 198
OUTSIDE = "100.66.{number}"
"""Networks of participants; each has one of its own."""
PORTS = "tcp . 80, tcp . 443, tcp . 5349, udp . 3478, udp . 10000"
# Whoever comes from the host's own network would get the answer past the router.
RULES = """
table ip nat {{
  chain inward {{
    type nat hook prerouting priority dstnat
    ip daddr {public} meta l4proto . th dport {{ {ports} }} dnat to {host}
  }}
  chain outward {{
    type nat hook postrouting priority srcnat
    ip saddr {net} ct status dnat masquerade
  }}
}}
table ip closed {{
  chain forward {{
    type filter hook forward priority 0
    iifname "out*" ip daddr {net} ct status != dnat ct state new drop
  }}
}}
"""
NEW_NET = 0x40000000


@contextmanager
def public_address(host: Host, chair: Chair, people: int) -> Iterator[list[str]]:
    """Put a public address in front of a host; yield the namespaces of people outside."""
    netns = ["ip", "netns"]
    spaces = [f"{ROUTER}-{number}" for number in range(1, people + 1)]
    via = network.address(NUMBER)[0]
    with ExitStack() as stack:
        for name in (ROUTER, *spaces):
            run(inside([*netns, "delete", name]), check=False)
            run(inside([*netns, "add", name]))
            stack.callback(run, inside([*netns, "delete", name]), check=False)
        network.plug(ROUTER, NUMBER)
        router = inside([*netns, "exec", ROUTER])
        run([*router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
        run([*router, "ip", "address", "add", f"{PUBLIC}/32", "dev", "lo"])
        rules = RULES.format(public=PUBLIC, ports=PORTS, host=host.address, net=network.NET)
        run([*router, "nft", "-f", "-"], input=rules)
        for number, name in enumerate(spaces, 1):
            net = OUTSIDE.format(number=number)
            run([*router, "ip", "link", "add", f"out{number}", "type", "veth", "peer", "name",
                 "eth0", "netns", name])  # fmt: skip
            run([*router, "ip", "address", "add", f"{net}.1/24", "dev", f"out{number}"])
            run([*router, "ip", "link", "set", f"out{number}", "up"])
            person = inside(["ip", "-netns", name])
            run([*person, "address", "add", f"{net}.2/24", "dev", "eth0"])
            run([*person, "link", "set", "eth0", "up"])
            run([*person, "link", "set", "lo", "up"])
            run([*person, "route", "add", "default", "via", f"{net}.1"])
        back = ["route", "replace", OUTSIDE.format(number=0) + ".0/16", "via", via]
        run(inside(["ip", "-netns", PREFIX + host.name, *back]))
        there = ["ip", "route", "replace", f"{PUBLIC}/32", "via", via]
        run(there)
        stack.callback(run, ["ip", "route", "delete", f"{PUBLIC}/32"], check=False)
        chair.run(there)
        stack.callback(chair.run, ["ip", "route", "delete", f"{PUBLIC}/32"], check=False)
        yield spaces


@contextmanager
def standing(namespace: str) -> Iterator[None]:
    """Let this thread open connections from a namespace; those that are open stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        pid = holder().pid
        path = f"/proc/{pid}/root/run/netns/{namespace}" if pid else f"/run/netns/{namespace}"
        space = os.open(path, os.O_RDONLY)
        try:
            if libc.setns(space, NEW_NET):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(space)
        try:
            yield
        finally:
            if libc.setns(here, NEW_NET):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(here)
