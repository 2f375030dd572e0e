"""ACC: accounts come and go with the program, and what is gone opens no door."""

from __future__ import annotations

import json
import re
import uuid
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import Refused
from tests.prosody.websocket import ClosedError
from tests.system.entrance import Entrance
from tests.system.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prosody.person import Match
    from tests.system.project import Done
    from tests.system.school import School

KEY = "gymnasium-nord"
NAME, COLLEAGUE = "c.lange", "d.kurz"
STREAMS = "urn:xmpp:sm:3"
ENDED = (ClosedError, ConnectionError, ET.ParseError, Refused)
"""How a connection ends. Prosody's last word, a stream error, lacks a namespace on websockets."""
JSON = {"password": ["--json"], "remove": []}
PASSWORD = re.compile(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}")


def sign_in(entrance: Entrance, password: str) -> Visitor:
    """Return the teacher, signed in; Refused if that is not the password."""
    teacher = Visitor(entrance, entrance.domain)
    teacher.sign_in(NAME, password)
    return teacher


def password_in(done: Done) -> str:
    """Return the password that the program shows, once, for one teacher."""
    assert done.code == 0, done.err
    shown = json.loads(done.out)
    assert list(shown) == [NAME]
    assert PASSWORD.fullmatch(shown[NAME])
    assert PASSWORD.search(done.err) is None
    return str(shown[NAME])


def where_is(school: School, text: str) -> str:
    """Return which files on the server hold a text, the journal included."""
    places = ["/etc", "/var/lib", "/var/log", "/var/tmp", "/tmp", "/root", "/run"]
    found = school.host.run(["grep", "-rlsF", "--exclude-dir=dpkg", text, *places], check=False)
    said = school.host.run(["journalctl", "--boot", "--output=cat"]).stdout
    return found.stdout + ("journal\n" if text in said else "")


def test_accounts_round_trip(school: School, entrance: Entrance) -> None:
    teachers = school.project
    first = password_in(teachers.run("teachers", "add", KEY, NAME, "--json"))
    assert teachers.run("teachers", "list", KEY, "--json").out == f'["{NAME}"]\n'
    sign_in(entrance, first).leave()
    assert where_is(school, first) == ""

    again = teachers.run("teachers", "add", KEY, NAME)
    assert (again.code, again.out) == (5, "")
    assert f"provision teachers password {KEY} {NAME}" in again.err
    sign_in(entrance, first).leave()

    second = password_in(teachers.run("teachers", "password", KEY, NAME, "--json"))
    assert second != first
    with pytest.raises(Refused, match="not-authorized"):
        sign_in(entrance, first)
    inside = sign_in(entrance, second)

    assert teachers.run("teachers", "remove", KEY, NAME).code == 0
    with pytest.raises(ENDED):
        inside.expect(lambda _stanza: False, 10)
    with pytest.raises(Refused, match="not-authorized"):
        sign_in(entrance, second)
    assert teachers.run("teachers", "list", KEY, "--json").out == "[]\n"
    assert where_is(school, NAME) == ""


@pytest.fixture(params=["13", "12"])
def deployed(request: pytest.FixtureRequest) -> School:
    """A deployed school on each release."""
    found: School = request.getfixturevalue("school" if request.param == "13" else "school12")
    return found


@pytest.fixture
def passwords(deployed: School) -> Iterator[dict[str, str]]:
    """Two teachers' passwords."""
    made = deployed.project.run("teachers", "add", KEY, NAME, COLLEAGUE, "--json")
    assert made.code == 0, made.err
    yield json.loads(made.out)
    left = json.loads(deployed.project.run("teachers", "list", KEY, "--json").out)
    assert deployed.project.run("teachers", "remove", KEY, *left).code == 0


def resumable(person: Visitor) -> str:
    """Have the server keep a connection for a while if it breaks; return what takes it up again."""
    person.socket.send(f"<enable xmlns='{STREAMS}' resume='true'/>")
    answer = person.expect(lambda stanza: stanza.tag == f"{{{STREAMS}}}enabled")
    return answer.get("id", "")


def has_left(address: str) -> Match:
    """Match what tells a room that somebody has left it."""
    return lambda stanza: stanza.get("from") == address and stanza.get("type") == "unavailable"


@pytest.mark.parametrize("command", ["password", "remove"])
def test_what_somebody_had_open_ends(
    deployed: School, passwords: dict[str, str], command: str
) -> None:
    """A connection, one that broke and may be taken up again, one that is only signed in."""
    entrance = Entrance(deployed.host.address, deployed.domain, deployed.bench.acme.root_file)
    room = f"room-{uuid.uuid4().hex[:8]}@conference.{deployed.domain}"

    def signed_in(name: str) -> Visitor:
        person = Visitor(entrance, deployed.domain)
        person.sign_in(name, passwords[name])
        return person

    witness = signed_in(COLLEAGUE)
    witness.open_room(room)
    witness.join(room)
    inside, broken = signed_in(NAME), signed_in(NAME)
    kept = resumable(broken)
    resumable(inside)
    inside.join(room)
    broken.join(room)
    broken.socket.close()
    waiting = Visitor(entrance, deployed.domain)
    waiting.try_password(NAME, passwords[NAME])

    done = deployed.project.run("teachers", command, KEY, NAME, *JSON[command])
    assert done.code == 0, done.err
    for person in (inside, broken):
        address = f"{room}/{person.nick}"
        witness.expect(has_left(address), 1)
    with pytest.raises(ENDED):
        inside.open_room(f"other-{room}")
    with pytest.raises(ENDED):
        waiting.open()
    shown = deployed.host.run(["prosodyctl", "shell", "c2s:show()"]).stdout
    assert NAME not in shown
    assert COLLEAGUE in shown
    if command == "password":
        again = Visitor(entrance, deployed.domain)
        again.try_password(NAME, password_in(done))
        again.open()
        again.socket.send(f"<resume xmlns='{STREAMS}' previd='{kept}' h='0'/>")
        answer = again.expect(lambda stanza: stanza.tag.startswith(f"{{{STREAMS}}}"))
        assert answer.tag == f"{{{STREAMS}}}failed"
    witness.leave()
