"""What can be wrong with a server, for a while."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.bench import network
from tests.bench.process import run, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Bench, Host
    from tests.bench.chair import Chair

STATUS = "/var/lib/dpkg/status"
PACKAGE = (
    "\nPackage: {name}\nStatus: install ok installed\nMaintainer: nobody\n"
    "Architecture: all\nVersion: 1\nDescription: somebody else's\n"
)


@contextmanager
def file(host: Host, path: str, text: str | None) -> Iterator[None]:
    """Give a file another content, or none."""
    there = host.run(["cat", path], check=False)
    if text is None:
        host.run(["rm", path])
    else:
        host.write(path, text)
    try:
        yield
    finally:
        if there.returncode:
            host.run(["rm", "-f", path])
        else:
            host.write(path, there.stdout)


@contextmanager
def package(host: Host, name: str) -> Iterator[None]:
    """Let dpkg believe that a package is there."""
    with file(host, STATUS, host.read(STATUS).decode() + PACKAGE.format(name=name)):
        yield


@contextmanager
def small_memory(host: Host, kilobytes: int) -> Iterator[None]:
    """Let the kernel tell of less memory, as on a small rented server."""
    text = host.run(["sed", f"s/^MemTotal:.*/MemTotal: {kilobytes} kB/", "/proc/meminfo"]).stdout
    host.write("/run/meminfo", text)
    host.run("mount --bind /run/meminfo /proc/meminfo")
    try:
        yield
    finally:
        host.run("umount /proc/meminfo && rm /run/meminfo")


@contextmanager
def public_address(host: Host, chair: Chair, address: str) -> Iterator[None]:
    """Give a host one more address, which looks like one of the internet, and a chair its way."""
    host.run(["ip", "address", "add", f"{address}/32", "dev", "eth0"])
    chair.run(["ip", "route", "replace", f"{address}/32", "via", host.address])
    try:
        yield
    finally:
        chair.run(["ip", "route", "delete", f"{address}/32"], check=False)
        host.run(["ip", "address", "delete", f"{address}/32", "dev", "eth0"], check=False)


@contextmanager
def providers_firewall(host: Host, rule: str) -> Iterator[None]:
    """Drop packets on their way to a host, outside of it; `rule` is the end of nftables' rule."""
    table = f"firewall_{host.number}"
    run(
        ["nft", "-f", "-"],
        input=f"table bridge {table} {{ chain way {{ type filter hook forward priority 0; "
        f'oifname "pbench{host.number}" {rule}; }};}}',
    )
    try:
        yield
    finally:
        run(["nft", "delete", "table", "bridge", table])


@contextmanager
def own_firewall(host: Host, rule: str) -> Iterator[None]:
    """Give the host's own firewall a rule."""
    host.run(
        ["nft", "-f", "-"],
        input=f"table inet own {{ chain input {{ type filter hook input priority 0; {rule}; }};}}",
    )
    try:
        yield
    finally:
        host.run(["nft", "delete", "table", "inet", "own"])


@contextmanager
def records(bench: Bench, name: str, **kinds: list[str] | None) -> Iterator[None]:
    """Give a name other records for a while; None removes those of a type."""
    before = bench.names.all().get(name, {})
    for kind, values in kinds.items():
        if values is None:
            bench.names.remove(name, kind)
        else:
            bench.names.set(name, kind, *values)
    try:
        yield
    finally:
        bench.names.remove(name)
        for kind, values in before.items():
            bench.names.set(name, kind, *values)


def answers(host: str, port: int) -> bool:
    """Return whether somebody accepts a connection."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


@contextmanager
def web_server(bench: Bench, host: str, port: int, *prefix: str) -> Iterator[str]:
    """Serve the bench's packages at another address, or at another time; return the URL."""
    program = subprocess.Popen(
        [*prefix, sys.executable, "-m", "http.server", str(port), "--bind", host,
         "--directory", bench.packages.directory],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,  # faketime starts it as a child
    )  # fmt: skip
    shown = f"[{host}]" if ":" in host else host
    try:
        assert wait_until(lambda: answers(host, port), seconds=10)
        yield f"http://{shown}:{port}"
    finally:
        os.killpg(program.pid, signal.SIGTERM)
        program.wait()


MUTE = """
import socket, time
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as bridge:
    bridge.bind(("::", 10000))
    time.sleep(600)
"""


@contextmanager
def mute_bridge(host: Host) -> Iterator[None]:
    """Let a program have the bridge's port in the bridge's service, and say nothing there."""
    host.run(["systemd-run", "--unit=jitsi-videobridge2", "python3", "-c", MUTE])
    host.run("until ss -Hlun sport = :10000 | grep -q .; do sleep 0.05; done", timeout=20)
    try:
        yield
    finally:
        host.run("systemctl stop jitsi-videobridge2")


@contextmanager
def only_ipv6(host: Host) -> Iterator[None]:
    """Take a host's IPv4 address away."""
    host.run("ip -4 address flush dev eth0")
    try:
        yield
    finally:
        host.run(
            f"ip address replace {host.address}/24 dev eth0; "
            f"ip route replace default via {network.GATEWAY}"
        )
