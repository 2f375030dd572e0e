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

from tests.prosody.person import SASL, SCRAM, Person, Refused
from tests.prosody.server import DOMAIN, PASSWORD

if TYPE_CHECKING:
    from tests.prosody.conftest import Start
    from tests.prosody.server import Prosody

# No line: whoever would have to wait is refused, so that no test has to.
STRICT = """
school_login_line = 0; school_login_answer = 0
school_login_failures = 5; school_login_failures_attacked = 3
school_login_failures_network = 10000; school_login_failures_account = 8
"""
QUICK = """
school_login_pace = 0.1; school_login_pace_account = 0.1; school_login_answer = 0
school_login_failures = 2; school_login_failures_network = 10000
"""
HOME, SCHOOL, ELSEWHERE = "198.51.100.7", "203.0.113.5", "203.0.113.99"
WAIT, WRONG, WELCOME = "temporary-auth-failure", "not-authorized", "welcome"

names = (f"name{number}" for number in itertools.count(1))


@pytest.fixture
def strict(start: Start) -> Prosody:
    """A server where nobody waits: looked at now or refused."""
    return start(STRICT)


@pytest.fixture
def quick(start: Start) -> Prosody:
    """A server with pauses that a test can wait for."""
    return start(QUICK)


def account(server: Prosody) -> str:
    """Make an account for this test."""
    name = next(names)
    server.add_account(DOMAIN, name)
    return name


def outcome(
    server: Prosody, name: str, password: str, address: str = SCHOOL, host: str = DOMAIN
) -> str:
    """Try to sign in on a connection of its own; return "welcome" or how it failed."""
    person = Person(server, host, address=address)
    try:
        person.try_password(name, password)
    except Refused as refused:
        return refused.condition
    else:
        return WELCOME
    finally:
        person.socket.close()


def fail(server: Prosody, name: str, times: int, address: str = SCHOOL) -> None:
    """Try wrong passwords, which are all looked at."""
    for _ in range(times):
        assert outcome(server, name, "wrong", address) == WRONG


def guessed_by_many(server: Prosody, name: str, networks: int = 20, times: int = 1) -> None:
    """Try wrong passwords from many networks."""
    for number in range(networks):
        for _ in range(times):
            assert outcome(server, name, "wrong", f"192.0.2.{number}") in (WRONG, WAIT)


def test_teacher_who_mistypes_a_few_times_does_not_wait(strict: Prosody) -> None:
    name = account(strict)
    fail(strict, name, 4)
    assert outcome(strict, name, PASSWORD) == WELCOME
    fail(strict, name, 4)  # forgotten with the right one


def test_after_five_wrong_passwords_the_next_is_not_looked_at(strict: Prosody) -> None:
    name = account(strict)
    fail(strict, name, 5)
    assert outcome(strict, name, "wrong") == WAIT
    assert outcome(strict, name, PASSWORD) == WAIT


def test_one_connection_has_no_more_tries_than_many(strict: Prosody) -> None:
    name = account(strict)
    person = Person(strict, DOMAIN)
    for expected in [WRONG] * 5 + [WAIT] * 3:
        with pytest.raises(Refused, match=expected):
            person.try_password(name, "wrong")
    person.socket.close()


def test_fifty_connections_at_once_have_no_more_tries_than_one(strict: Prosody) -> None:
    name = account(strict)
    assert sorted(at_once(strict, name, 50)) == [WRONG] * 5 + [WAIT] * 45


def at_once(server: Prosody, name: str, times: int, *, seconds: float = 10) -> list[str]:
    """Prove a wrong password on many connections of one network; return what came in time."""
    people = [Person(server, DOMAIN, address=SCHOOL) for _ in range(times)]
    questions = [person.question(name) for person in people]
    for person, question in zip(people, questions, strict=True):
        person.prove("wrong", question)
    found = []
    for person in people:
        try:
            person.verdict(seconds)
        except Refused as refused:
            found.append(refused.condition)
        except AssertionError:
            found.append("silence")
        person.socket.close()
    return found


def test_other_spellings_of_a_name_are_the_same_account(strict: Prosody) -> None:
    name = account(strict)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
    spellings = (name, name.upper(), name.title(), wide, name + "\u00ad")
    for spelling in spellings:
        assert outcome(strict, spelling, "wrong") == WRONG
    for spelling in spellings:
        assert outcome(strict, spelling, PASSWORD) == WAIT


# From elsewhere nobody is kept out ---------------------------------------------------------------


