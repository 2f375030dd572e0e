"""ACC: accounts come and go with the program, and what is gone opens no door."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import Refused
from tests.prosody.websocket import ClosedError
from tests.system.visitor import Visitor

if TYPE_CHECKING:
    from tests.system.entrance import Entrance
    from tests.system.project import Done
    from tests.system.school import School

KEY = "gymnasium-nord"
NAME = "c.lange"
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
    assert teachers.run("teachers", "list", KEY, "--json").out == f'[\n  "{NAME}"\n]\n'
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
    with pytest.raises(ClosedError):
        inside.expect(lambda _stanza: False, 10)
    with pytest.raises(Refused, match="not-authorized"):
        sign_in(entrance, second)
    assert teachers.run("teachers", "list", KEY, "--json").out == "[]\n"
    assert where_is(school, NAME) == ""
