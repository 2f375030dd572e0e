"""SSH that comes through a VPN on the server itself: nobody is shut out when it falls silent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.bench.vpn import vpn
from tests.system.check.desk import Desk
from tests.system.project import KEY, finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Bench, Host
    from tests.system.school import School

UNPROTECTED = "nft delete table inet jitsi_provision; rm -f /var/lib/jitsi-provision/firewall.nft"
SETTING = "`open_ports: [51820/udp]`"
BEFORE = (
    "You sign in through the tunnel {} (vxlan), and the firewall would close its port 51820/udp: "
    "nobody would come in any more."
)


@pytest.fixture(params=["school", "school12"])
def through(request: pytest.FixtureRequest) -> School:
    """A deployed school on each release."""
    school: School = request.getfixturevalue(request.param)
    return school


@contextmanager
def technician(bench: Bench, school: School, *, apart: bool) -> Iterator[Desk]:
    """Sit at a desk from which the server is reached through a VPN, before it has a firewall."""
    host, project, chair = school.host, school.project, bench.chair()
    known = project.folder / "known_hosts"
    before = known.read_text()
    with vpn(host, chair, apart=apart) as inner:
        try:
            host.run(UNPROTECTED)
            known.write_text(f"{before}{inner} {host.host_key}\n")
            project.write(address=inner, open_ports=[])
            yield Desk(chair, project)
        finally:
            project.settings.pop("open_ports")
            project.write(address=host.address)
            known.write_text(before)
            host.run("nft delete table inet jitsi_provision_trial", check=False)
            assert project.run("deploy").code == 0


def forgotten(host: Host) -> None:
    """Let the tunnel be silent for as long as the kernel remembers who has sent what."""
    host.run("python3 -", input=FORGET)


# What `conntrack --flush` does; a test that waits for three minutes shows nothing more.
FORGET = """
import socket, struct
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
kind, flags = (1 << 8) | 2, 1 | 4
netlink.send(struct.pack("=IHHII", 20, kind, flags, 1, 0) + struct.pack("=BBH", 0, 0, 0))
answer = netlink.recv(4096)
assert struct.unpack_from("=i", answer, 16)[0] == 0, answer
"""


def test_the_port_of_the_way_in_is_named_before_anything_changes(
    bench: Bench, through: School
) -> None:
    host = through.host
    with technician(bench, through, apart=False) as desk:
        told = BEFORE.format(f"vpn{host.number}")
        code, sentences, remedies = desk.problems()
        assert code == 5
        assert remedies[sentences.index(told)] == f"write into inventory.yml: {SETTING}"
        before = host.state()
        done = finish(desk.start(verb="deploy"), 300)
        assert (done.code, done.out) == (5, "")
        assert told in done.err
        assert SETTING in done.err
        assert host.state() == before
        # What the sentence advises heals.
        desk.write(open_ports=["51820/udp"])
        assert finish(desk.start(verb="deploy"), 300).code == 0
        forgotten(host)
        assert finish(desk.start("list", KEY, verb="teachers"), 60).code == 0


def test_a_sign_in_that_lives_of_an_old_connection_does_not_count(
    bench: Bench, through: School
) -> None:
    host = through.host
    with technician(bench, through, apart=True) as desk:
        planned = finish(desk.start(verb="plan"), 120)
        assert planned.code == 0, planned.err
        assert "The firewall will close: 51820/udp (" in planned.err
        assert SETTING in planned.err
        done = finish(desk.start(verb="deploy"), 300)
        assert (done.code, done.out) == (5, ""), done.err
        assert "would have locked you out" in done.err
        assert "The firewall would have closed 51820/udp" in done.err
        assert SETTING in done.err
        forgotten(host)
        assert finish(desk.start("list", KEY, verb="teachers"), 60).code == 0
        desk.write(open_ports=["51820/udp"])
        done = finish(desk.start(verb="deploy"), 300)
        assert done.code == 0, done.err
        forgotten(host)
        assert finish(desk.start("list", KEY, verb="teachers"), 60).code == 0
        assert host.run("nft list tables").stdout == "table inet jitsi_provision\n"
