"""What a thousand stanzas of each kind that a guest can send cost Prosody's only thread.

The bound is a multiple of what a thousand questions to nobody in particular cost on the same
machine at the same time: what an answer costs at all, over the same connection.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.person import MUC
from tests.prosody.server import DOMAIN
from tests.prosody.test_nothing_is_left import KEPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.prosody.conftest import Start
    from tests.prosody.person import Person
    from tests.prosody.server import Prosody

# So that a thousand are there in a second: what is measured is the thread, not the waiting.
OPTIONS = """
limits = { c2s = { rate = "100mb/s" } }
log = { warn = "/dev/null" }
school_stanza_rate = 100000
school_source_rate = 100000
"""
NUMBER = 1000
PLAIN = "<iq type='get' id='{n}' to='guest.{domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
ROOM, LOBBY, PEOPLE = "{room}", "{lobby}", 20
DISCO = "http://jabber.org/protocol/disco"


def question(kind: str, to: str, payload: str) -> str:
    """Return a question with room for its number."""
    address = f" to='{to}'" if to else ""
    return f"<iq type='{kind}' id='{{n}}'{address}>{payload}</iq>"


TO_HOSTS = {
    f"{name} of {host or 'the account'}": question("get", host, payload)
    for host in ("", "{domain}", "conference.{domain}")
    for name, payload in {
        "info": f"<query xmlns='{DISCO}#info'/>",
        "items": f"<query xmlns='{DISCO}#items'/>",
        "relays": "<services xmlns='urn:xmpp:extdisco:2'/>",
    }.items()
}
TO_ROOM = {
    "info of the room": question("get", ROOM, f"<query xmlns='{DISCO}#info'/>"),
    "items of the room": question("get", ROOM, f"<query xmlns='{DISCO}#items'/>"),
    "settings of the room": question("get", ROOM, f"<query xmlns='{MUC}#owner'/>"),
    "members of the room": question(
        "get", ROOM, f"<query xmlns='{MUC}#admin'><item affiliation='member'/></query>"
    ),
    "somebody's rights": question(
        "set", ROOM, f"<query xmlns='{MUC}#admin'><item nick='x' role='none'/></query>"
    ),
    "a nickname": question("set", ROOM, "<query xmlns='jabber:iq:register'><x/></query>"),
    "a question to a classmate": question("get", ROOM + "/{other}", "<query xmlns='urn:x'/>"),
    "a text for a classmate": "<message id='{n}' type='chat' to='{room}/{other}'><body>x</body>"
    "</message>",
    "an invitation": f"<message to='{{room}}'><x xmlns='{MUC}#user'><invite to='a@b'/></x>"
    "</message>",
    "another place": f"<presence to='{{room}}/focus'><x xmlns='{MUC}'/></presence>",
    "entering the lobby anew": f"<presence to='{{lobby}}/{{nick}}'><x xmlns='{MUC}'/></presence>",
}
ELSEWHERE = {
    "a text for an address": "<message to='{address}'><body>x</body></message>",
    "a question to an address": question("get", "{address}", "<query xmlns='urn:x'/>"),
    "presence": "<presence/>",
    "presence at an address": "<presence to='{address}'/>",
    "a contact": "<presence type='subscribe' to='c{n}@{domain}'/>",
    "a contact of the focus": "<presence type='subscribe' to='focus.{domain}'/>",
    "a contact's answer": "<presence type='subscribed' to='c{n}@{domain}'/>",
    "a command": "<message to='metadata.{domain}'><room_metadata xmlns='urn:x'/></message>",
}
KINDS = {
    **{f"keeping: {name}": question("set", "", payload) for name, payload in KEPT.items()},
    **TO_HOSTS,
    **TO_ROOM,
    **ELSEWHERE,
}
TO_ALL = {
    "a text for all": "<message type='groupchat' to='{room}'><body>x</body></message>",
    "a new picture for all": f"<presence to='{{room}}/{{nick}}'><x xmlns='{MUC}'/></presence>",
}
"""Each is one stanza for each of those who are in the room."""


def spent(server: Prosody) -> float:
    """Return the seconds that the process has spent in all."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def drain(person: Person) -> None:
    """Take all that has arrived for somebody, unread."""
    person.send(
        f"<iq type='get' id='drained' to='{person.host}'><ping xmlns='urn:xmpp:ping'/></iq>"
    )
    while "drained" not in person.socket.receive(30):
        pass


@pytest.fixture(scope="module")
def cost(start: Start) -> Callable[[str], float]:
    """A function that says what it costs that one of a class sends a thousand stanzas."""
    server = start(OPTIONS)
    meeting = Meeting(server)
    teacher = meeting.teacher()
    pupils = [meeting.admitted_guest(teacher) for _pupil in range(PEOPLE)]
    guest, other = pupils[:2]

    def measure(template: str) -> float:
        values = {
            "domain": DOMAIN, "room": meeting.room, "lobby": meeting.lobby, "nick": guest.nick,
            "other": other.nick, "address": other.jid,
        }  # fmt: skip
        everybody = (guest, teacher, meeting.focus, *pupils[1:])
        for person in everybody:
            drain(person)
        before = spent(server)
        for number in range(NUMBER):
            guest.send(template.format(n=f"n{number}", **values))
            if number % 50 == 49:
                for person in everybody if template in TO_ALL.values() else (guest,):
                    drain(person)
        return spent(server) - before

    return measure


def test_no_stanza_costs_much_more_than_an_answer(cost: Callable[[str], float]) -> None:
    plain = min(cost(PLAIN) for _time in range(3))
    costs = {name: cost(template) for name, template in KINDS.items()}
    # Measured: at most nine times as much, for what a room says of itself. A contact in a list of
    # some thousand, which guests had once, cost a thousand times as much.
    assert {name: spent / plain for name, spent in costs.items() if spent > 15 * plain} == {}
    # Measured: a text one answer for each reader; a picture three to five.
    for name, template in TO_ALL.items():
        assert cost(template) < 8 * plain * (PEOPLE + 2), name
