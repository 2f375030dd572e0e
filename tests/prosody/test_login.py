"""ACC-02: guessing a teacher's password is slow, and nobody can be locked out."""

from __future__ import annotations

import base64
import http.client
import itertools
import time
import xml.etree.ElementTree as ET
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import SASL, Person, Refused
from tests.prosody.server import DOMAIN, PASSWORD

if TYPE_CHECKING:
    from tests.prosody.conftest import Start
    from tests.prosody.server import Prosody

# Pauses so long that no test sees their end, and nobody who waits for it: refused instead of late.
LONG = """
school_login_pause = 600; school_login_patience = 0
school_login_failures = 5; school_login_failures_account = 8
"""
SHORT = """
school_login_pause = 0.4; school_login_patience = 20; school_login_failures = 2
"""
HOME, SCHOOL, ELSEWHERE = "198.51.100.7", "203.0.113.5", "203.0.113.99"
WAIT, WRONG = "temporary-auth-failure", "not-authorized"

names = (f"name{number}" for number in itertools.count(1))
mechanisms = pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-1"])


@pytest.fixture
def strict(start: Start) -> Prosody:
    """A server where the first pause does not end."""
    return start(LONG)


@pytest.fixture
def quick(start: Start) -> Prosody:
    """A server with pauses that a test can wait for."""
    return start(SHORT)


def account(server: Prosody) -> str:
    """Make an account for this test."""
    name = next(names)
    server.add_account(DOMAIN, name)
    return name


def outcome(
    server: Prosody, name: str, password: str, mechanism: str = "PLAIN", address: str = SCHOOL
) -> str:
    """Try to sign in on a connection of its own; return "welcome" or how it failed."""
    person = Person(server, DOMAIN, address=address)
    try:
        person.try_password(name, password, mechanism)
    except Refused as refused:
        return refused.condition
    else:
        return "welcome"
    finally:
        person.socket.close()


def fail(server: Prosody, name: str, times: int, mechanism: str = "PLAIN") -> None:
    """Try wrong passwords at school, which are all looked at."""
    for _ in range(times):
        assert outcome(server, name, "wrong", mechanism) == WRONG


@mechanisms
def test_teacher_who_mistypes_a_few_times_does_not_wait(strict: Prosody, mechanism: str) -> None:
    name = account(strict)
    fail(strict, name, 4, mechanism)
    assert outcome(strict, name, PASSWORD, mechanism) == "welcome"
    fail(strict, name, 4, mechanism)  # forgotten with the right one


@mechanisms
def test_after_five_wrong_passwords_the_next_is_not_looked_at(
    strict: Prosody, mechanism: str
) -> None:
    name = account(strict)
    fail(strict, name, 5, mechanism)
    assert outcome(strict, name, "wrong", mechanism) == WAIT
    assert outcome(strict, name, PASSWORD, "PLAIN") == WAIT
    assert outcome(strict, name, PASSWORD, "SCRAM-SHA-1") == WAIT


@mechanisms
def test_one_connection_has_no_more_tries_than_many(strict: Prosody, mechanism: str) -> None:
    name = account(strict)
    person = Person(strict, DOMAIN)
    for expected in [WRONG] * 5 + [WAIT] * 3:
        with pytest.raises(Refused, match=expected):
            person.try_password(name, "wrong", mechanism)
    person.socket.close()


def test_fifty_connections_at_once_have_no_more_tries_than_one(strict: Prosody) -> None:
    name = account(strict)
    people = [Person(strict, DOMAIN) for _ in range(50)]
    for person in people:
        person.auth("PLAIN", f"\0{name}\0wrong")
    found = []
    for person in people:
        with pytest.raises(Refused) as refused:
            person.verdict()
        found.append(refused.value.condition)
        person.socket.close()
    assert sorted(found) == [WRONG] * 5 + [WAIT] * 45


def test_other_spellings_of_a_name_are_the_same_account(strict: Prosody) -> None:
    name = account(strict)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
    spellings = (name, name.upper(), name.title(), wide, name + "\u00ad")
    for spelling in spellings:
        assert outcome(strict, spelling, "wrong") == WRONG
    for spelling in spellings:
        assert outcome(strict, spelling, PASSWORD) == WAIT


@pytest.mark.parametrize(
    "message",
    [
        ("somebody\0{name}\0{password}", ""),
        ("\0{name}\0{password}\0more", ""),
        ("\0{name}\0{password}", "<something/>"),
    ],
)
def test_other_forms_of_a_sign_in_count_the_same(strict: Prosody, message: tuple[str, str]) -> None:
    name = account(strict)

    def attempt(password: str) -> None:
        person = Person(strict, DOMAIN)
        text = message[0].format(name=name, password=password)
        content = base64.b64encode(text.encode()).decode() + message[1]
        person.send(f"<auth xmlns='{SASL}' mechanism='PLAIN'>{content}</auth>")
        person.verdict()

    for _ in range(5):
        with pytest.raises(Refused, match=WRONG):
            attempt("wrong")
    with pytest.raises(Refused, match=WAIT):
        attempt(PASSWORD)


def test_pupil_at_school_does_not_slow_the_teacher_at_home(strict: Prosody) -> None:
    name = account(strict)
    fail(strict, name, 5)
    assert outcome(strict, name, PASSWORD, address=HOME) == "welcome"


def test_many_addresses_have_no_more_tries_than_a_few(strict: Prosody) -> None:
    name = account(strict)
    for number in range(8):
        assert outcome(strict, name, "wrong", address=f"198.51.100.{number}") == WRONG
    assert outcome(strict, name, PASSWORD, address=ELSEWHERE) == WAIT


