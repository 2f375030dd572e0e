"""The address at which people reach a server that the technician knows by another one."""

from __future__ import annotations

import pytest

from provision.check import reached
from provision.check.judges import server
from provision.settings.table import School
from tests.unit.trees import contents, rendered, school
from tests.unit.trees import server as seen

BRIDGE = "/etc/jitsi/videobridge/jvb.conf"
INNER = {"addresses": ["10.0.0.5"], "address4": "10.0.0.5", "address6": ""}


@pytest.mark.parametrize(
    "wrong", ["10.0.0.5", "192.168.1.1", "100.64.0.1", "127.0.0.1", "2001:db8::1", "example.org"]
)
def test_what_nobody_in_the_internet_reaches_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="public_address"):
        school(public_address=wrong)


def test_the_bridge_advertises_the_public_address() -> None:
    settings = school(address="10.66.0.1", public_address="8.8.8.8")
    way = server.addressing(INNER, settings["public_address"] or settings["address"])
    assert way == {
        "public": True, "nat": True, "address4": "10.0.0.5", "public_address4": "8.8.8.8",
    }  # fmt: skip
    text = contents(rendered(settings, seen(**INNER) | way))[BRIDGE]
    assert 'local-address = "10.0.0.5", public-address = "8.8.8.8"' in text
    assert "advertise-private-candidates = false" in text
    alone = school(address="10.66.0.1")
    way = server.addressing(INNER, alone["public_address"] or alone["address"])
    assert "static-mappings" not in contents(rendered(alone, seen(**INNER) | way))[BRIDGE]


def test_the_relay_listens_at_a_floating_address() -> None:
    facts = {"addresses": ["8.8.4.4", "8.8.8.8"], "address4": "8.8.4.4", "address6": ""}
    settings = school(address="8.8.8.8")
    way = server.addressing(facts, settings["address"])
    text = contents(rendered(settings, seen(**facts) | way))["/etc/turnserver.conf"]
    assert "listening-ip=8.8.8.8\nrelay-ip=8.8.8.8\n" in text
    assert "allowed-peer-ip=8.8.8.8\n" in text
    assert "8.8.4.4" not in text
    assert "external-ip" not in text


@pytest.mark.parametrize(
    ("settings", "side"),
    [
        ({"address": "10.66.0.1"}, True),
        ({"address": "10.66.0.1", "public_address": "8.8.8.8"}, False),
        ({"address": "10.0.0.5"}, False),
        # That of a router, in front of it.
        ({"address": "192.168.0.9"}, False),
        ({"address": "8.8.8.8"}, False),
    ],
)
def test_what_is_reached_through_a_vpn_says_nothing_of_people(
    settings: dict[str, str], side: bool
) -> None:
    usual = {"domain": "meet.example.org", "school": "Nord", "contact": "it@example.org"}
    facts = INNER | {"addresses": ["10.0.0.5", "10.66.0.1"]}
    found = reached._is_side_entrance(School.model_validate(usual | settings), facts)
    assert found is side
