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
    outward = school.host.run("ss -Hlnu").stdout.splitlines()
    places = {line.split()[3].rpartition(":") for line in outward}
    ports = {int(port) for address, _colon, port in places if not loopback(address)}
    # A relay's session of another test may not be over yet; the firewall closes its port.
    assert ports - set(RELAYED) == {3478, 10000}


def loopback(address: str) -> bool:
    """Return whether a listening address cannot be reached from outside."""
    return address.strip("[]").startswith(("127.", "::1"))
