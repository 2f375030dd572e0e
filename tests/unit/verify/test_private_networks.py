"""Which addresses are the internet's, whatever they are dressed as."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from provision.verify.outside import connection
from provision.verify.outside.addresses import is_public
from provision.verify.outside.deadline import Deadline
from provision.verify.probes import ports
from provision.verify.target import Target

INNER = (
    "127.0.0.1",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.10",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::1",
    "2002:c0a8:101::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)
OUTER = ("9.9.9.9", "2a01:4f8::9", "::ffff:9.9.9.9", "64:ff9b::909:909")


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTER)
def test_an_address_of_the_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(("private", "expected"), [(False, ["IPv4"]), (True, ["IPv4", "IPv6"])])
def test_ports_of_a_strangers_second_address_are_not_asked_inside(
    monkeypatch: pytest.MonkeyPatch, private: bool, expected: list[str]
) -> None:
    def look_up(host: str, _seconds: float) -> list[tuple[Any, str]]:
        if host == "9.9.9.9":
            return [(socket.AF_INET, host)]
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]

    monkeypatch.setattr(connection, "look_up", look_up)
    target = Target("meet.example.org", "9.9.9.9", private=private)
    assert list(ports._places(target, Deadline(5))) == expected