def test_pupil_at_school_does_not_slow_the_teacher_at_home(strict: Prosody) -> None:
    name = account(strict)
    fail(strict, name, 5)
    assert outcome(strict, name, "wrong") == WAIT
    assert outcome(strict, name, PASSWORD, HOME) == WELCOME


def test_many_networks_do_not_slow_the_teacher_who_never_signed_in(strict: Prosody) -> None:
    name = account(strict)
    guessed_by_many(strict, name, times=4)
    assert outcome(strict, name, PASSWORD, HOME) == WELCOME


def test_a_teacher_who_mistypes_twice_is_no_guesser_while_many_guess(strict: Prosody) -> None:
    name = account(strict)
    guessed_by_many(strict, name)
    fail(strict, name, 2, HOME)
    assert outcome(strict, name, PASSWORD, HOME) == WELCOME


def test_many_networks_have_fewer_tries_each(strict: Prosody) -> None:
    name = account(strict)
    guessed_by_many(strict, name)
    assert [outcome(strict, name, "wrong") for _ in range(4)] == [WRONG] * 3 + [WAIT]


def test_many_networks_share_a_line_where_the_teacher_signed_in_is_not(start: Start) -> None:
    server = start(STRICT + "school_login_line = 1; school_login_pace = 0.001\n"
                   "school_login_pace_account = 1; school_login_failures_account = 3")  # fmt: skip
    name = account(server)
    assert outcome(server, name, PASSWORD, HOME) == WELCOME
    fail(server, name, 3)
    fail(server, name, 3, HOME)
    time.sleep(0.01)  # so that the first line does not refuse
    here = [Person(server, DOMAIN, address=SCHOOL) for _ in range(3)]
    for person in here:
        question = person.question(name)
        person.prove("wrong", question)
    assert outcome(server, name, PASSWORD, HOME) == WELCOME
    found = []
    for person in here:
        with pytest.raises(Refused) as refused:
            person.verdict()
        found.append(refused.value.condition)
        person.socket.close()
    assert sorted(found) == [WRONG, WRONG, WAIT]


def test_one_network_that_guesses_many_names_is_a_guesser(start: Start) -> None:
    server = start(STRICT + "school_login_failures_network = 12")
    for _ in range(12):
        assert outcome(server, next(names), "wrong") == WRONG
    name = account(server)
    assert outcome(server, name, PASSWORD) == WAIT
    assert outcome(server, name, PASSWORD, HOME) == WELCOME


def test_all_addresses_of_an_ipv6_line_count_as_one(strict: Prosody) -> None:
    name = account(strict)
    for number in range(5):
        assert outcome(strict, name, "wrong", f"2001:db8::1:{number}") == WRONG
    assert outcome(strict, name, PASSWORD, "2001:db8::2:1") == WAIT
    assert outcome(strict, name, PASSWORD, "2001:db8:0:1::1") == WELCOME


def test_accounts_do_not_slow_each_other(strict: Prosody) -> None:
    fail(strict, account(strict), 5, ELSEWHERE)
    assert outcome(strict, account(strict), PASSWORD, ELSEWHERE) == WELCOME


def test_everything_is_forgotten_after_a_while(start: Start) -> None:
    server = start(STRICT + "school_login_window = 0.5")
    name = account(server)
    for _ in range(5):
        outcome(server, name, "wrong")
    deadline = time.monotonic() + 10
    while outcome(server, name, PASSWORD) != WELCOME:
        assert time.monotonic() < deadline


def test_forty_teachers_at_the_bell_behind_one_address(server: Prosody) -> None:
    there = [account(server) for _ in range(40)]
    people = [Person(server, DOMAIN, address=SCHOOL) for _ in there]
    questions = [person.question(name) for person, name in zip(people, there, strict=True)]
    for person, question in zip(people, questions, strict=True):
        person.prove(PASSWORD, question)
    for person in people:
        assert person.verdict().tag.endswith("success")
        person.socket.close()


# A name that is no account -----------------------------------------------------------------------


def test_a_name_without_account_meets_the_same(strict: Prosody) -> None:
    there, nowhere = account(strict), next(names)

    def met(name: str) -> list[str]:
        alone = [outcome(strict, name, "wrong", f"192.0.2.{name[4:]}") for _ in range(7)]
        return [*alone, *(outcome(strict, name, "wrong", ELSEWHERE) for _ in range(5))]

    assert met(there) == met(nowhere) == [WRONG] * 5 + [WAIT] * 2 + [WRONG] * 3 + [WAIT] * 2


