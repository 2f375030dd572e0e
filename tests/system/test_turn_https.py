"""NET: where only HTTPS gets out, a second name leads to the relay on port 443, beside the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from provision.certificates.trust import as_browsers
from tests.bench.fingerprint import difference
from tests.system.admission import admitted_guest
from tests.system.convergence import look
from tests.system.crowd import KINDS, SHARE, Crowd, source
from tests.system.entrance import Entrance
from tests.system.relay import Relay, carries_to_the_bridge, leads_to_nothing_inside
from tests.system.renewal import renew
from tests.system.test_web import PATHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.project import Done
    from tests.system.school import School
    from tests.system.visitor import Visitor

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
SETTINGS_FRAME = 4
ALLOWED, MORE_THAN_ALLOWED = 60, 600


@dataclass
class SecondName:
    """The second name, and what was seen while it was set up."""

    entrance: Entrance
    before: dict[str, str]
    """All files and units without it."""
    running: dict[str, str]
    without_record: Done
    """The deployment while no name server knew the name."""
    with_record: Done


@pytest.fixture(scope="module")
def second(school: School, entrance: Entrance) -> Iterator[SecondName]:
    """The school with a second name; without it again afterwards."""
    name, host = f"turn.{school.domain}", school.host
    before, running = look(host, school.domain), school.invocations()
    school.project.write(turn_domain=name)
    try:
        school.bench.names.remove(name)
        missing = school.project.run("deploy", "--json")
        school.bench.names.set(name, "A", host.address)
        school.bench.names.set(name, "AAAA", host.address6)
        found = school.project.run("deploy", "--json")
        yield SecondName(
            Entrance(host.address, name, entrance.root), before, running, missing, found
        )
    finally:
        school.project.write(turn_domain=None)
        school.project.run("deploy")
        school.bench.names.remove(name)


@pytest.fixture
def guest(second: SecondName, school: School, entrance: Entrance) -> Iterator[Visitor]:  # noqa: ARG001 - the second name restarts Prosody
    """A guest in a room."""
    with admitted_guest(school, entrance) as found:
        yield found


@pytest.fixture
def relay(second: SecondName, entrance: Entrance, guest: Visitor) -> Iterator[Relay]:
    """A session through port 443 with the credentials that a guest in a room was given for it."""
    announced = [service for service in guest.services() if service["type"] == "turns"]
    assert [(s["host"], s["port"], s["transport"]) for s in announced] == [
        (entrance.domain, "5349", "tcp"),
        (second.entrance.domain, "443", "tcp"),
    ]
    session = Relay(second.entrance.secure(443), announced[1]["username"], announced[1]["password"])
    yield session
    session.socket.close()


def test_a_second_name_without_a_record_is_asked_for_and_stops_nothing_else(
    second: SecondName, school: School
) -> None:
    done, name = second.without_record, f"turn.{school.domain}"
    assert done.code == 4
    assert done.data["error"]["what"] == (
        f"There is no certificate yet: no name server knows {name}."
    )
    assert done.data["error"]["rows"]["Next"] == (
        "at your registrar, enter what follows; then run this again. Everything else is installed "
        "and stays as it is.\n"
        f"{name}  A  {school.host.address}\n{name}  AAAA  {school.host.address6}"
    )
    assert "/etc/nginx/modules-enabled/70-jitsi-provision.conf" in done.data["changed"]


def test_the_record_is_enough_and_one_certificate_is_for_both_names(
    second: SecondName, school: School, entrance: Entrance
) -> None:
    done = second.with_record
    assert done.code == 0, done.err
    assert done.data["changed"] == ["certificate of nginx.service", "certificate of coturn.service"]
    assert done.data["restarted"] == []
    names = (("DNS", entrance.domain), ("DNS", second.entrance.domain))
    for door, port in ((entrance, 443), (second.entrance, 443), (entrance, 5349)):
        assert door.certificate(port)["subjectAltName"] == names
    # Prosody has something new to announce; web, relay and bridge go on.
    now = school.invocations()
    restarted = [service for service in now if now[service] != second.running[service]]
    assert restarted == ["prosody", "jicofo"]


def test_a_second_name_changes_nothing_twice(second: SecondName, school: School) -> None:
    assert second.with_record.code == 0
    assert school.project.run("deploy", "--json").data["changed"] == []


def test_relay_carries_to_the_bridge_through_port_443(school: School, relay: Relay) -> None:
    carries_to_the_bridge(relay, school.host.address)


def test_relay_on_port_443_leads_to_nothing_inside(relay: Relay) -> None:
    leads_to_nothing_inside(relay)


@pytest.mark.usefixtures("second")
def test_pages_are_as_well_protected_as_before(entrance: Entrance) -> None:
    assert entrance.get("/").status == 200
    assert {path: entrance.unprotected(path) for path in PATHS} == {path: [] for path in PATHS}


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize("family", ["address", "address6"])
def test_pages_are_served_over_http2(school: School, entrance: Entrance, family: str) -> None:
    door = Entrance(getattr(school.host, family), entrance.domain, entrance.root)
    context = as_browsers(entrance.root)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with door.secure(443, context) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        connection.sendall(PREFACE)
        assert connection.recv(9)[3] == SETTINGS_FRAME


@pytest.mark.usefixtures("second")
def test_each_address_has_its_own_limits(school: School, entrance: Entrance) -> None:
    """One address that asks for too much is slowed down, and nobody else."""
    greedy = Entrance(school.host.address6, entrance.domain, entrance.root)
    assert 429 in ask_often(greedy, MORE_THAN_ALLOWED)
    # A single request is let through again after a twentieth of a second, whoever asks.
    assert 429 not in ask_often(entrance, ALLOWED)


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize("kind", KINDS)
def test_half_open_connections_of_one_address_take_nothing_from_another(
    entrance: Entrance, kind: str
) -> None:
    with source("10.91.0.243") as greedy, Crowd(entrance, greedy) as crowd:
        crowd.open(1700, kind)
        assert [entrance.get("/").status for _ in range(20)] == [200] * 20
        assert crowd.settled() == SHARE


def ask_often(entrance: Entrance, times: int) -> set[int]:
    """Return how so many quick requests over one connection were answered."""
    with entrance.secure() as connection:
        line = (
            f"GET /xmpp-websocket HTTP/1.1\r\nHost: {entrance.domain}\r\nUpgrade: websocket\r\n"
        ).encode()
        asked = (line + b"\r\n") * times
        connection.sendall(asked + line + b"Connection: close\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    return {int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]}


def test_no_log_holds_a_visitors_address(
    second: SecondName, school: School, entrance: Entrance, relay: Relay
) -> None:
    relay.allocate()
    visitor = relay.socket.getsockname()[0]
    entrance.get("/some-room")
    second.entrance.connect(443).close()
    school.host.run("journalctl --sync")
    found = school.host.run(f"grep -rlF {visitor} /var/log/nginx", check=False).stdout
    assert found == ""
    journal = school.host.run("journalctl -q -o cat -u nginx -u coturn").stdout
    assert visitor not in journal


def test_renewal_reaches_both_names(
    second: SecondName, school: School, entrance: Entrance, relay: Relay
) -> None:
    relay.allocate()
    running = school.invocations()
    renew(school, (entrance, 443), (second.entrance, 443), (entrance, 5349))
    assert school.invocations() == running
    relay.refresh()


def test_without_the_setting_everything_is_as_before(second: SecondName, school: School) -> None:
    school.project.write(turn_domain=None)
    done = school.project.run("deploy", "--json")
    assert done.code == 0, done.err
    changes = [
        line
        for line in difference(second.before, look(school.host, school.domain))
        # An authority's certificates are never the same ones again, and the guest whom the relay
        # serves was let in by a teacher, perhaps the first one here.
        if "/etc/letsencrypt/" not in line
        and "/previous/" not in line
        and not re.match(r"/var/lib/prosody/DOMAIN/accounts: absent", line)
    ]
    assert not changes, "\n".join(changes)
    assert school.project.run("deploy", "--json").data["changed"] == []
