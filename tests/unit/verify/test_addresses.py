"""Names are looked up within their time, and compared by where they lead."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from provision.verify.outside.addresses import addresses, look_up, own_hosts
from provision.verify.target import Target

SECONDS = 10
TARGET = Target("meet.school.example", address="127.0.0.1")


def test_an_address_leads_to_itself() -> None:
    assert look_up("127.0.0.1", SECONDS) == [(socket.AF_INET, "127.0.0.1")]
    assert addresses("fe80::1%1", SECONDS) <= {"fe80::1"}


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 64 + ".example", ""])
def test_a_name_that_leads_nowhere_has_no_address(host: str) -> None:
    assert addresses(host, SECONDS) <= {"127.0.0.1", "::1"}
    assert own_hosts(Target("meet.school.example", address="192.0.2.1"), [host], SECONDS) == set()


def test_a_server_is_known_by_its_name_or_by_where_another_leads() -> None:
    assert own_hosts(TARGET, ["meet.school.example", "localhost", "192.0.2.1"], SECONDS) == {
        "meet.school.example", "localhost",
    }  # fmt: skip


def test_a_name_service_that_is_silent_costs_no_more_than_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def silent(*_given: Any, **_more: Any) -> list[Any]:
        over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        with pytest.raises(TimeoutError):
            look_up("meet.school.example", 0.01)
        assert addresses("meet.school.example", 0.01) == set()
        hosts = ["meet.school.example", *(f"{number}.example" for number in range(1000))]
        assert own_hosts(Target(hosts[0]), hosts, 0.01) == {hosts[0]}
    finally:
        over.set()
