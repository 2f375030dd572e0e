"""Credentials for the relay: who gets them, whose name they bear, how they are renewed."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.person import Refused
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prosody.conftest import Start
    from tests.prosody.person import Person

SECRET = "the relay's secret"
METADATA = f"metadata.{DOMAIN}"
JITSI = "http://jitsi.org/jitmeet"
LIFETIME = 900
OPTIONS = f"""
modules_enabled = {{ "disco", "ping", "posix", "saslauth", "external_services", "school_relay" }}
external_service_secret = "{SECRET}"
external_services = {{
    {{ type = "stun", host = "{DOMAIN}", port = 3478, transport = "udp" }},
    {{ type = "turn", host = "{DOMAIN}", port = 3478, transport = "udp", restricted = true }},
    {{ type = "turns", host = "{DOMAIN}", port = 5349, transport = "tcp", restricted = true }},
}}
school_relay_lifetime = %d
Component "{METADATA}" "room_metadata_component"
    muc_component = "conference.{DOMAIN}"
    breakout_rooms_component = "breakout.{DOMAIN}"
"""
STUN = {"type": "stun", "host": DOMAIN, "port": "3478", "transport": "udp"}
KINDS = ["stun", "turn", "turns"]

Service = dict[str, str]


@pytest.fixture
def lesson(start: Start) -> Iterator[Meeting]:
    """A room on a server with a relay."""
    meeting = Meeting(start(OPTIONS % LIFETIME))
    yield meeting
    meeting.close()


def services(person: Person, to: str = DOMAIN, version: int = 2) -> list[Service]:
    """Return what somebody is told who asks, as Jitsi's client does when it connects."""
    answer = person.ask("get", to, f"<services xmlns='urn:xmpp:extdisco:{version}'/>")
    return [dict(each.attrib) for each in answer.iter() if each.tag.endswith("}service")]


def credentials(person: Person, to: str = DOMAIN) -> list[Service]:
    """Return what somebody is told who asks for the credentials of our relays by name."""
    wanted = f"<service type='turn' host='{DOMAIN}'/><service type='turns' host='{DOMAIN}'/>"
    content = f"<credentials xmlns='urn:xmpp:extdisco:2'>{wanted}</credentials>"
    answer = person.ask("get", to, content)
    return [dict(each.attrib) for each in answer.iter() if each.tag.endswith("}service")]


def metadata(person: Person) -> dict[str, Any]:
    """Return the next metadata of a room that somebody is told."""
    message = person.expect(
        lambda stanza: stanza.get("from") == METADATA and stanza.tag.endswith("}message")
    )
    told = json.loads(message.findtext(f"{{{JITSI}}}json-message") or "")
    assert told["type"] == "room_metadata"
    found: dict[str, Any] = told["metadata"]
    return found


def name_in(found: list[Service], at: float) -> str:
    """Return the one name that all credentials bear; assert that they are right and short-lived."""
    assert [each["type"] for each in found] == KINDS
    assert {key: found[0].get(key) for key in ("username", "password")} == {
        "username": None,
        "password": None,
    }
    relays = found[1:]
    assert len({each["username"] for each in relays}) == 1
    end, _colon, name = relays[0]["username"].partition(":")
    assert re.fullmatch(r"[0-9a-f]{16}", name)
    assert at + LIFETIME - 1 <= int(end) <= time.time() + LIFETIME
    digest = hmac.digest(SECRET.encode(), relays[0]["username"].encode(), "sha1")
    assert {each["password"] for each in relays} == {base64.b64encode(digest).decode()}
    return name


def test_who_is_in_no_room_is_told_of_stun_alone(lesson: Meeting) -> None:
    for person in (lesson.guest(), lesson.staff()):
        for version in (1, 2):
            assert services(person, version=version) == [STUN]
        assert credentials(person) == []
    guest = lesson.guest()
    assert services(guest, f"guest.{DOMAIN}") == [STUN]
    assert credentials(guest, f"guest.{DOMAIN}") == []


def test_the_component_of_metadata_gives_no_credentials_to_who_asks(lesson: Meeting) -> None:
    guest = lesson.guest()
    for found in (services(guest, METADATA), credentials(guest, METADATA)):
        assert [each for each in found if "password" in each or "username" in each] == []


def test_who_waits_in_the_lobby_is_told_of_stun_alone(lesson: Meeting) -> None:
    lesson.teacher()
    guest = lesson.guest()
    guest.knock(lesson.room)
    assert services(guest) == [STUN]
    assert credentials(guest) == []


