"""A VPN that ends on a host: the technician comes in through UDP port 51820 and an inner address.

The kernel's VXLAN stands for WireGuard, which the bench's kernel has not: both hold a UDP port that
belongs to no program, and answer at the port from which they were asked.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.chair import Chair
    from tests.bench.host import Host

PORT = 51820
PLAIN = "ip address add {here}/24 dev {name} && ip link set {name} up"
# Some programs keep their interface apart: only its UDP port is to be seen on the host itself.
APART = """ip netns add apart && ip link set {name} netns apart &&
ip link add inner type veth peer name inner netns apart &&
ip address add {here}/24 dev inner && ip link set inner up &&
ip -n apart link add bridge type bridge && ip -n apart link set {name} master bridge up &&
ip -n apart link set inner master bridge up && ip -n apart link set bridge up"""


@contextmanager
def vpn(host: Host, chair: Chair, *, apart: bool = False) -> Iterator[str]:
    """Lay a tunnel between a host and a chair; return the host's address in it."""
    chair.up()
    name, here, there = f"vpn{host.number}", f"10.66.{host.number}.1", f"10.66.{host.number}.2"
    make = (
        "ip link add {name} type vxlan id {number} local {own} remote {other} dstport {port} "
        "srcport {port} {next} && "
    )
    values = {"name": name, "number": host.number, "port": PORT, "next": PORT + 1}
    remove(host, chair)
    try:
        host.run(
            make.format(**values, own=host.address, other=chair.address)
            + (APART if apart else PLAIN).format(name=name, here=here)
        )
        chair.run(
            make.format(**values, own=chair.address, other=host.address)
            + PLAIN.format(name=name, here=there)
        )
        yield here
    finally:
        remove(host, chair)


def remove(host: Host, chair: Chair) -> None:
    """Take the tunnel away, if there is one."""
    name = f"vpn{host.number}"
    host.run("ip netns delete apart; ip link delete inner; ip link delete " + name, check=False)
    chair.run(f"ip link delete {name}", check=False)
