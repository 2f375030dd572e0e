"""ACC: who gets in through the web server, and as what."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import Refused, standing
from tests.system.visitor import BoshVisitor, Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.entrance import Entrance
    from tests.system.school import School

NAME = "a.meier"
REGISTER = "<query xmlns='jabber:iq:register'><username>x</username><password>y</password></query>"


@pytest.fixture(scope="module")
def password(school: School) -> Iterator[str]:
    """What a teacher got from the program."""
    made = school.project.run("teachers", "add", "gymnasium-nord", NAME, "--json")
    assert made.code == 0, made.err
    yield made_password(made.out)
    assert school.project.run("teachers", "remove", "gymnasium-nord", NAME).code == 0


def made_password(out: str) -> str:
    """Return the one password that the program shows."""
    return out.split('"')[3]


@pytest.fixture
def room(entrance: Entrance) -> str:
    """A room that nobody has opened yet."""
    return f"room-{uuid.uuid4().hex[:8]}@conference.{entrance.domain}"


def guest_of(entrance: Entrance) -> Visitor:
    """Return somebody without an account, signed in."""
    guest = Visitor(entrance, f"guest.{entrance.domain}")
    guest.sign_in()
    return guest


def test_guests_sign_in_on_the_guests_domain(entrance: Entrance) -> None:
    assert guest_of(entrance).bare.endswith(f"@guest.{entrance.domain}")
    BoshVisitor(entrance, f"guest.{entrance.domain}").sign_in()


def test_nobody_is_anonymous_on_the_teachers_domain(entrance: Entrance) -> None:
    with pytest.raises(Refused, match="invalid-mechanism"):
        Visitor(entrance, entrance.domain).sign_in()
    bosh = BoshVisitor(entrance, entrance.domain)
    assert "ANONYMOUS" not in bosh.mechanisms
    with pytest.raises(Refused, match="invalid-mechanism"):
        bosh.sign_in()


def test_teacher_signs_in_over_both_ways(entrance: Entrance, password: str) -> None:
    teacher = Visitor(entrance, entrance.domain)
    teacher.sign_in(NAME, password, "SCRAM-SHA-1")
    assert teacher.bare == f"{NAME}@{entrance.domain}"
    BoshVisitor(entrance, entrance.domain).sign_in(NAME, password)
    with pytest.raises(Refused, match="not-authorized"):
        Visitor(entrance, entrance.domain).sign_in(NAME, "wrong")


@pytest.mark.parametrize("where", ["{domain}", "guest.{domain}"])
def test_nobody_registers(entrance: Entrance, where: str) -> None:
    host = where.format(domain=entrance.domain)
    visitor = Visitor(entrance, host)
    visitor.send(f"<iq type='set' id='r1' to='{host}'>{REGISTER}</iq>")
    # Before the sign-in the server answers with an error or hangs up; both are a refusal.
    try:
        answer = visitor.expect(lambda stanza: stanza.get("id") == "r1" or "error" in stanza.tag)
    except ConnectionError:
        return
    assert answer.get("type") == "error" or answer.tag.endswith("error")


def test_only_the_own_server_is_announced_for_media(entrance: Entrance) -> None:
    services = guest_of(entrance).services()
    shown = {(one["type"], one["host"], one["port"], one.get("transport")) for one in services}
    # The relay's own entrances are told in a room; see test_relay.
    assert shown == {("stun", entrance.domain, "3478", "udp")}


def test_guest_waits_in_the_lobby_until_a_teacher_lets_him_in(
    entrance: Entrance, room: str, password: str
) -> None:
    guest = guest_of(entrance)
    assert guest.open_room(room).get("ready") == "true"
    guest.knock(room)  # 407, with the address of the lobby

    teacher = Visitor(entrance, entrance.domain)
    teacher.sign_in(NAME, password)
    teacher.open_room(room)
    assert standing(teacher.join(room)) == ("owner", "moderator")
    with pytest.raises(Refused, match="registration-required"):
        guest.join(room)
    teacher.invite(room, guest.jid)
    guest.expect(lambda stanza: stanza.find(".//{*}invite") is not None)
    assert standing(guest.join(room)) == ("member", "participant")


def test_guest_cannot_enter_where_focus_and_bridge_meet(entrance: Entrance) -> None:
    with pytest.raises(Refused):
        guest_of(entrance).join(f"jvbbrewery@internal.auth.{entrance.domain}")