def test_a_name_without_account_is_asked_the_same(start: Start) -> None:
    server = start("-- asked", "")
    there, nowhere, another = account(server), next(names), next(names)

    def asked(name: str) -> tuple[str, str]:
        person = Person(server, DOMAIN)
        question = person.question(name)
        person.socket.close()
        assert set(question) == {"r", "s", "i", "said"}
        return base64.b64decode(question["s"]).decode(), question["i"]

    before = {name: asked(name) for name in (there, nowhere, another)}
    salts = {salt for salt, _rounds in before.values()}
    assert {len(salt) for salt in salts} == {32}
    assert set("".join(salts)) <= set("0123456789abcdef")
    assert len(salts) == 3
    assert {rounds for _salt, rounds in before.values()} == {"10000"}
    assert asked(nowhere.upper()) == before[nowhere]
    server.restart()
    assert {name: asked(name) for name in before} == before


# In line -----------------------------------------------------------------------------------------


def test_the_next_password_is_looked_at_after_a_pause(quick: Prosody) -> None:
    name = account(quick)
    fail(quick, name, 5)
    assert outcome(quick, name, PASSWORD) == WELCOME


def test_right_password_gets_through_beside_a_guesser(quick: Prosody) -> None:
    name = account(quick)
    fail(quick, name, 2)
    guessers = [Person(quick, DOMAIN, address=SCHOOL) for _ in range(30)]
    for guesser in guessers:
        guesser.prove("wrong", guesser.question(name))
    teacher = Person(quick, DOMAIN, address=SCHOOL)
    teacher.prove(PASSWORD, teacher.question(name))
    for _ in range(2):  # each comes again as soon as they were heard
        for guesser in guessers:
            with suppress(AssertionError):
                with pytest.raises(Refused):
                    guesser.verdict(0.05)
                guesser.prove("wrong", guesser.question(name))
    assert teacher.verdict().tag.endswith("success")
    for person in (teacher, *guessers):
        person.socket.close()


def test_only_so_many_of_a_network_stand_in_line(start: Start) -> None:
    server = start("school_login_line = 3; school_login_pace = 600; school_login_answer = 0")
    name = account(server)
    fail(server, name, 5)
    found = at_once(server, name, 10, seconds=0.3)
    assert sorted(found) == sorted([WRONG] + ["silence"] * 3 + [WAIT] * 6)


def proofs(server: Prosody) -> int:
    """Return how many answers to its question the server has taken up."""
    return server.log("debug.log").count("Received[c2s_unauthed]: <response")


def test_who_gives_up_waiting_harms_nobody(quick: Prosody) -> None:
    name = account(quick)
    fail(quick, name, 4)
    before = len(quick.log())
    for _ in range(5):
        hasty = Person(quick, DOMAIN, address=SCHOOL)
        question, heard = hasty.question(name), proofs(quick)
        hasty.prove("wrong", question)
        # What comes together with the end of its connection, Prosody itself shows in the log.
        while proofs(quick) == heard:
            time.sleep(0.01)
        hasty.socket.close()
        hastier = Person(quick, DOMAIN, address=SCHOOL)
        hastier.auth(SCRAM, f"n,,n={name},r=abc")
        hastier.socket.close()
    assert outcome(quick, name, PASSWORD) == WELCOME
    assert "nhandled" not in quick.log()[before:]  # it would show the whole attempt
    assert "\terror\t" not in quick.log()[before:]


# Ways around -------------------------------------------------------------------------------------


def test_a_password_that_would_cost_the_server_ten_thousand_hashes_is_not_taken(
    server: Prosody,
) -> None:
    person = Person(server, DOMAIN)
    assert person.offered == {SCRAM}
    with pytest.raises(Refused, match="invalid-mechanism"):
        person.try_password("teacher", PASSWORD, "PLAIN")
    person.socket.close()


def test_the_throttle_itself_takes_nothing_else(start: Start) -> None:
    person = Person(start('disable_sasl_mechanisms = { "X" }'), DOMAIN)
    for mechanism in ("PLAIN", "DIGEST-MD5", "OAUTHBEARER", "EXTERNAL", ""):
        person.auth(mechanism, f"\0teacher\0{PASSWORD}")
        with pytest.raises(Refused, match="invalid-mechanism"):
            person.verdict()
    person.socket.close()


