"""Who was admitted comes back into the same lesson without help; nobody else does."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.bench.process import wait_until
from tests.prosody.meeting import Meeting
from tests.prosody.person import MUC, Person, Refused, in_room, is_gone, standing, step_out
from tests.prosody.server import DOMAIN, PASSWORD, account_text, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.prosody.conftest import Start
    from tests.prosody.server import Prosody

TICKET = "{urn:school:return}ticket"


class Ticket(NamedTuple):
    """What a browser keeps of a room that it is in."""

    id: str
    secret: str
    account: str

    @property
    def shown(self) -> str:
        """The element that goes along with a presence."""
        return f"<ticket xmlns='urn:school:return' id='{self.id}' secret='{self.secret}'/>"


def ticket_of(person: Person) -> Ticket:
    """Return the ticket that somebody was sent."""
    message = person.expect(lambda stanza: stanza.find(TICKET) is not None)
    told = message.find(TICKET)
    assert told is not None
    return Ticket(told.get("id", ""), told.get("secret", ""), told.get("account", ""))


def come_back(meeting: Meeting, ticket: Ticket, room: str = "") -> Person:
    """A new guest who shows a ticket; Refused if that opens nothing."""
    guest = meeting.guest()
    room = room or meeting.room
    guest.send(
        f"<presence to='{room}/{guest.nick}'><x xmlns='{MUC}'/>{ticket.shown}"
        "<nick xmlns='http://jabber.org/protocol/nick'>Kim</nick></presence>"
    )
    guest.joined(room)
    return guest


def sign_in_with(meeting: Meeting, ticket: Ticket) -> Person:
    """A teacher who shows her ticket instead of the password; Refused if that is none."""
    person = Person(meeting.server, DOMAIN, room=meeting.name)
    meeting.people.append(person)
    person.sign_in(ticket.account.partition("@")[0], ticket.secret)
    return person


def again(meeting: Meeting) -> Meeting:
    """The same room after the server has started anew; the focus is in it."""
    later = Meeting(meeting.server)
    later.name, later.room, later.lobby = meeting.name, meeting.room, meeting.lobby
    later.focus.join(later.room, name="")
    return later


def refused(meeting: Meeting, ticket: Ticket, room: str = "") -> None:
    """Assert that a ticket opens nothing: who shows it is sent to the lobby like everybody."""
    with pytest.raises(Refused, match="registration-required"):
        come_back(meeting, ticket, room)


@pytest.fixture
def own(start: Start) -> Iterator[Prosody]:
    """A server that a test may restart."""
    server = start("school_own = 1")
    yield server
    if server.process is None or server.process.poll() is not None:
        server.restart()


def crash(server: Prosody) -> None:
    """End the server without a word, and start it again."""
    assert server.process is not None
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.restart()


@pytest.mark.parametrize("how", ["restart", "crash"])
def test_who_was_admitted_comes_back_after_a_restart(own: Prosody, how: str) -> None:
    meeting = Meeting(own)
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    teachers, guests = ticket_of(teacher), ticket_of(guest)
    own.restart() if how == "restart" else crash(own)
    later = again(meeting)
    back = come_back(later, guests)  # before the teacher: the guest waits for nobody
    returned = sign_in_with(later, teachers)
    assert standing(returned.join(later.room)) == ("owner", "moderator")
    assert back.jid in {
        s.find(f".//{{{MUC}#user}}item").get("jid")  # type: ignore[union-attr]
        for s in returned.catch_up()
        if in_room(later.room)(s) and s.find(f".//{{{MUC}#user}}item") is not None
    }
    assert ticket_of(back) != guests
    assert ticket_of(returned) != teachers


def test_a_stranger_still_waits_in_the_lobby_after_a_restart(own: Prosody) -> None:
    meeting = Meeting(own)
    meeting.admitted_guest(meeting.teacher())
    own.restart()
    later = again(meeting)
    later.guest().knock(later.room)


def test_reload_needs_no_second_knock_and_the_old_connection_leaves(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    back = come_back(meeting, ticket_of(guest))
    meeting.gone(teacher, guest)
    assert standing(back.join(meeting.room)) == ("member", "participant")


def test_ticket_brings_in_one_at_a_time(meeting: Meeting) -> None:
    # Shown once more, because the connection broke before the next one had arrived: or by a friend.
    teacher = meeting.teacher()
    ticket = ticket_of(meeting.admitted_guest(teacher))
    first = come_back(meeting, ticket)
    following = ticket_of(first)
    second = come_back(meeting, ticket)
    meeting.gone(teacher, first)
    refused(meeting, following)
    last = come_back(meeting, ticket_of(second))
    meeting.gone(teacher, second)
    teacher.set_role(meeting.room, last.nick, "none")
    refused(meeting, ticket_of(last))


def test_who_gave_his_ticket_away_is_not_admitted_any_more(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    ticket = ticket_of(guest)
    step_out(guest, meeting.room)
    friend = come_back(meeting, ticket)
    with pytest.raises(Refused, match="registration-required"):
        guest.join(meeting.room)
    # Nor who had it in between: it is good once more for a minute.
    step_out(friend, meeting.room)
    come_back(meeting, ticket)
    with pytest.raises(Refused, match="registration-required"):
        friend.join(meeting.room)


def test_ticket_shown_by_several_who_do_not_come_in_admits_one(meeting: Meeting) -> None:
    # Without a name nobody is let in, and with one of somebody else neither.
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    ticket = ticket_of(guest)
    friends = [meeting.guest() for _ in range(3)]
    for friend in friends:
        for place in (friend.nick, teacher.nick, guest.nick):
            friend.send(
                f"<presence to='{meeting.room}/{place}'><x xmlns='{MUC}'/>{ticket.shown}</presence>"
            )
            with pytest.raises(Refused):
                friend.joined(meeting.room)
    for friend in friends[:2]:
        with pytest.raises(Refused, match="registration-required"):
            friend.join(meeting.room)
    friends[2].join(meeting.room)
    meeting.gone(teacher, guest)


def test_ticket_that_was_used_in_another_room_leaves_its_own(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    ticket = ticket_of(guest)
    other = Meeting(meeting.server)
    colleague = other.teacher("colleague")
    friend = meeting.guest()
    friend.send(f"<presence to='{meeting.room}/x'><x xmlns='{MUC}'/>{ticket.shown}</presence>")
    with pytest.raises(Refused, match="not-acceptable"):
        friend.joined(meeting.room)
    friend.knock(other.room)
    colleague.admit(other.room, friend)
    friend.join(meeting.room)
    step_out(friend, meeting.room)
    with pytest.raises(Refused, match="registration-required"):
        guest.join(meeting.room)
    other.close()


def test_admission_in_between_is_no_longer_than_the_ticket(start: Start) -> None:
    meeting = Meeting(start("school_return_for = 1"))
    teachers = ticket_of(meeting.teacher())
    signed_in = sign_in_with(meeting, teachers)
    meeting.people[1].leave()
    file = meeting.server.folder / "tickets" / teachers.id
    assert wait_until(lambda: not file.exists(), seconds=30)
    with pytest.raises(Refused, match="forbidden"):
        signed_in.join(meeting.room)
    meeting.close()


def test_thrown_out_after_coming_back_has_no_former_ticket_either(own: Prosody) -> None:
    meeting = Meeting(own)
    teacher = meeting.teacher()
    ticket = ticket_of(meeting.admitted_guest(teacher))
    back = come_back(meeting, ticket)
    following = ticket_of(back)
    teacher.set_role(meeting.room, back.nick, "none")
    refused(meeting, ticket)
    refused(meeting, following)
    crash(own)
    later = again(meeting)
    refused(later, ticket)
    refused(later, following)


def test_ticket_of_another_room_opens_nothing(meeting: Meeting) -> None:
    guest = meeting.admitted_guest(meeting.teacher())
    ticket = ticket_of(guest)
    other = Meeting(meeting.server)
    other.teacher("colleague")
    refused(other, ticket)
    come_back(meeting, ticket)  # and it was not used up by that
    other.close()


def test_invented_tickets_open_nothing(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    real = ticket_of(meeting.admitted_guest(teacher))
    teachers = ticket_of(teacher)
    for wrong in (
        real._replace(secret="0" * 32),
        real._replace(secret=""),
        real._replace(id="0" * 32),
        real._replace(id="../../etc/passwd"),
        teachers,  # a teacher's lets no guest in
    ):
        refused(meeting, wrong)
    come_back(meeting, real)


def test_who_was_thrown_out_does_not_come_back(own: Prosody) -> None:
    meeting = Meeting(own)
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    ticket = ticket_of(guest)
    teacher.set_role(meeting.room, guest.nick, "none")
    refused(meeting, ticket)
    crash(own)
    refused(again(meeting), ticket)


@pytest.mark.parametrize("rank", ["none", "outcast"])
def test_who_lost_the_admission_does_not_come_back(meeting: Meeting, rank: str) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    ticket = ticket_of(guest)
    teacher.set_affiliation(meeting.room, guest.bare, rank)
    refused(meeting, ticket)


def test_an_end_that_a_teacher_wants_ends_all_tickets(own: Prosody) -> None:
    meeting = Meeting(own)
    teacher = meeting.teacher()
    teachers, guests = ticket_of(teacher), ticket_of(meeting.admitted_guest(teacher))
    teacher.ask("set", meeting.room, f"<query xmlns='{MUC}#owner'><destroy/></query>")
    kept = {path.name for path in (own.folder / "tickets").iterdir()}
    assert not kept & {teachers.id, guests.id}
    refused(again(meeting), guests)


def test_everybody_may_be_away_for_a_moment(meeting: Meeting) -> None:
    # As when the focus was killed: all pages begin anew, and nobody is left in the room.
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    teachers, guests = ticket_of(teacher), ticket_of(guest)
    for person in (guest, teacher, meeting.focus):
        person.leave()
    later = again(meeting)
    come_back(later, guests)
    sign_in_with(later, teachers).join(later.room)


def test_ticket_ends_some_time_after_its_holder_left(start: Start) -> None:
    meeting = Meeting(start("school_return_for = 1"))
    guest = meeting.admitted_guest(meeting.teacher())
    ticket = ticket_of(guest)
    file = meeting.server.folder / "tickets" / ticket.id
    assert file.exists()
    guest.leave()
    assert wait_until(lambda: not file.exists(), seconds=30)
    refused(meeting, ticket)
    meeting.close()


def test_nobody_else_sees_a_ticket(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    other = meeting.admitted_guest(teacher)
    ticket = ticket_of(guest)
    back = come_back(meeting, ticket)
    # Said again, in a room and in a lobby, by an altered browser.
    back.send(f"<presence to='{meeting.room}/{back.nick}'>{ticket.shown}</presence>")
    for person in (back, teacher, other):
        person.catch_up()
    for person in (teacher, other):
        assert not [text for text in person.received if ticket.secret in text]


def test_what_is_kept_lets_nobody_in_and_names_nobody(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    teachers, guests = ticket_of(teacher), ticket_of(guest)
    folder = meeting.server.folder / "tickets"
    kept = {path.name: path.read_text() for path in folder.iterdir()}
    assert {teachers.id, guests.id} <= kept.keys()
    everything = "".join(kept.values()) + meeting.server.log("debug.log").replace("ticket", "")
    for secret in (teachers.secret, guests.secret):
        assert secret not in everything
    for name in (meeting.name, "teacher", guest.bare.partition("@")[0], DOMAIN):
        assert name not in "".join(kept.values())


# The teacher's


def test_teacher_who_reloads_needs_no_password(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    back = sign_in_with(meeting, ticket_of(teacher))
    assert back.bare == teacher.bare
    assert standing(back.join(meeting.room)) == ("owner", "moderator")


def test_older_connection_of_a_teacher_leaves_when_the_newer_joins(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guest = meeting.admitted_guest(teacher)
    newer = meeting.teacher()  # with the password, as after a crash
    meeting.gone(guest, teacher)
    told = teacher.expect(lambda s: in_room(meeting.room)(s) and is_gone(s))
    assert told.findtext(f".//{{{MUC}#user}}item/{{{MUC}#user}}reason") == (
        "You have joined this conference again elsewhere."
    )
    assert standing(newer.join(meeting.room)) == ("owner", "moderator")


def test_colleagues_do_not_push_each_other_out(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    meeting.teacher("colleague")
    assert not [s for s in teacher.catch_up() if in_room(meeting.room)(s) and is_gone(s)]


def test_teacher_with_a_ticket_enters_no_other_room(meeting: Meeting) -> None:
    back = sign_in_with(meeting, ticket_of(meeting.teacher()))
    other = Meeting(meeting.server)
    with pytest.raises(Refused, match="forbidden"):
        back.join(other.room)
    back.join(meeting.room)
    other.close()


def test_teacher_with_a_ticket_does_nothing_to_other_rooms(meeting: Meeting) -> None:
    back = sign_in_with(meeting, ticket_of(meeting.teacher()))
    other = Meeting(meeting.server)
    owner = other.teacher()  # the same account, whose rank counts there
    pupil = other.guest()
    pupil.knock(other.room)
    item = f"<item jid='{pupil.bare}' affiliation='member'/>"
    opened = f"<conference xmlns='http://jitsi.org/protocol/focus' room='new-{other.room}'/>"
    for to, content in (
        (other.room, f"<query xmlns='{MUC}#admin'>{item}</query>"),
        (other.room, f"<query xmlns='{MUC}#owner'><destroy/></query>"),
        (f"{other.room}/{owner.nick}", "<query xmlns='urn:x'/>"),
        (f"x@breakout.{DOMAIN}", f"<query xmlns='{MUC}#owner'/>"),
        (f"focus.{DOMAIN}", opened),
    ):
        with pytest.raises(Refused, match="forbidden"):
            back.ask("set", to, content)
    back.invite(other.room, pupil.jid)
    with pytest.raises(Refused, match="forbidden"):
        back.join(other.lobby)
    assert other.still_waits(pupil)
    assert standing(back.join(meeting.room)) == ("owner", "moderator")
    back.join(meeting.lobby)
    other.close()


def test_guests_ticket_signs_nobody_in(meeting: Meeting) -> None:
    teacher = meeting.teacher()
    guests = ticket_of(meeting.admitted_guest(teacher))
    with pytest.raises(Refused, match="not-authorized"):
        sign_in_with(meeting, guests._replace(account=f"teacher~{guests.id}@{DOMAIN}"))


def test_ticket_of_one_account_signs_in_no_other(meeting: Meeting) -> None:
    teachers = ticket_of(meeting.teacher())
    with pytest.raises(Refused, match="not-authorized"):
        sign_in_with(meeting, teachers._replace(account=f"colleague~{teachers.id}@{DOMAIN}"))


def test_wrong_secret_signs_nobody_in(meeting: Meeting) -> None:
    teachers = ticket_of(meeting.teacher())
    with pytest.raises(Refused, match="not-authorized"):
        sign_in_with(meeting, teachers._replace(secret="0" * 32))


def test_teachers_ticket_ends_with_the_one_that_follows(meeting: Meeting) -> None:
    teachers = ticket_of(meeting.teacher())
    back = sign_in_with(meeting, teachers)
    back.join(meeting.room)
    following = ticket_of(back)
    sign_in_with(meeting, teachers)  # as long as nobody has shown that one
    sign_in_with(meeting, following).join(meeting.room)
    with pytest.raises(Refused, match="not-authorized"):
        sign_in_with(meeting, teachers)


def test_ticket_that_brought_nobody_into_the_room_is_still_good(meeting: Meeting) -> None:
    # The focus was not there yet, and the page began anew.
    teachers = ticket_of(meeting.teacher())
    sign_in_with(meeting, teachers).leave()
    sign_in_with(meeting, teachers).join(meeting.room)


def test_new_password_ends_a_teachers_ticket(own: Prosody) -> None:
    meeting = Meeting(own)
    teachers = ticket_of(meeting.teacher("colleague"))
    question = _asked(meeting, teachers)
    store = own.folder / "data" / encode(DOMAIN) / "accounts" / "colleague.dat"
    store.write_text(account_text("another horse"))
    question.person.prove(teachers.secret, question.asked)
    with pytest.raises(Refused, match="not-authorized"):  # a sign-in that had begun before
        question.person.verdict()
    with pytest.raises(Refused, match="not-authorized"):
        sign_in_with(meeting, teachers)
    store.write_text(account_text(PASSWORD))


def test_removed_teacher_does_not_come_back(own: Prosody) -> None:
    meeting = Meeting(own)
    teachers = ticket_of(meeting.teacher("colleague"))
    own.remove_account("colleague")
    with pytest.raises(Refused, match="not-authorized"):
        sign_in_with(meeting, teachers)
    own.add_account(DOMAIN, "colleague")


class Begun(NamedTuple):
    """A sign-in of which the question was asked."""

    person: Person
    asked: dict[str, str]


def _asked(meeting: Meeting, ticket: Ticket) -> Begun:
    person = Person(meeting.server, DOMAIN, room=meeting.name)
    meeting.people.append(person)
    return Begun(person, person.question(ticket.account.partition("@")[0]))


# The end: the teacher is away for long


ENDS = "school_end_after = 1; school_end_grace = 12"


@pytest.fixture
def left(start: Start) -> Iterator[Meeting]:
    """A room that ends one second after the staff."""
    meeting = Meeting(start(ENDS))
    yield meeting
    meeting.close()


def told_to_wait(person: Person) -> None:
    """Return when somebody's page is told to go back to the lobby."""
    person.expect(lambda stanza: stanza.find("{urn:school:return}wait") is not None)


