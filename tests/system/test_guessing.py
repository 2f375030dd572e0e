"""ACC-02 and ACC-04: what a stranger meets who tries passwords, on servers of both releases."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import SCRAM, Refused
from tests.system.entrance import Entrance
from tests.system.visitor import BoshVisitor, Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Bench
    from tests.system.school import School

NAME, NOBODY = "a.guess", "b.guess"


@pytest.fixture(scope="module", params=["13", "12"])
def deployed(request: pytest.FixtureRequest) -> School:
    """A deployed school on each release."""
    name = "school" if request.param == "13" else "school12"
    found: School = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="module")
def door(bench: Bench, deployed: School) -> Entrance:
    """Its server as the outside sees it."""
    return Entrance(deployed.host.address, deployed.domain, bench.acme.root_file)


@pytest.fixture(scope="module")
def password(deployed: School) -> Iterator[str]:
    """What a teacher got from the program."""
    made = deployed.project.run("teachers", "add", "gymnasium-nord", NAME, "--json")
    assert made.code == 0, made.err
    yield made.out.split('"')[3]
    assert deployed.project.run("teachers", "remove", "gymnasium-nord", NAME).code == 0


def test_nobody_signs_in_where_focus_and_bridge_do(door: Entrance) -> None:
    host = f"auth.{door.domain}"
    with pytest.raises(Refused, match="host-unknown"):
        Visitor(door, host)
    bosh = BoshVisitor(door, host)
    assert (bosh.session, bosh.mechanisms) == ("", [])


@pytest.mark.parametrize(
    "host", ["conference.{0}", "lobby.{0}", "breakout.{0}", "internal.auth.{0}", "localhost"]
)
def test_no_other_host_takes_a_stream(door: Entrance, host: str) -> None:
    with pytest.raises(Refused, match="host-unknown"):
        Visitor(door, host.format(door.domain))


def test_passwords_are_proven_and_never_sent(door: Entrance, password: str) -> None:
    visitor = Visitor(door, door.domain)
    assert visitor.offered == {SCRAM}
    with pytest.raises(Refused, match="invalid-mechanism"):
        visitor.try_password(NAME, password, "PLAIN")
    assert BoshVisitor(door, door.domain).mechanisms == [SCRAM]


@pytest.mark.usefixtures("password")
def test_a_name_without_account_is_asked_and_refused_like_a_teachers(door: Entrance) -> None:
    shapes = set()
    for name in (NAME, NOBODY):
        visitor = Visitor(door, door.domain)
        question = visitor.question(name)
        salt = base64.b64decode(question["s"]).decode()
        shapes.add((len(salt), set(salt) <= set("0123456789abcdef"), question["i"]))
        visitor.prove("wrong", question)
        with pytest.raises(Refused, match="not-authorized"):
            visitor.verdict()
    assert shapes == {(32, True, "10000")}


def test_the_right_password_gets_in_beside_wrong_ones(door: Entrance, password: str) -> None:
    guessers = [Visitor(door, door.domain) for _ in range(8)]
    for guesser in guessers:
        guesser.prove("wrong", guesser.question(NAME))
    teacher = Visitor(door, door.domain)
    teacher.try_password(NAME, password, seconds=30)
    for person in (teacher, *guessers):
        person.socket.close()
