"""A conference and the people around it."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.prosody.person import DESTROYED, Person, in_room
from tests.prosody.server import DOMAIN

if TYPE_CHECKING:
    from tests.prosody.server import Prosody


class Meeting:
    """A room that the focus has opened because somebody asked for it."""

    def __init__(self, server: Prosody) -> None:
        self.server = server
        self.name = f"room-{uuid.uuid4().hex[:8]}"
        self.room = f"{self.name}@conference.{DOMAIN}"
        self.lobby = f"{self.name}@lobby.{DOMAIN}"
        self.people: list[Person] = []
        self.focus = self.person("auth." + DOMAIN, "focus")
        self.focus.nick = "focus"
        self.focus.join(self.room, name="")

    def person(self, host: str, name: str = "", address: str = "192.0.2.1") -> Person:
        """Somebody who is signed in, with an account or anonymously."""
        person = Person(self.server, host, room=self.name, address=address)
        self.people.append(person)
        person.sign_in(name)
        return person

    def guest(self) -> Person:
        """Somebody without an account, in no room yet."""
        return self.person("guest." + DOMAIN)

    def staff(self, name: str = "teacher") -> Person:
        """Somebody with an account, in no room yet."""
        return self.person(DOMAIN, name)

    def teacher(self, name: str = "teacher") -> Person:
        """Somebody with an account, in the room."""
        person = self.staff(name)
        person.join(self.room)
        return person

    def admitted_guest(self, teacher: Person) -> Person:
        """A guest whom the teacher has let in."""
        guest = self.guest()
        guest.knock(self.room)
        teacher.admit(self.room, guest)
        return guest

    def gone(self, witness: Person, who: Person) -> None:
        """Return when the witness has seen somebody leave the room."""
        nick = f"{self.room}/{who.nick}"
        witness.expect(
            lambda stanza: stanza.get("from") == nick and stanza.get("type") == "unavailable"
        )

    def still_waits(self, person: Person) -> bool:
        """Return whether, by now, neither lobby nor room has moved somebody on."""
        heard = person.catch_up()
        ended = [s for s in heard if in_room(self.lobby)(s) and s.find(DESTROYED) is not None]
        return not ended and not [stanza for stanza in heard if in_room(self.room)(stanza)]

    def close(self) -> None:
        """Send everybody home."""
        for person in self.people:
            with suppress(OSError):
                person.socket.close()