def wait_with(meeting: Meeting, guest: Person, ticket: Ticket) -> Person:
    """The page of a guest that goes back to the lobby, where it is led by its ticket."""
    guest.leave()
    refused(meeting, ticket)
    waiting = meeting.people[-1]
    waiting.join(meeting.lobby)
    return waiting


def test_those_who_were_admitted_wait_together_and_come_in_with_the_teacher(left: Meeting) -> None:
    teacher = left.teacher()
    guests = [left.admitted_guest(teacher) for _ in range(3)]
    tickets = [ticket_of(guest) for guest in guests]
    teacher.leave()
    for guest in guests:
        told_to_wait(guest)
    waiting = [wait_with(left, g, t) for g, t in zip(guests, tickets, strict=True)]
    stranger = left.guest()
    stranger.knock(left.room)
    back = left.teacher()
    for person in waiting:
        person.expect(lambda stanza: stanza.find(f".//{{{MUC}#user}}invite") is not None)
        assert standing(person.join(left.room)) == ("member", "participant")
    assert left.still_waits(stranger)
    assert back.catch_up()


def test_waiting_ticket_lets_one_in_with_the_teacher(left: Meeting) -> None:
    teacher = left.teacher()
    guest = left.admitted_guest(teacher)
    ticket = ticket_of(guest)
    teacher.leave()
    told_to_wait(guest)
    friends = [wait_with(left, guest, ticket)]
    for _ in range(2):
        refused(left, ticket)
        friends.append(left.people[-1])
        friends[-1].join(left.lobby)
    left.teacher()
    friends[-1].expect(lambda stanza: stanza.find(f".//{{{MUC}#user}}invite") is not None)
    for friend in friends[:2]:
        assert left.still_waits(friend)
        with pytest.raises(Refused, match="registration-required"):
            friend.join(left.room)


def test_who_does_not_go_back_to_the_lobby_is_shown_out(left: Meeting) -> None:
    teacher = left.teacher()
    stays, goes = left.admitted_guest(teacher), left.admitted_guest(teacher)
    guests, ticket = ticket_of(stays), ticket_of(goes)
    teacher.leave()
    told_to_wait(goes)
    wait_with(left, goes, ticket)
    left.gone(stays, stays)
    refused(left, guests)


def test_who_is_thrown_out_before_the_end_waits_for_a_click(left: Meeting) -> None:
    teacher = left.teacher()
    guest, bad = left.admitted_guest(teacher), left.admitted_guest(teacher)
    guests, ticket = ticket_of(bad), ticket_of(guest)
    teacher.set_role(left.room, bad.nick, "none")
    teacher.leave()
    told_to_wait(guest)
    wait_with(left, guest, ticket)
    refused(left, guests)
    stranger = left.people[-1]
    stranger.join(left.lobby)
    left.teacher()
    assert left.still_waits(stranger)
