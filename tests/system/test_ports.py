"""NET: what is open to the world, on IPv4 and IPv6 alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.outside import OPEN
from tests.system.relay import seen_address
from tests.system.scan import open_ports

if TYPE_CHECKING:
    from tests.system.school import School


RELAYED = range(49152, 50000)


@pytest.mark.parametrize("family", ["address", "address6"])
def test_exactly_these_ports_are_open(school: School, family: str) -> None:
    assert open_ports(getattr(school.host, family)) == OPEN


def test_udp_serves_stun_and_media_only(school: School) -> None:
    for port in (3478, 10000):
        seen_address(school.host.address, port)
    # Once the firewall has refused a packet of a session, as the proof makes it do, coturn keeps
    # that session's socket for a while.
    session = f"'( sport >= {RELAYED[0]} and sport <= {RELAYED[-1]} )'"
    kept = school.host.run(f"ss -Hlnup {session}").stdout.splitlines()
    assert [line for line in kept if '(("turnserver"' not in line] == []
    outward = school.host.run("ss -Hlnu").stdout.splitlines()
    ports = {line.split()[3].rpartition(":") for line in outward}
    found = {int(port) for address, _colon, port in ports if not loopback(address)}
    assert found - set(RELAYED) == {3478, 10000}


def loopback(address: str) -> bool:
    """Return whether a listening address cannot be reached from outside."""
    return address.strip("[]").startswith(("127.", "::1"))