def test_who_names_a_room_and_is_not_in_it_gets_none(lesson: Meeting) -> None:
    teacher = lesson.teacher()
    lesson.admitted_guest(teacher)
    stranger = lesson.guest()
    with pytest.raises(Refused):
        stranger.join(lesson.room)
    assert services(stranger) == [STUN]


def test_who_was_let_in_gets_them_with_the_room(lesson: Meeting) -> None:
    begun = time.time()
    teacher = lesson.teacher()
    names = [name_in(metadata(teacher)["services"], begun)]
    for _number in range(2):
        guest = lesson.admitted_guest(teacher)
        names.append(name_in(metadata(guest)["services"], begun))
        assert name_in(services(guest), begun) == names[-1]
        assert [each["username"].partition(":")[2] for each in credentials(guest)] == (
            [names[-1]] * 2
        )
    assert len(set(names)) == len(names)


def test_who_was_thrown_out_gets_none_any_more(lesson: Meeting) -> None:
    teacher = lesson.teacher()
    guest = lesson.admitted_guest(teacher)
    assert [each["type"] for each in services(guest)] == KINDS
    teacher.set_role(lesson.room, guest.nick, "none")
    lesson.gone(teacher, guest)
    assert services(guest) == [STUN]


def test_a_breakout_room_counts(lesson: Meeting) -> None:
    begun = time.time()
    teacher = lesson.teacher()
    name = name_in(metadata(teacher)["services"], begun)
    order = "<breakout_rooms type='features/breakout-rooms/add' subject='Group'/>"
    teacher.send(f"<message to='breakout.{DOMAIN}'>{order}</message>")
    told = teacher.expect(
        lambda stanza: (
            stanza.get("from") == f"breakout.{DOMAIN}"
            and "@breakout." in (stanza.findtext(f"{{{JITSI}}}json-message") or "")
        )
    )
    text = told.findtext(f"{{{JITSI}}}json-message") or ""
    found = re.search(rf"[\w-]+@breakout\.{re.escape(DOMAIN)}", text)
    assert found
    lesson.focus.join(found[0], nick="focus", name="")
    teacher.join(found[0])
    assert name_in(metadata(teacher)["services"], begun) == name
    teacher.send(f"<presence type='unavailable' to='{lesson.room}/{teacher.nick}'/>")
    lesson.gone(lesson.focus, teacher)
    assert name_in(services(teacher), begun) == name


def test_somebody_who_is_there_twice_has_two_names(lesson: Meeting) -> None:
    begun = time.time()
    first, second = lesson.teacher(), lesson.teacher()
    names = {name_in(metadata(each)["services"], begun) for each in (first, second)}
    assert len(names) == 2


def test_news_of_a_room_bring_new_credentials(lesson: Meeting) -> None:
    begun = time.time()
    teacher = lesson.teacher()
    guest = lesson.admitted_guest(teacher)
    name = name_in(metadata(guest)["services"], begun)
    wish = json.dumps({"key": "topic", "data": {"list": [], "text": "Ä"}})
    teacher.send(
        f"<message to='{METADATA}'><room_metadata xmlns='{JITSI}' room='{lesson.room}'>"
        f"{wish}</room_metadata></message>"
    )
    news = metadata(guest)
    while "topic" not in news:
        news = metadata(guest)
    assert news["topic"] == {"list": [], "text": "Ä"}
    assert news["lobbyEnabled"] is True
    assert name_in(news["services"], begun) == name


def test_they_are_renewed_before_they_end(start: Start) -> None:
    meeting = Meeting(start(OPTIONS % 6))
    teacher = meeting.teacher()
    told = [metadata(teacher)["services"][1]["username"].partition(":")]
    # Other news of the room may come within the second, and bring what holds as long.
    while len({end for end, _colon, _name in told}) < 3:
        told.append(metadata(teacher)["services"][1]["username"].partition(":"))
    ends = [int(end) for end, _colon, _name in told]
    assert ends == sorted(ends)
    assert ends[-1] - ends[0] <= 6
    assert len({name for _end, _colon, name in told}) == 1
    meeting.close()


def test_nothing_of_it_is_written(lesson: Meeting) -> None:
    teacher = lesson.teacher()
    guest = lesson.admitted_guest(teacher)
    services(guest)
    username = metadata(guest)["services"][1]["username"]
    log = lesson.server.log()
    assert username not in log
    loud = [line for line in log.splitlines() if "\tinfo\t" not in line]
    assert [line for line in loud if lesson.name in line or guest.bare in line] == []