def test_many_addresses_do_not_slow_the_teacher_where_she_has_signed_in(strict: Prosody) -> None:
    name = account(strict)
    assert outcome(strict, name, PASSWORD) == "welcome"
    for number in range(8):
        assert outcome(strict, name, "wrong", address=f"198.51.100.{number}") == WRONG
    assert outcome(strict, name, PASSWORD) == "welcome"


def test_pupil_at_school_does_not_use_up_the_tries_of_all_addresses(strict: Prosody) -> None:
    name = account(strict)
    for _ in range(2):
        assert outcome(strict, name, PASSWORD) == "welcome"
        fail(strict, name, 4)
    assert outcome(strict, name, PASSWORD, address=ELSEWHERE) == "welcome"


def test_all_addresses_of_an_ipv6_line_count_as_one(strict: Prosody) -> None:
    name = account(strict)
    for number in range(5):
        assert outcome(strict, name, "wrong", address=f"2001:db8::1:{number}") == WRONG
    assert outcome(strict, name, PASSWORD, address="2001:db8::2:1") == WAIT
    assert outcome(strict, name, PASSWORD, address="2001:db8:0:1::1") == "welcome"


def test_names_that_are_no_account_are_not_counted(strict: Prosody) -> None:
    fail(strict, "nobody", 10)


def test_accounts_do_not_slow_each_other(strict: Prosody) -> None:
    fail(strict, account(strict), 5)
    assert outcome(strict, account(strict), PASSWORD) == "welcome"


def test_everything_is_forgotten_after_a_while(start: Start) -> None:
    server = start(LONG + "school_login_window = 0.5")
    name = account(server)
    for _ in range(5):
        outcome(server, name, "wrong")
    deadline = time.monotonic() + 10
    while outcome(server, name, PASSWORD) != "welcome":
        assert time.monotonic() < deadline


@mechanisms
def test_the_next_password_is_looked_at_after_a_pause(quick: Prosody, mechanism: str) -> None:
    name = account(quick)
    fail(quick, name, 5, mechanism)
    begun = time.monotonic()
    assert outcome(quick, name, PASSWORD, mechanism) == "welcome"
    assert time.monotonic() - begun > 0.3


@mechanisms
def test_right_password_gets_through_beside_a_guesser(quick: Prosody, mechanism: str) -> None:
    name = account(quick)
    guesser = Person(quick, DOMAIN, address=SCHOOL)
    for _ in range(2):
        with pytest.raises(Refused, match=WRONG):
            guesser.try_password(name, "wrong")
    teacher = Person(quick, DOMAIN, address=SCHOOL)
    guesser.auth("PLAIN", f"\0{name}\0wrong")
    if mechanism == "PLAIN":
        teacher.auth("PLAIN", f"\0{name}\0{PASSWORD}")
    for _ in range(40):
        try:
            if mechanism == "PLAIN":
                teacher.verdict(0.2)
            else:
                teacher.try_password(name, PASSWORD, mechanism)
        except AssertionError:  # not yet
            with suppress(Refused):
                guesser.verdict()
            guesser.auth("PLAIN", f"\0{name}\0wrong")
        else:
            break
    else:
        pytest.fail("the guesser was always first")
    teacher.socket.close()
    guesser.socket.close()


def test_who_gives_up_waiting_harms_nobody(quick: Prosody) -> None:
    name = account(quick)
    fail(quick, name, 4)
    before = len(quick.log())
    hasty = Person(quick, DOMAIN, address=SCHOOL)
    hasty.auth("PLAIN", f"\0{name}\0wrong")
    hasty.socket.close()
    assert outcome(quick, name, PASSWORD) == "welcome"
    assert "nhandled" not in quick.log()[before:]  # it would show the whole attempt
    assert "\terror\t" not in quick.log()[before:]


def test_the_throttle_holds_over_bosh_too(strict: Prosody) -> None:
    name = account(strict)
    found = [over_bosh(strict, name, "wrong") for _ in range(6)]
    assert found == [WRONG] * 5 + [WAIT]
    assert outcome(strict, name, PASSWORD) == WAIT
    assert outcome(strict, name, PASSWORD, address=HOME) == "welcome"


def over_bosh(server: Prosody, name: str, password: str) -> str:
    """Try to sign in the old way, at school; return how it failed."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    common = "xmlns='http://jabber.org/protocol/httpbind'"

    def post(attributes: str, content: str = "") -> ET.Element:
        body = f"<body {common} {attributes}>{content}</body>"
        headers = {"Host": DOMAIN, "X-Forwarded-For": SCHOOL, "Content-Type": "text/xml"}
        connection.request("POST", "/http-bind", body, headers)
        return ET.fromstring(connection.getresponse().read())

    begun = post(f"rid='1' to='{DOMAIN}' wait='5' hold='1' ver='1.6'")
    text = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
    answer = post(
        f"rid='2' sid='{begun.get('sid')}'", f"<auth xmlns='{SASL}' mechanism='PLAIN'>{text}</auth>"
    )
    failure = answer.find(f"{{{SASL}}}failure")
    assert failure is not None, ET.tostring(answer)
    connection.close()
    return failure[0].tag.rpartition("}")[2]


def test_the_log_says_that_somebody_guesses_but_not_who(strict: Prosody) -> None:
    name = account(strict)
    before = len(strict.log())
    fail(strict, name, 5)
    lines = [line for line in strict.log()[before:].splitlines() if "login_throttle" in line]
    assert [line for line in lines if "\twarn\t" in line and "wrong passwords" in line]
    assert not [line for line in lines if name in line or SCHOOL in line]
