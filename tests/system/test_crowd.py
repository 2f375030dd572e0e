"""WEB: whoever takes all connections that one source may have leaves the others in peace."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.system.crowd import KINDS, SHARE, Crowd, source
from tests.system.entrance import Entrance

if TYPE_CHECKING:
    from tests.system.school import School

GREEDY, NEIGHBOUR = "10.91.0.241", "10.91.0.242"
GREEDY6, NEIGHBOUR6 = "fd00:91::f1", "fd00:91::f2"
OTHER6 = "fd00:92::1"
"""In another /64, for which the bench has no road: on the server itself."""
HANDSHAKE = (
    "GET /xmpp-websocket HTTP/1.1\r\nHost: {domain}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n"
    "Origin: https://{domain}\r\n\r\n"
)


@pytest.fixture(scope="module", params=["13", "12"])
def deployed(request: pytest.FixtureRequest) -> School:
    """Both releases."""
    found: School = request.getfixturevalue("school" if request.param == "13" else "school12")
    return found


@pytest.fixture
def door(deployed: School) -> Entrance:
    """The deployed school's server as the outside sees it."""
    return Entrance(deployed.host.address, deployed.domain, deployed.bench.acme.root_file)


@pytest.mark.parametrize("kind", KINDS)
def test_half_open_connections_of_one_address_take_nothing_from_another(
    door: Entrance, kind: str
) -> None:
    with source(GREEDY) as greedy, Crowd(door, greedy) as crowd:
        crowd.open(1700, kind)
        assert [door.get("/").status for _ in range(20)] == [200] * 20
        assert crowd.settled() == SHARE
    with source(GREEDY) as greedy:
        assert served(door, greedy) == 200  # whoever lets go has room again


def test_a_network_of_ipv6_has_one_share(deployed: School, door: Entrance) -> None:
    six = Entrance(deployed.host.address6, door.domain, door.root)
    with source(GREEDY6) as greedy, source(NEIGHBOUR6) as neighbour, Crowd(six, greedy) as crowd:
        crowd.open(SHARE + 5, "silent")
        assert crowd.settled() == SHARE
        with Crowd(six, neighbour) as more:
            more.open(5, "silent")
            assert more.settled(0) == 0
        assert door.get("/").status == 200
        deployed.host.run(f"ip -6 address add {OTHER6}/64 dev lo nodad")
        try:
            asked = (
                f"curl -sk -o /dev/null -w '%{{http_code}}' --interface {OTHER6} "
                f"--resolve '{door.domain}:443:[{OTHER6}]' https://{door.domain}/"
            )
            assert deployed.host.run(asked).stdout == "200"
        finally:
            deployed.host.run(f"ip -6 address del {OTHER6}/64 dev lo")


def test_a_class_behind_one_address_is_served(door: Entrance) -> None:
    """500 connections: most are idle between two pages, a hundred open the signalling at once."""
    with source(GREEDY) as greedy, Crowd(door, greedy) as crowd:
        crowd.open(500, "whole")
        answers = [connection.recv(12) for connection in crowd.held]
        assert answers == [b"HTTP/1.1 200"] * 500
        crowd.open(100, HANDSHAKE.format(domain=door.domain))
        assert [one.recv(12) for one in crowd.held[500:]] == [b"HTTP/1.1 101"] * 100
        assert crowd.settled() == 600


def test_a_slow_visitor_is_served_beside_a_crowd(door: Entrance) -> None:
    with source(GREEDY) as greedy, source(NEIGHBOUR) as slow, Crowd(door, greedy) as crowd:
        crowd.open(1700, "half a request")
        with Crowd(door, slow) as visitor:
            visitor.open(1, "half a request")
            for letter in f"{door.domain[:8]}":
                visitor.held[0].sendall(letter.encode())
                time.sleep(1)  # a byte each second is what is asked for
            visitor.held[0].sendall(f"{door.domain[8:]}\r\n\r\n".encode())
            assert visitor.held[0].recv(12) == b"HTTP/1.1 200"


def served(door: Entrance, address: str) -> int:
    """Return how a request from an address is answered."""
    with Crowd(door, address) as visitor:
        visitor.open(1, "whole")
        return int(visitor.held[0].recv(12).split()[1])


def test_the_schools_own_networks_have_eight_shares(school: School, entrance: Entrance) -> None:
    """So that a pupil there takes the web server away from nobody either."""
    school.project.write(school_networks=[f"{GREEDY}/32"])
    try:
        assert school.project.run("deploy").code == 0
        with source(GREEDY) as own, Crowd(entrance, own) as crowd:
            crowd.open(SHARE + 200, "half a handshake")
            with Crowd(entrance, own) as pupil:
                pupil.open(1, "whole")
                assert pupil.held[0].recv(12) == b"HTTP/1.1 200"
            assert crowd.alive() == SHARE + 200
            crowd.open(7 * SHARE, "silent")
            assert crowd.settled(8 * SHARE) <= 8 * SHARE
        with source(GREEDY) as own, Crowd(entrance, own) as crowd:
            handshake = HANDSHAKE.format(domain=entrance.domain)
            crowd.open(400, handshake)  # a school that is back after a restart
            assert [one.recv(12) for one in crowd.held] == [b"HTTP/1.1 101"] * 400
    finally:
        school.project.write(school_networks=[])
        school.project.run("deploy")
