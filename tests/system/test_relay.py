"""NET: STUN and TURN answer, relay to the bridge and to nothing inside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.system.admission import admitted_guest
from tests.system.entrance import Entrance
from tests.system.relay import (
    SOFTWARE,
    RefusedError,
    Relay,
    ask_over_udp,
    binding_request,
    carries_to_the_bridge,
    leads_to_nothing_inside,
    seen_address,
)
from tests.system.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.school import School

QUOTA = 486
PERSON = 12
"""Allocations that one person may have."""
CLASS, NEEDED = 40, 6
"""A class behind one address, and what a browser on two networks takes at once."""


def enter(entrance: Entrance, guest: Visitor) -> Relay:
    """Return a connection to the relay with what a guest in a room is told."""
    turns = next(service for service in guest.services() if service["type"] == "turns")
    return Relay(entrance.secure(5349), turns["username"], turns["password"])


@pytest.fixture
def relay(entrance: Entrance, admitted: Visitor) -> Iterator[Relay]:
    """A session with the credentials that a guest in a room was given."""
    session = enter(entrance, admitted)
    yield session
    session.socket.close()


@pytest.fixture(params=["13", "12"])
def deployed(request: pytest.FixtureRequest) -> School:
    """A deployed school on each release."""
    found: School = request.getfixturevalue("school" if request.param == "13" else "school12")
    return found


def test_who_is_in_a_room_gets_credentials_and_a_share(deployed: School) -> None:
    """One who takes all that the relay gives leaves enough for a class behind the same address."""
    entrance = Entrance(deployed.host.address, deployed.domain, deployed.bench.acme.root_file)
    stranger = Visitor(entrance, f"guest.{deployed.domain}")
    stranger.sign_in()
    kinds = [(each["type"], "password" in each) for each in stranger.services()]
    assert kinds == [("stun", False)]
    with admitted_guest(deployed, entrance) as guest:
        taken = allocations(entrance, guest, PERSON + 1)
    try:
        assert [code for _session, code in taken] == [0] * PERSON + [QUOTA]
        secret = deployed.secrets()["turn"]
        pupils = [taken[0][0].another(secret, f"pupil{number}") for number in range(CLASS)]
        for pupil in pupils:
            for _number in range(NEEDED):
                session = Relay(entrance.secure(5349), *pupil)
                taken.append((session, 0))
                session.allocate()
    finally:
        for session, _code in taken:
            session.socket.close()


def allocations(entrance: Entrance, guest: Visitor, most: int) -> list[tuple[Relay, int]]:
    """Take allocations, one connection each, until the relay refuses; return how each went."""
    found = []
    for _number in range(most):
        session = enter(entrance, guest)
        try:
            session.allocate()
        except RefusedError as refusal:
            found.append((session, refusal.code))
            break
        found.append((session, 0))
    return found


def test_credentials_that_end_cut_off_no_lesson(deployed: School) -> None:
    """They may be short: what was taken is renewed with them afterwards, and nothing is added."""
    entrance = Entrance(deployed.host.address, deployed.domain, deployed.bench.acme.root_file)
    pupil = Relay.another(deployed.secrets()["turn"], "pupil", 2)
    session, late = (Relay(entrance.secure(5349), *pupil) for _number in range(2))
    session.allocate()
    while time.time() < int(pupil[0].partition(":")[0]) + 1:
        time.sleep(0.1)
    session.refresh()
    session.permit(deployed.host.address)
    with pytest.raises(RefusedError) as refused:
        late.allocate()
    assert refused.value.code == 401
    for each in (session, late):
        each.socket.close()


def test_no_version_is_told(deployed: School) -> None:
    """Neither in an answer nor to a browser; nor before somebody has given a name."""
    entrance = Entrance(deployed.host.address, deployed.domain, deployed.bench.acme.root_file)
    assert SOFTWARE not in ask_over_udp(deployed.host.address, 3478, binding_request()).attributes
    session = Relay(entrance.secure(5349), "somebody", "guessed")
    assert SOFTWARE not in session.challenge().attributes
    with entrance.secure(5349) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096) == b""


def test_stun_answers(school: School) -> None:
    seen_address(school.host.address, 3478)


def test_media_port_of_the_bridge_answers(school: School) -> None:
    seen_address(school.host.address, 10000)


def test_relay_carries_to_the_bridge(school: School, relay: Relay) -> None:
    carries_to_the_bridge(relay, school.host.address)


def test_relay_leads_to_nothing_inside(relay: Relay) -> None:
    leads_to_nothing_inside(relay)


def test_relay_wants_credentials(entrance: Entrance) -> None:
    session = Relay(entrance.secure(5349), "somebody", "guessed")
    with pytest.raises(RefusedError) as refused:
        session.allocate()
    assert refused.value.code == 401
