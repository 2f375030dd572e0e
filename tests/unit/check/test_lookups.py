"""Questions to name servers that answer well, badly, or not at all."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from provision.check import lookups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Reply = Callable[[dns.message.Message], bytes | None]

NAME = "meet.example.org"


def serve(sock: socket.socket, reply: Reply) -> None:
    """Answer datagrams until the socket is closed."""
    with suppress(OSError):
        while True:
            data, sender = sock.recvfrom(4096)
            answer = reply(dns.message.from_wire(data))
            if answer is not None:
                sock.sendto(answer, sender)


def serve_stream(sock: socket.socket, reply: Reply) -> None:
    """Answer connections until the socket is closed."""
    with suppress(OSError):
        while True:
            connection, _sender = sock.accept()
            with connection:
                data = connection.recv(4096)
                answer = reply(dns.message.from_wire(data[2:])) or b""
                connection.sendall(len(answer).to_bytes(2) + answer)


def both_on_one_port() -> tuple[socket.socket, socket.socket]:
    """Return a socket for datagrams and one for streams; a port may be free for one kind alone."""
    while True:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        try:
            return sock, socket.create_server(("127.0.0.1", sock.getsockname()[1]))
        except OSError:
            sock.close()


@pytest.fixture
def ask() -> Iterator[Callable[[Reply], lookups.Names]]:
    """Return what is found where a name server answers every question in this way."""
    sockets: list[socket.socket] = []

    def look(reply: Reply) -> lookups.Names:
        sock, stream = both_on_one_port()
        sockets.extend((sock, stream))
        for target, end in ((serve, sock), (serve_stream, stream)):
            threading.Thread(target=target, args=(end, reply), daemon=True).start()
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = sock.getsockname()[1]
        return asyncio.run(lookups.look([NAME], ["203.0.113.10"], resolver))

    yield look
    for sock in sockets:
        sock.close()


def records(zone: dict[tuple[str, str], list[str]]) -> Reply:
    """Return a name server with these records, which cuts what is too long for a datagram."""

    def reply(query: dns.message.Message) -> bytes:
        question = query.question[0]
        answer = dns.message.make_response(query)
        kind = dns.rdatatype.to_text(question.rdtype)
        values = zone.get((question.name.to_text(omit_final_dot=True), kind))
        if values:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        return answer.to_wire(max_size=65535)

    return reply


def test_addresses_and_a_reverse_name(ask: Callable[[Reply], lookups.Names]) -> None:
    zone = {
        (NAME, "A"): ["203.0.113.10"],
        ("10.113.0.203.in-addr.arpa", "PTR"): ["v1.provider.example."],
    }
    found = ask(records(zone))
    (name,) = found.names
    assert name.ipv4 == lookups.Answer("found", ("203.0.113.10",), NAME)
    assert name.ipv6.state == "none"
    assert name.caa.state == "none"
    assert found.reverse["203.0.113.10"].values == ("v1.provider.example.",)


def test_caa_climbs_to_the_nearest_name_that_has_some(
    ask: Callable[[Reply], lookups.Names],
) -> None:
    zone = {
        ("example.org", "CAA"): ['0 issue "letsencrypt.org"', '128 future "x"'],
        ("org", "CAA"): ['0 issue ";"'],
    }
    (name,) = ask(records(zone)).names
    assert name.caa.owner == "example.org"
    assert set(name.properties) == {
        lookups.Caa(critical=False, tag="issue", value="letsencrypt.org"),
        lookups.Caa(critical=True, tag="future", value="x"),
    }


def no_such_name(query: dns.message.Message) -> bytes:
    answer = dns.message.make_response(query)
    answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer.to_wire()


def failing(query: dns.message.Message) -> bytes:
    answer = dns.message.make_response(query)
    answer.set_rcode(dns.rcode.SERVFAIL)
    return answer.to_wire()


def circle(query: dns.message.Message) -> bytes:
    """Point the name to another one and that one back."""
    question = query.question[0]
    answer = dns.message.make_response(query)
    other = dns.name.from_text("other." + NAME)
    answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "CNAME", other.to_text()))
    answer.answer.append(dns.rrset.from_text(other, 60, "IN", "CNAME", question.name.to_text()))
    return answer.to_wire()


def rubbish(query: dns.message.Message) -> bytes:
    return query.id.to_bytes(2) + b"\xff" * 500


def another_question(query: dns.message.Message) -> bytes:
    other = dns.message.make_query("evil.example", "A", id=query.id)
    answer = dns.message.make_response(other)
    answer.answer.append(dns.rrset.from_text("evil.example.", 60, "IN", "A", "192.0.2.66"))
    return answer.to_wire()


@pytest.mark.parametrize(
    ("reply", "states"),
    [
        (no_such_name, {"unknown"}),
        (failing, {"broken"}),
        (circle, {"broken", "none"}),
        (rubbish, {"broken", "silent"}),
        (another_question, {"broken", "silent"}),
        (lambda _query: None, {"silent"}),
    ],
    ids=["unknown", "failing", "circle", "rubbish", "another question", "silent"],
)
def test_hostile_answers_end_in_a_word(
    ask: Callable[[Reply], lookups.Names],
    monkeypatch: pytest.MonkeyPatch,
    reply: Any,
    states: set[str],
) -> None:
    monkeypatch.setattr(lookups, "SECONDS", 0.5)
    found = ask(reply)
    (name,) = found.names
    assert {name.ipv4.state, name.ipv6.state, name.caa.state} <= states
    assert not name.ipv4.values


def test_an_answer_of_many_kilobytes_is_cut(ask: Callable[[Reply], lookups.Names]) -> None:
    many = [f"198.51.{number // 250}.{number % 250 + 1}" for number in range(900)]
    zone = {(NAME, "A"): many, (NAME, "CAA"): [f'0 issue "{"x" * 250}{n}"' for n in range(140)]}
    (name,) = ask(records(zone)).names
    assert len(name.ipv4.values) == lookups.MOST_VALUES
    assert len(name.properties) == lookups.MOST_VALUES


def test_a_computer_without_name_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "_resolver", lambda: None)
    (name,) = asyncio.run(lookups.look([NAME], [])).names
    assert {name.ipv4.state, name.ipv6.state, name.caa.state} == {"silent"}


def test_a_name_server_that_takes_its_time_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookups, "ALL_SECONDS", 0.1)

    class Slow:
        async def resolve(self, *_question: Any, **_options: Any) -> None:
            await asyncio.sleep(0.04)
            raise dns.resolver.NoAnswer

    deep = ".".join(["a"] * 60)
    (name,) = asyncio.run(lookups.look([deep], [], Slow())).names
    assert {name.ipv4.state, name.ipv6.state, name.caa.state} == {"silent"}
