"""Holds a lesson in a room of its own, and notes what became of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.xmpp import acts, rooms
from provision.verify.xmpp.limits import SilentError, XmppError
from provision.verify.xmpp.seen import Burst, End, Lesson
from provision.verify.xmpp.session import RefusedError, Session

if TYPE_CHECKING:
    from contextlib import ExitStack

    from provision.verify.target import Target
    from provision.verify.teacher import Account
    from provision.verify.xmpp.limits import Limits
    from provision.verify.xmpp.rooms import Entry, Seat

GUESTS = 10
"""A handful of a class, all at the same moment from one address."""
END_FIELD = "muc#roominfo_school_end_after"
_SPARE = 30.0


class Room:
    """One room and the people at its door."""

    def __init__(self, target: Target, limits: Limits, guests: str, connections: ExitStack) -> None:
        self.target, self.limits, self.guests = target, limits, guests
        self.connections = connections
        self.company: list[Session] = []
        self.name = rooms.unguessable()
        self.room = f"{self.name}@conference.{target.domain}"
        self.focus = f"focus.{target.domain}"

    def hold(self, account: Account | None) -> Lesson:
        """Hold the lesson, and leave no room behind."""
        one, other = self._guest(), self._guest()
        self._open(one)
        early = [self._arrive(one), self._arrive(other)]
        burst = self._burst()
        alone = [self._role(seat) for seat, entry in early if entry["outcome"] == "entered"]
        teacher = self._teacher(account) if account else None
        try:
            return self._proceed(teacher, early, burst, alone)
        finally:
            for person in filter(None, (teacher, one)):
                rooms.destroy(person, self.room)

    # Coming ---------------------------------------------------------------------------------------

    def _guest(self) -> Session:
        guest = self._connect(self.guests)
        guest.sign_in()
        return guest

    def _connect(self, host: str, *, secret: bool = False) -> Session:
        person = Session(self.target, host, self.limits, self.name, self.company, secret=secret)
        self.company.append(person)
        self.connections.callback(person.close)
        return person

    def _teacher(self, account: Account) -> Session:
        teacher = self._connect(self.target.domain, secret=True)
        teacher.sign_in(account.user, account.password)
        self._open(teacher)
        return teacher

    def _open(self, person: Session) -> None:
        """Ask for the conference, as everybody does who comes."""
        opening = rooms.open_conference(person, self.focus, self.room, rooms.WHILE_STARTING)
        condition = opening["condition"]
        if condition in rooms.NO_FOCUS:
            raise NotMeasuredError(
                N_("The focus opens no conferences: {answer}."), answer=condition
            )

    def _arrive(self, guest: Session) -> tuple[Seat, Entry]:
        """Go to the room, and to its lobby where the server sends somebody there."""
        seat, entry = rooms.enter(guest, self.room)
        if entry["outcome"] == "lobby":
            rooms.enter(guest, entry["lobby"])
        return seat, entry

    def _burst(self) -> Burst:
        begun = time.monotonic()
        with ThreadPoolExecutor(max_workers=GUESTS) as pool:
            conditions = [each for each in pool.map(self._knock, range(GUESTS)) if each]
        seconds = round(time.monotonic() - begun, 1)
        return Burst(
            guests=GUESTS,
            succeeded=GUESTS - len(conditions),
            seconds=seconds,
            conditions=sorted(set(conditions)),
        )

    def _knock(self, _number: int) -> str:
        """Come as one of many and go again; return why it did not work."""
        try:
            with Session(self.target, self.guests, self.limits, self.name) as guest:
                guest.sign_in()
                _seat, entry = self._arrive(guest)
        except RefusedError as refusal:
            return refusal.condition
        except (XmppError, OSError):
            return acts.NO_ANSWER
        return "" if entry["outcome"] in {"entered", "lobby"} else entry["condition"] or "silent"

    def _role(self, seat: Seat) -> str:
        """Return the role of somebody in the room, whom Jicofo may still make moderator."""
        seat.session.listen(0.3)
        return acts.present(seat)[1] or "participant"

    # The lesson -----------------------------------------------------------------------------------

    def _proceed(
        self,
        teacher: Session | None,
        early: list[tuple[Seat, Entry]],
        burst: Burst,
        alone: list[str],
    ) -> Lesson:
        (one, first), (other, second) = early
        host: Seat | None = None
        found = Lesson(
            accounts=teacher is not None,
            early=[first, second],
            alone=alone,
            teacher=None,
            after=[],
            unadmitted=None,
            admitted=[],
            claims={},
            guest_role="",
            rights=None,
            whispers={},
            kept="",
            locked=None,
            guest_acts={},
            breakout=False,
            statistics={},
            listed=None,
            queried="",
            burst=burst,
            end=None,
            gone=False,
            account_removed=True,
        )
        if teacher:
            host, found["teacher"] = rooms.enter(teacher, self.room, "Provision Verify")
            found["after"] = [self._state(seat, entry) for seat, entry in early]
            one, other = self._admit(teacher, early, found)
        self._ask_as_stranger(found)
        moderator = host or one
        found["rights"] = self._rights(moderator, found["teacher"] or first)
        acts.open_breakout(one.session, f"breakout.{self.target.domain}")
        self._whispers(one, other, host, found)
        self._claims(one, other, host, found)
        self._statistics(moderator, found)
        found["breakout"] = acts.hears(moderator.session, acts.is_breakout, 0.3)
        if host:
            found["end"] = self._abandon(host, one)
        rooms.destroy(moderator.session, self.room)
        found["gone"] = self._is_gone()
        return found

    def _state(self, seat: Seat, entry: Entry) -> str:
        """Return where an early guest is now that a teacher has come."""
        heard = seat.session.catch_up()
        if entry["outcome"] == "entered":
            return "inside"
        called = any(
            rooms.is_destroyed(each) or each.find(f".//{{{rooms.USER}}}invite") is not None
            for each in heard
        )
        return "called" if called else "waiting"

    def _admit(
        self, teacher: Session, early: list[tuple[Seat, Entry]], found: Lesson
    ) -> tuple[Seat, Seat]:
        """Let the waiting guests in one by one; return all places in the room."""
        (one, _first), (other, second) = early
        seats = []
        for number, (seat, entry) in enumerate(early):
            if entry["outcome"] != "lobby":
                seats.append(seat)
                continue
            acts.admit(teacher, self.room, seat.session)
            inside, admitted = rooms.enter(seat.session, self.room)
            found["admitted"].append(admitted)
            seats.append(inside)
            if number == 0 and second["outcome"] == "lobby":
                _seat, found["unadmitted"] = rooms.enter(other.session, self.room)
        one, other = seats
        return one, other

    def _ask_as_stranger(self, found: Lesson) -> None:
        """Ask for the list of rooms, and about this one, without being in it."""
        stranger = self._guest()
        found["listed"] = rooms.listed(stranger, f"conference.{self.target.domain}")
        found["queried"] = rooms.query(stranger, self.room)
        stranger.close()

    def _rights(self, seat: Seat, entry: Entry) -> dict[str, bool] | None:
        rights = entry["permissions"]
        for each in seat.session.catch_up():
            if each.get("from") == seat.address:
                rights = rooms.permissions(each) or rights
        return rights

    def _whispers(self, one: Seat, other: Seat, host: Seat | None, found: Lesson) -> None:
        found["whispers"]["guest to guest"] = acts.whisper(one, other)
        found["whispers"]["guest to address"] = acts.write_to_address(one, other)
        found["whispers"]["question to guest"] = acts.ask_in_private(one, other)
        found["kept"] = acts.keep_a_contact(one.session)
        if host:
            found["whispers"]["guest to teacher"] = acts.whisper(one, host)
            found["whispers"]["teacher to guest"] = acts.whisper(host, one)

    def _claims(self, one: Seat, other: Seat, host: Seat | None, found: Lesson) -> None:
        """Let a guest reach for rights, and use rights of others."""
        address = one.session.jid.partition("/")[0]
        if host:
            found["claims"]["by the guest"] = acts.set_affiliation(
                one.session, self.room, address, "owner"
            )
            found["claims"]["by the teacher"] = acts.set_affiliation(
                host.session, self.room, address, "owner"
            )
            found["claims"]["by the teacher, for now"] = acts.set_role(
                host.session, one, "moderator"
            )
            found["guest_role"] = acts.present(one)[1] or "participant"
            locking = f"avmoderation.{self.target.domain}"
            acts.lock_microphones(host.session, locking, self.room)
            found["locked"] = acts.hears(one.session, acts.is_lock, 1.0)
            found["guest_acts"]["unmute"] = acts.mute(one.session, one, muted=False)
            found["guest_acts"]["mute the teacher"] = acts.mute(one.session, host, muted=True)
            found["guest_acts"]["throw out"] = acts.set_role(one.session, other, "none")

    def _statistics(self, seat: Seat, found: Lesson) -> None:
        to = f"speakerstats.{self.target.domain}"
        said = f"xmlns='{rooms.JITSI}' room='{self.room}'"
        face = "faceExpression='neutral' timestamp='0' duration='1'"
        found["statistics"] = {
            "speaking": acts.tell(seat.session, to, f"<speakerstats {said}/>"),
            "faces": acts.tell(seat.session, to, f"<faceLandmarks {said} {face}/>"),
        }

    # The end --------------------------------------------------------------------------------------

    def _abandon(self, host: Seat, guest: Seat) -> End:
        """Leave guests without a teacher, see what becomes of them, and come back."""
        announced = rooms.number(host.session, self.room, END_FIELD)
        rooms.leave(host)
        host.session.catch_up()
        left = time.monotonic()
        late = self._guest()
        _seat, entry = rooms.enter(late, self.room)
        end = End(
            late=entry,
            role=acts.present(guest)[1] or "participant",
            announced=announced,
            measured=None,
        )
        if announced and self.limits.left() > announced + _SPARE:
            end["measured"] = self._await_end(guest, announced, left)
        if not end["measured"]:
            self._open(host.session)
            rooms.enter(host.session, self.room)
        return end

    def _await_end(self, guest: Seat, announced: int, left: float) -> int:
        """Return how long it took until the room ended; 0 where it did not."""
        try:
            guest.session.expect(rooms.is_destroyed, announced + _SPARE / 2)
        except SilentError:
            return 0
        return round(time.monotonic() - left)

    def _is_gone(self) -> bool:
        stranger = self._guest()
        answer = rooms.query(stranger, self.room)
        if answer != "told":
            return answer == "item-not-found"
        # Prosody describes rooms that do not exist, too, where nothing hides those that do.
        listed = rooms.shown(stranger, f"conference.{self.target.domain}")
        return listed is not None and self.room not in listed
