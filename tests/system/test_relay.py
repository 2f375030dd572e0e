"""NET: STUN and TURN answer, relay to the bridge and to nothing inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.relay import (
    RefusedError,
    Relay,
    carries_to_the_bridge,
    leads_to_nothing_inside,
    seen_address,
)
from tests.system.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.entrance import Entrance
    from tests.system.school import School


@pytest.fixture
def relay(entrance: Entrance) -> Iterator[Relay]:
    """A session with the credentials that a guest was given."""
    guest = Visitor(entrance, f"guest.{entrance.domain}")
    guest.sign_in()
    turns = next(service for service in guest.services() if service["type"] == "turns")
    guest.leave()
    session = Relay(entrance.secure(5349), turns["username"], turns["password"])
    yield session
    session.socket.close()


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
