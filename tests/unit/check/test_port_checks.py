"""The listener, the probes and what is said about ports."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import select
import socket
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from provision.access.answers import MARK
from provision.check import listener, ports, probe
from provision.check.judges import ports as checks
from provision.check.probe import Aim, Reach, Reading
from provision.declared import listening
from provision.messages.result import Level
from provision.settings.table import School

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NONSENSE = json.dumps(
    {"held": [["tcp", 80]], "alone": 1, "watches": 1, "addresses": {"4": "x"}, "client": 5}
)
SECRET = secrets.token_bytes(16)
LOCAL = {4: "127.0.0.1", 6: "::1"}


def free(kind: socket.SocketKind) -> int:
    """Return a port that nobody has."""
    with socket.socket(socket.AF_INET6, kind) as sock:
        sock.bind(("::", 0))
        port: int = sock.getsockname()[1]
        return port


class Session:
    """The listener as the server starts it."""

    def __init__(self, wanted: list[tuple[str, int]], seconds: int = 20) -> None:
        self.program = subprocess.Popen(
            [sys.executable, "-c", ports.START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        given = {"program": ports.PROGRAM, "secret": SECRET.hex(), "ports": wanted, "mark": MARK}
        self.begun = self.tell(json.dumps(given | {"seconds": seconds}))

    def tell(self, line: str) -> dict[str, Any]:
        """Return the answer to a line."""
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.write(f"{line}\n")
        self.program.stdin.flush()
        assert self.program.stdout.readline() == "\n"
        told: dict[str, Any] = json.loads(self.program.stdout.readline().removeprefix(MARK))
        return told

    def end(self) -> tuple[int, str]:
        """Close its standard input; return the exit code and what it complained about."""
        _out, said = self.program.communicate(timeout=20)
        return self.program.returncode, said


@pytest.fixture
def wanted() -> list[tuple[str, int]]:
    """A port for each protocol."""
    return [("tcp", free(socket.SOCK_STREAM)), ("udp", free(socket.SOCK_DGRAM))]


@pytest.fixture
def session(wanted: list[tuple[str, int]]) -> Iterator[Session]:
    """A listener on these ports."""
    running = Session(wanted)
    yield running
    assert running.end() == (0, "")


def reach(aim: Aim, secret: bytes = SECRET) -> Reach:
    """Return what comes of reaching for a port."""
    return asyncio.run(probe.reach(aim, secret, "meet.example.org")).reach


@pytest.mark.parametrize("family", [4, 6])
def test_the_listener_answers_who_knows_the_secret(
    session: Session, wanted: list[tuple[str, int]], family: int
) -> None:
    assert session.begun["held"] == []
    for protocol, number in wanted:
        aim = Aim(protocol, number, family, LOCAL[family])
        assert reach(aim) is Reach.OPEN
        assert reach(aim, b"another") is not Reach.OPEN


def test_the_listener_answers_no_stranger(session: Session, wanted: list[tuple[str, int]]) -> None:
    assert session.program.poll() is None
    with socket.create_connection(("127.0.0.1", wanted[0][1])) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert browser.recv(100) == b""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", wanted[1][1]))
        for data in (b"", b"x", listener.stun_request(b"\0" * 12), b"\0" * 3000):
            sock.send(data)
        assert not select.select([sock], [], [], 0.3)[0]
    aim = Aim(*wanted[1], 4, "127.0.0.1")
    assert reach(aim) is Reach.OPEN


def test_a_port_that_is_held_stays_with_its_holder() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as web,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media,
    ):
        media.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        media.bind(("127.0.0.1", 0))
        tcp, udp = web.getsockname()[1], media.getsockname()[1]
        session = Session([("tcp", tcp), ("udp", udp)])
        assert session.begun["held"] == [["tcp", tcp, 4], ["udp", udp, 4]]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"for the holder", ("127.0.0.1", udp))
        assert media.recv(100) == b"for the holder"
        session.end()


def test_the_listener_ends_with_its_session_and_by_itself(wanted: list[tuple[str, int]]) -> None:
    ended = Session(wanted)
    assert "arrived" in ended.tell("end")
    assert ended.end() == (0, "")
    late = Session(wanted, seconds=5)  # on a busy machine it takes a second to begin
    late.program.wait(timeout=20)  # nobody has closed its input
    assert late.program.returncode == -14


def test_a_second_listener_knows_that_it_is_not_alone(
    session: Session, wanted: list[tuple[str, int]]
) -> None:
    assert session.begun["alone"]
    second = Session(wanted)
    assert not second.begun["alone"]
    assert len(second.begun["held"]) == 4
    second.end()
    assert reach(Aim(*wanted[0], 4, "127.0.0.1")) is Reach.OPEN


def test_a_listener_that_has_ended_is_no_other(wanted: list[tuple[str, int]]) -> None:
    ended = Session(wanted)
    ended.program.kill()
    os.waitid(os.P_PID, ended.program.pid, os.WEXITED | os.WNOWAIT)  # its parent has not asked yet
    session = Session(wanted)
    assert session.begun["alone"]
    session.end()
    ended.program.communicate()


def test_what_nobody_serves_is_refused() -> None:
    for protocol, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
        assert reach(Aim(protocol, free(kind), 4, "127.0.0.1")) is Reach.REFUSED


def test_an_echo_and_a_web_page_are_not_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.5)
    monkeypatch.setattr(probe, "SEND_AT", (0.0, 0.1))

    async def ask() -> list[Reach]:
        async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = await reader.read(1000)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nWelcome" + asked)
            writer.close()

        class Echo(asyncio.DatagramProtocol):
            transport: Any

            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, address: Any) -> None:
                self.transport.sendto(data, address)

        server = await asyncio.start_server(page, "127.0.0.1", 0)
        loop = asyncio.get_running_loop()
        echo, _protocol = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
        tcp = server.sockets[0].getsockname()[1]
        udp = echo.get_extra_info("sockname")[1]
        aims = [
            Aim("tcp", tcp, 4, "127.0.0.1"),
            Aim("udp", udp, 4, "127.0.0.1"),
            Aim("udp", udp, 4, "127.0.0.1", held=True),
        ]
        found = [(await probe.reach(aim, SECRET, "x")).reach for aim in aims]
        server.close()
        echo.close()
        return found

    assert asyncio.run(ask()) == [Reach.STRANGE, Reach.SILENT, Reach.SILENT]


def reading(
    protocol: str, number: int, found: Reach, *, family: int = 4, held: bool = False, **more: Any
) -> Reading:
    """Return what came of reaching for a port."""
    return Reading(Aim(protocol, number, family, "203.0.113.10", held), found, **more)


def said(around: checks.Around, *readings: Reading) -> list[tuple[Level, str, str]]:
    """Return everything that is said."""
    found = checks.check(ports.Ports(readings), around)
    return [(one.level, one.sentence, one.remedy) for one in found]


CLOSED = reading("udp", 10000, Reach.SILENT, arrived=False)
COST = "From the third participant on, nobody would hear or see anybody."


@pytest.mark.parametrize(
    ("seen", "around", "level", "sentence", "remedy"),
    [
        (
            CLOSED, checks.Around(), Level.FAILURE,
            f"10000/udp is not reached from this computer over IPv4. {COST}",
            ("at your provider, in the firewall or security group, add an incoming rule: protocol "
            "UDP, port 10000, source any"),
        ),
        (
            CLOSED, checks.Around(behind="10.0.0.5"), Level.FAILURE,
            f"10000/udp is not reached from this computer over IPv4. {COST}",
            "on the router in front of the server, forward: protocol UDP, port 10000, to 10.0.0.5",
        ),
        (
            replace(CLOSED, arrived=True),
            checks.Around(filters=[{"name": "ufw", "numbers": [22]}]), Level.FAILURE,
            "10000/udp over IPv4 comes to the server, but the server lets nothing back.",
            "on the server, in its own firewall: ufw allow 10000/udp",
        ),
        (
            replace(CLOSED, arrived=None), checks.Around(), Level.FAILURE,
            "10000/udp is not reached", "at your provider",
        ),
        (
            reading("tcp", 443, Reach.STRANGE), checks.Around(), Level.FAILURE,
            ("At 203.0.113.10, port 443/tcp, something else answers in the server's place. Nobody "
            "could open the page."),
            "proxy",
        ),
        # Another certificate than the server's own: somebody in between.
        (
            reading("tcp", 443, Reach.OPEN, held=True, certificate="AA"),
            checks.Around(certificate="BB"), Level.FAILURE, "something else answers", "proxy",
        ),
        (
            reading("udp", 3478, Reach.SILENT, held=True, arrived=True), checks.Around(),
            Level.FAILURE, "The service at port 3478/udp does not answer over IPv4.",
            "`provision deploy` starts it",
        ),
        # Only Let's Encrypt needs port 80.
        (
            reading("tcp", 80, Reach.REFUSED), checks.Around(letsencrypt=False), Level.WARNING,
            "80/tcp is not reached", "TCP, port 80",
        ),
        # Nobody comes over IPv6 while the name has no such address.
        (
            reading("tcp", 443, Reach.SILENT, family=6), checks.Around(named=frozenset({4})),
            Level.WARNING, "443/tcp is not reached from this computer over IPv6.", "TCP, port 443",
        ),
        # Whether the bridge was reached, only the server's network card knows.
        (
            reading("udp", 10000, Reach.SILENT, held=True, arrived=None), checks.Around(),
            Level.WARNING,
            "10000/udp was not checked over IPv4: the bridge answers nobody unasked.", "three",
        ),
        (
            reading("udp", 10000, Reach.SILENT, held=True, arrived=False), checks.Around(),
            Level.FAILURE, "10000/udp is not reached from this computer", "at your provider",
        ),
        (
            reading("tcp", 443, Reach.NO_WAY, family=6), checks.Around(), Level.WARNING,
            "Not checked over IPv6: this computer has no IPv6.", "mobile phone",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_port(
    seen: Reading, around: checks.Around, level: Level, sentence: str, remedy: str
) -> None:
    ((found, text, told),) = said(around, seen)
    assert found is level
    assert sentence in text
    assert remedy in told


@pytest.mark.parametrize(
    "seen",
    [
        reading("tcp", 443, Reach.OPEN, held=True, certificate="AA"),
        # The real bridge answers only who was invited; that the question came in is enough.
        reading("udp", 10000, Reach.SILENT, held=True, arrived=True),
    ],
)
def test_what_is_right_with_a_port(seen: Reading) -> None:
    ((level, text, _remedy),) = said(checks.Around(certificate="AA"), seen)
    assert level is Level.OK
    assert text.startswith("Reached from this computer over IPv4: ")


@pytest.mark.parametrize(
    "other",
    [
        reading("udp", 10000, Reach.SILENT, family=6, arrived=False),
        # Nothing else is to be done about it.
        reading("udp", 10000, Reach.REFUSED, family=6, held=True, arrived=False),
    ],
)
def test_what_one_rule_repairs_in_both_families_is_one_finding(other: Reading) -> None:
    ((_level, text, _remedy),) = said(checks.Around(), CLOSED, other)
    assert text == f"10000/udp is not reached from this computer over IPv4 and IPv6. {COST}"


def test_who_answers_in_the_servers_place_is_named_in_both_families() -> None:
    aim = Aim("tcp", 443, 6, "2001:db8::10")
    both = [reading("tcp", 443, Reach.STRANGE), Reading(aim, Reach.STRANGE)]
    ((_level, text, _remedy),) = said(checks.Around(), *both)
    assert text.startswith("At 203.0.113.10, 2001:db8::10, port 443/tcp, something else answers")


def test_a_port_that_somebody_else_has_is_told_elsewhere() -> None:
    held = [{"protocol": "tcp", "port": 443, "program": "caddy", "unit": "caddy.service"}]
    assert said(checks.Around(listeners=held), reading("tcp", 443, Reach.OPEN, held=True)) == []


@pytest.mark.parametrize(
    "seen", [ports.Ports(reason="python3: not found"), ports.Ports((CLOSED,), alone=False)]
)
def test_ports_that_nobody_could_look_at_are_never_right(seen: ports.Ports) -> None:
    (found,) = checks.check(seen, checks.Around())
    assert found.level is Level.WARNING
    assert found.sentence.startswith("The ports were not checked: ")
    assert found.remedy


@pytest.mark.parametrize(
    ("address", "own", "expected"),
    [
        ("203.0.113.10", {"4": "10.0.0.5"}, {4: "203.0.113.10"}),
        ("fd00::5", {"4": "192.168.1.5"}, {4: "192.168.1.5", 6: "fd00::5"}),
        # Through a private network: what counts is where the world comes from.
        ("10.8.0.5", {"4": "8.8.8.8", "6": "2a01:4f8::1"}, {4: "8.8.8.8", 6: "2a01:4f8::1"}),
        ("8.8.4.4", {"4": "8.8.8.8", "6": "fe80::1"}, {4: "8.8.4.4"}),
        ("localhost", {}, {4: "127.0.0.1", 6: "::1"}),
    ],
)
def test_which_addresses_stand_for_the_server(
    address: str, own: dict[str, str], expected: dict[int, str]
) -> None:
    found = asyncio.run(ports._targets(address, own))
    assert found.items() <= expected.items()
    assert found.keys() | {6} == expected.keys() | {6}


def test_only_what_comes_from_this_computer_counts_as_arrived() -> None:
    arrived = [
        ["tcp", 443, 4, "203.0.113.99"],
        ["tcp", 80, 4, "198.51.100.1"],
        ["tcp", 443, 6, "2001:db8::7"],
        ["udp", 10000, 4, "203.0.113.99"],  # has the session's token
    ]
    assert ports._of_ours(arrived, "198.51.100.1") == {
        ("tcp", 80, 4), ("tcp", 443, 6), ("udp", 10000, 4),
    }  # fmt: skip
    assert len(ports._of_ours(arrived, "")) == 4
    assert ports._of_ours(None, "") == set()


def test_the_roles_need_these_ports_and_no_others() -> None:
    assert set(checks.COSTS) == {port.name for port in listening.outside()}
    assert {port.key for port in listening.outside()} <= set(listening.needed({"turn_domain": ""}))


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("echo 'bash: python3: not found' >&2; exit 127", "bash: python3: not found"),
        ("echo Welcome; echo '{}'; cat > /dev/null", ""),
        ("echo '{\"held\": 1'; echo broken >&2", "broken"),
        ("head -c 300000 /dev/zero | tr '\\0' '{'; echo too much >&2", ""),
        (f"echo '{MARK}{NONSENSE}'; cat > /dev/null", "nonsense"),
        # Something that ssh has started keeps its output open.
        ("sleep 20 & echo $! >&2; exit 255", ""),
    ],
)
def test_whatever_a_server_says_instead_of_listening(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, reason: str
) -> None:
    monkeypatch.setattr(ports, "PATIENCE", 2)
    monkeypatch.setattr(ports, "GOODBYE", 1)
    monkeypatch.setattr(ports.openssh, "arguments", lambda *_words: ["sh", "-c", program])
    school = load_school()
    found = asyncio.run(ports.look(school, tmp_path / "known_hosts", None))
    assert found.readings == ()
    assert reason in found.reason
    (only,) = checks.check(found, checks.Around())
    assert only.level is Level.WARNING


def load_school() -> School:
    """Return some school."""
    return School(
        address="203.0.113.10", domain="meet.example.org", school="Schule", contact="it@example.org"
    )