@pytest.mark.parametrize(
    "first", ["n,a=somebody,n={name},r=x", "y,,n={name},r=x", "n,,n={name},r=x,e=1"]
)
def test_other_forms_of_a_sign_in_count_the_same(strict: Prosody, first: str) -> None:
    name = account(strict)

    def attempt(password: str) -> None:
        person = Person(strict, DOMAIN, address=SCHOOL)
        person.auth(SCRAM, first.format(name=name))
        challenge = base64.b64decode(person.verdict().text or "").decode()
        question = dict(part.split("=", 1) for part in challenge.split(","))
        header, said = first.format(name=name).rsplit(",n=", 1)
        question |= {
            "said": f"n={said},{challenge}",
            "header": base64.b64encode(f"{header},".encode()).decode(),
        }
        person.prove(password, question)
        person.verdict()

    for _ in range(5):
        with pytest.raises(Refused, match=WRONG):
            attempt("wrong")
    with pytest.raises(Refused, match=WAIT):
        attempt(PASSWORD)


def test_the_throttle_holds_over_bosh_too(strict: Prosody) -> None:
    name = account(strict)
    found = [over_bosh(strict, name) for _ in range(6)]
    assert found == [WRONG] * 5 + [WAIT]
    assert outcome(strict, name, PASSWORD) == WAIT
    assert outcome(strict, name, PASSWORD, HOME) == WELCOME


def over_bosh(server: Prosody, name: str) -> str:
    """Try to sign in the old way, at school, with a wrong proof; return how it failed."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    common = "xmlns='http://jabber.org/protocol/httpbind'"

    def post(attributes: str, content: str = "") -> ET.Element:
        body = f"<body {common} {attributes}>{content}</body>"
        headers = {"Host": DOMAIN, "X-Forwarded-For": SCHOOL, "Content-Type": "text/xml"}
        connection.request("POST", "/http-bind", body, headers)
        return ET.fromstring(connection.getresponse().read())

    begun = post(f"rid='1' to='{DOMAIN}' wait='5' hold='1' ver='1.6'")
    session = f"sid='{begun.get('sid')}'"
    first = base64.b64encode(f"n,,n={name},r=abc".encode()).decode()
    answer = post(f"rid='2' {session}", f"<auth xmlns='{SASL}' mechanism='{SCRAM}'>{first}</auth>")
    challenge = base64.b64decode(answer.findtext(f"{{{SASL}}}challenge") or "").decode()
    nonce = challenge.partition(",")[0]
    proof = base64.b64encode(b"x" * 20).decode()
    last = base64.b64encode(f"c=biws,{nonce},p={proof}".encode()).decode()
    answer = post(f"rid='3' {session}", f"<response xmlns='{SASL}'>{last}</response>")
    failure = answer.find(f"{{{SASL}}}failure")
    assert failure is not None, ET.tostring(answer)
    connection.close()
    return failure[0].tag.rpartition("}")[2]


def test_the_log_says_that_somebody_guesses_but_not_who(start: Start) -> None:
    server = start(STRICT + "-- log")
    name = account(server)
    fail(server, name, 5)
    lines = [line for line in server.log().splitlines() if "login_throttle" in line]
    assert len([line for line in lines if "\twarn\t" in line and "wrong passwords" in line]) == 1
    assert not [line for line in lines if name in line or SCHOOL in line]


def test_a_password_that_changed_since_the_question_is_not_taken(strict: Prosody) -> None:
    name = account(strict)
    for change in (lambda: strict.add_account(DOMAIN, name), lambda: strict.remove_account(name)):
        person = Person(strict, DOMAIN, address=SCHOOL)
        question = person.question(name)
        change()
        person.prove(PASSWORD, question)
        with pytest.raises(Refused, match=WRONG):
            person.verdict()
        person.socket.close()


def test_many_questions_from_the_same_network_keep_no_teacher_out(server: Prosody) -> None:
    name = account(server)
    assert outcome(server, name, PASSWORD, "192.0.2.200") == WELCOME
    crowd = [Person(server, DOMAIN, address="192.0.2.200") for _ in range(60)]
    for _round in range(8):
        for one in crowd:
            one.auth(SCRAM, f"n,,n={next(names)},r=1")
    assert outcome(server, name, PASSWORD, "192.0.2.200") == WELCOME
    for one in crowd:
        one.socket.close()


def test_a_name_that_no_account_can_have_is_not_looked_up(strict: Prosody) -> None:
    before = strict.log()
    for length in (65, 300, 900):
        assert outcome(strict, "x" * length, PASSWORD, f"192.0.2.{length % 250}") == WRONG
    added = strict.log().removeprefix(before)
    assert [line for line in added.splitlines() if "\terror\t" in line] == []
