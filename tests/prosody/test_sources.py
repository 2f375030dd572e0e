"""What all connections of one source may ask together; a class behind one address never notices.

Nothing here depends on how quick the machine is: a source may have had what it had at once, and
what the time since then allows, and no more.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.prosody.bosh import Bosh
from tests.prosody.meeting import Meeting
from tests.prosody.person import Person
from tests.prosody.server import DOMAIN
from tests.prosody.websocket import PING, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.prosody.conftest import Start
    from tests.prosody.server import Prosody

OBSERVED = """
modules_enabled = { "admin_shell", "limits", "school_sources", "test_sources" }
school_source_sweep = 1
log = { warn = "*console" }
"""
SMALL = """
school_source_rate = 100
school_source_burst = 200
"""
PATIENCE = 180
"""Seconds until a whole class has had all its answers, on a machine that does much else."""
READ = 8192
"""How much Prosody reads of one connection at once."""
FRAME, PRICE = 0.2, 1.2
"""What a frame costs, and a stanza in one, in stanzas; without its bytes."""
RESULT, PONGS = b"type='result'", b"count-me"
QUESTION = (
    f"<iq xmlns='jabber:client' type='get' id='p' to='guest.{DOMAIN}'>"
    "<ping xmlns='urn:xmpp:ping'/></iq>"
)
GUEST = f"guest.{DOMAIN}"


def frames(text: str, kind: int = TEXT) -> bytes:
    """Return one message as a browser sends it, masked with nothing."""
    data = text.encode()
    assert len(data) < 126
    return struct.pack("!BB", 0x80 | kind, 0x80 | len(data)) + bytes(4) + data


ASKED = frames(QUESTION)


@dataclass(frozen=True)
class Sources:
    """What the server knows of sources."""

    accounts: int
    held: int
    """How often a connection was held, since the server began."""
    waiting: int
    """How many connections are held just now."""


def sources(server: Prosody) -> Sources:
    """Return what the server says of its sources."""
    url = f"http://127.0.0.1:{server.port}/sources"
    request = urllib.request.Request(url, headers={"Host": DOMAIN})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return Sources(*map(int, answer.read().split()))


@pytest.fixture
def shipped(start: Start) -> Prosody:
    """A server as a school has it, which tells of its sources."""
    return start(OBSERVED)


@pytest.fixture
def small(start: Start) -> Prosody:
    """The same with accounts that are soon overdrawn."""
    return start(OBSERVED + SMALL)


@contextmanager
def guests(server: Prosody, number: int, address: str, host: str = GUEST) -> Iterator[list[Person]]:
    """People behind one address, signed in."""
    people = []
    try:
        for _ in range(number):
            people.append(Person(server, host, address=address))
            people[-1].sign_in("teacher" if host == DOMAIN else "")
            people[-1].catch_up()
        yield people
    finally:
        for person in people:
            person.socket.close()


class Answers:
    """Counts what comes back on many connections, by a text that each answer has once."""

    def __init__(self, people: list[Person], sign: bytes, frame: bytes) -> None:
        self.sign = sign
        self.ahead = READ / len(frame)
        self.number = 0
        self.begun = time.monotonic()
        self._rest = {person.socket.socket: b"" for person in people}

    def take(self, seconds: float) -> bool:
        """Read what is there; return whether anything came within so many seconds."""
        ready = select.select(list(self._rest), [], [], seconds)[0]
        for sock in ready:
            pieces = (self._rest[sock] + sock.recv(65536)).split(self.sign)
            self.number += len(pieces) - 1
            self._rest[sock] = pieces[-1][-len(self.sign) + 1 :]
        return bool(ready)

    def allowed(self, price: float, rate: float, burst: float) -> float:
        """Return how many a source may have had by now: what is read at once comes as a whole."""
        return (burst + rate * (time.monotonic() - self.begun)) / price + self.ahead


def send(people: list[Person], data: bytes) -> None:
    """Let each of them send the same."""
    for person in people:
        person.socket.socket.sendall(data)


def overdraw(person: Person, number: int = 140) -> None:
    """Spend what a small account has, and more."""
    send([person], ASKED * number)


def await_sources(server: Prosody, match: Callable[[Sources], bool]) -> Sources:
    """Return what the server says of its sources as soon as it matches."""
    deadline = time.monotonic() + 30
    while not match(found := sources(server)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_a_hundred_connections_of_one_source_have_one_share(start: Start) -> None:
    """Each keeps to its own rate; without a sum they have all of the thread."""
    rate, burst, each = 50, 2000, 60
    server = start(OBSERVED + f"school_source_rate = {rate}\nschool_source_burst = {burst}\n")
    with (
        guests(server, 100, "203.0.113.7") as people,
        guests(server, 1, "198.51.100.9") as (other,),
    ):
        answers = Answers(people, RESULT, ASKED)
        send(people, ASKED * each)
        rounds = 0
        while rounds < 20 or not sources(server).waiting:
            # A bystander has an answer between any two looks at them.
            other.catch_up()
            rounds += 1
            answers.take(0.01)
            assert answers.number <= answers.allowed(PRICE, rate, burst)
        send(people, ASKED * each)
        for _ in range(20):
            other.catch_up()
            answers.take(0.01)
            assert answers.number <= answers.allowed(PRICE, rate, burst)


@contextmanager
def lobby(server: Prosody, groups: dict[str, int]) -> Iterator[Lobby]:
    """A teacher who watches a lobby, and so many who wait there behind each address."""
    meeting = Meeting(server)
    try:
        teacher = meeting.teacher()
        teacher.join(meeting.lobby)
        waiting = {}
        for address, number in groups.items():
            waiting[address] = [meeting.person(GUEST, address=address) for _ in range(number)]
            for person in waiting[address]:
                person.knock(meeting.room)
        await_sources(server, lambda found: found.accounts == 0)  # entering is paid for
        teacher.catch_up()
        yield Lobby(meeting.lobby, teacher, waiting)
    finally:
        meeting.close()


@dataclass(frozen=True)
class Lobby:
    """A lobby, who watches it, and who waits there, by address."""

    address: str
    teacher: Person
    waiting: dict[str, list[Person]]

    def update(self, person: Person) -> bytes:
        """Return what somebody sends, and the teacher sees."""
        return frames(f"<presence xmlns='jabber:client' to='{self.address}/{person.nick}'/>")


def test_what_many_hear_of_costs_more(start: Start) -> None:
    """One of a hundred who wait in a lobby costs Prosody fifty times what a question does."""
    rate, burst, each = 300, 500, 30
    server = start(OBSERVED + f"school_source_rate = {rate}\nschool_source_burst = {burst}\n")
    address = "203.0.113.21"
    crowd = {f"198.51.100.{number}": 1 for number in range(30)}
    with lobby(server, crowd | {address: 10}) as there:
        greedy = there.waiting[address]
        price = 1 + 0.5 * (len(crowd) + len(greedy)) + FRAME
        answers = Answers([there.teacher], b"<presence ", there.update(greedy[0]))
        for person in greedy:
            send([person], there.update(person) * each)
        while answers.number < len(greedy) * each:
            assert answers.take(30), answers.number
            assert answers.number <= answers.allowed(price, rate, burst)


def test_others_come_in_between_what_one_source_may_ask_at_once(start: Start) -> None:
    """However much that is: who asks first or last is not the last to be heard."""
    server = start(OBSERVED + "school_source_burst = 1000000\nschool_stanza_burst = 1000\n")
    assert server.process is not None
    each = 40
    with lobby(server, {"203.0.113.22": 20, "198.51.100.9": 1, "198.51.100.10": 1}) as there:
        greedy, (first,), (last,) = there.waiting.values()
        os.kill(server.process.pid, signal.SIGSTOP)  # so that all of it is there at once
        send([first], there.update(first))
        for person in greedy:
            send([person], there.update(person) * each)
        send([last], there.update(last))
        os.kill(server.process.pid, signal.SIGCONT)
        seen, others = 0, {f"/{person.nick}'" for person in (first, last)}
        while others:
            text = there.teacher.socket.receive(30)
            others -= {nick for nick in others if nick in text}
            seen += 1
        assert seen < len(greedy) * each / 2


def test_what_waits_is_not_lost(small: Prosody) -> None:
    with guests(small, 3, "203.0.113.8") as people:
        answers = Answers(people, RESULT, ASKED)
        send(people, ASKED * 140)
        while answers.number < 3 * 140:
            assert answers.take(30), answers.number
            assert answers.number <= answers.allowed(PRICE, 100, 200)
        assert sources(small).waiting == 0
        for person in people:  # and nothing of it comes twice
            person.catch_up()


def test_ping_frames_are_paid_for(small: Prosody) -> None:
    """Prosody answers them itself; no other module sees them."""
    with guests(small, 2, "203.0.113.9") as people:
        frame = frames("count-me", PING)
        answers = Answers(people, PONGS, frame)
        send(people, frame * 4000)
        while answers.number < 3000:
            assert answers.take(30), answers.number
            assert answers.number <= answers.allowed(FRAME, 100, 200)


def test_a_frame_is_counted_wherever_it_is_cut(small: Prosody) -> None:
    """The network cuts frames anywhere: in their heads, and in long contents."""
    with guests(small, 1, "203.0.113.10") as (person,):
        long = QUESTION + " " * 1000
        head = struct.pack("!BBH", 0x81, 0xFE, len(long)) + bytes(4)
        for data in (head + long.encode() + ASKED) * 3, frames("ping", PING) * 3:
            for at in range(0, len(data), 7):
                send([person], data[at : at + 7])
        person.catch_up()
        assert len([stanza for stanza in person.heard if stanza.get("id") == "p"]) == 6


def test_who_shares_an_ipv6_line_shares_an_account(small: Prosody) -> None:
    line, other = "2001:db8:1:2::", "2001:db8:1:3::"
    with (
        guests(small, 1, line + "1") as (greedy,),
        guests(small, 1, line + "ffff:2") as (beside,),
        guests(small, 1, other + "1") as (elsewhere,),
    ):
        await_sources(small, lambda found: found.accounts == 0)  # nobody from before
        overdraw(greedy, 400)
        held = await_sources(small, lambda found: found.waiting > 0).held
        elsewhere.catch_up()
        assert sources(small).held == held
        while (found := sources(small)).held == held:
            assert found.waiting, "what was overdrawn is used up"
            beside.catch_up()


def test_accounts_that_are_balanced_are_forgotten(small: Prosody) -> None:
    for number in range(300):
        with guests(small, 1, f"198.18.{number // 250}.{number % 250}"):
            pass
    await_sources(small, lambda found: found.accounts == 0)


@pytest.mark.parametrize("how", ["in order", "with a reset"])
def test_who_goes_while_held_leaves_nothing(small: Prosody, how: str) -> None:
    with guests(small, 10, "203.0.113.11") as people:
        for person in people:
            overdraw(person)
        await_sources(small, lambda found: found.waiting > 0)
        if how == "with a reset":
            for person in people:
                linger = struct.pack("ii", 1, 0)
                person.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    await_sources(small, lambda found: found.accounts == 0)
    log = small.log("output")
    assert not [
        line for line in log.splitlines() if "error\t" in line or "traceback" in line.lower()
    ]


def test_staff_are_not_counted(small: Prosody) -> None:
    with guests(small, 1, "203.0.113.12", DOMAIN) as (teacher,):
        held = sources(small).held
        send([teacher], frames(QUESTION.replace(GUEST, DOMAIN)) * 400)
        answers = Answers([teacher], RESULT, ASKED)
        while answers.number < 400:
            assert answers.take(30), answers.number
        assert sources(small).held == held


def test_bosh_is_paid_from_the_same_account(small: Prosody) -> None:
    """Each session has its own rate there, too, and a source may have many."""
    address = "203.0.113.13"
    sessions = [Bosh(small, address) for _ in range(4)]
    begun, done = time.monotonic(), 0
    for session in sessions * 2:
        status, _answer = session.send(QUESTION * 60)
        assert status == 200
        done += 60
        # A request comes in before it is paid for: one is always ahead.
        assert done - 60 <= 200 + 100 * (time.monotonic() - begun)


def test_requests_that_waited_together_do_not_come_on_together(start: Start) -> None:
    server = start(OBSERVED + "school_source_rate = 100; school_source_burst = 150")
    sessions = [Bosh(server, "203.0.113.15") for _ in range(12)]
    await_sources(server, lambda found: found.accounts == 0)
    begun, each, done = time.monotonic(), 60, 0
    with ThreadPoolExecutor(len(sessions)) as pool:
        for sent in as_completed(pool.submit(one.send, QUESTION * each) for one in sessions):
            assert sent.result()[0] == 200
            done += each
            # One is always ahead, and one may be answered while this one is counted.
            assert done - 2 * each <= 150 + 100 * (time.monotonic() - begun)


def test_a_named_network_of_the_school_has_four_shares(start: Start) -> None:
    server = start(
        OBSERVED + SMALL + "school_networks = { '203.0.113.64/26', '2001:db8:9::/48' }\n"
    )
    for address in ("203.0.113.70", "2001:db8:9:1::5"):
        with guests(server, 1, address) as (pupil,):
            held = sources(server).held
            overdraw(pupil, 140)
            send([pupil], frames("x", PING) * 1500)
            pupil.catch_up()
            assert sources(server).held == held
    with guests(server, 2, "203.0.113.2") as people:
        send(people, frames("x", PING) * 4000)
        await_sources(server, lambda found: found.waiting > 0)


def enter(meeting: Meeting, pupils: list[Person], teacher: Person) -> None:
    """Let a class do what its browsers do at the bell, all at the same moment."""
    described = "<source ssrc='1'><parameter name='msid' value='x'/></source>" * 160
    for pupil in pupils:
        pupil.knock(meeting.room)
    teacher.admit(meeting.room, *pupils)
    for pupil in pupils:
        for number in range(56):
            pupil.send(
                f"<iq type='get' id='a{number}' to='{GUEST}'><ping xmlns='urn:xmpp:ping'/></iq>"
            )
        for number in range(6):
            pupil.send(
                f"<iq type='set' id='j{number}' to='{meeting.room}/focus'>"
                f"<jingle xmlns='urn:xmpp:jingle:1'>{described}</jingle></iq>"
            )
        here = f"{meeting.room}/{pupil.nick}"
        for _ in range(2):
            pupil.send(
                f"<presence to='{here}'><nick xmlns='http://jabber.org/protocol/nick'>Kim</nick></presence>"
            )


def test_a_class_of_forty_behind_one_address_is_never_held(shipped: Prosody) -> None:
    address = "203.0.113.14"
    meeting = Meeting(shipped)
    try:
        teacher = meeting.teacher()
        held = sources(shipped).held
        pupils = [meeting.person(GUEST, address=address) for _ in range(40)]
        enter(meeting, pupils, teacher)
        for pupil in pupils:
            pupil.expect(lambda stanza: stanza.get("id") == "a55", seconds=PATIENCE)
            pupil.send("<iq type='get' id='end'><ping xmlns='urn:xmpp:ping'/></iq>")
            pupil.expect(lambda stanza: stanza.get("id") == "end", seconds=PATIENCE)
        assert sources(shipped).held == held
    finally:
        meeting.close()
