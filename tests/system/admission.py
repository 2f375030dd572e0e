"""A guest whom a teacher has let in, as far as a test needs one."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.system.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.entrance import Entrance
    from tests.system.school import School

KEY = "gymnasium-nord"
NAME = "e.admits"


@contextmanager
def admitted_guest(school: School, entrance: Entrance) -> Iterator[Visitor]:
    """Yield somebody without an account who is in a room, with a teacher beside."""
    made = school.project.run("teachers", "add", KEY, NAME, "--json")
    assert made.code == 0, made.err
    name = f"room-{uuid.uuid4().hex[:8]}"
    room = f"{name}@conference.{entrance.domain}"
    teacher = Visitor(entrance, entrance.domain, room=name)
    guest = Visitor(entrance, f"guest.{entrance.domain}", room=name)
    try:
        teacher.sign_in(NAME, json.loads(made.out)[NAME])
        teacher.open_room(room)
        teacher.join(room)
        guest.sign_in()
        guest.knock(room)
        teacher.admit(room, guest)
        yield guest
    finally:
        with suppress(OSError):
            guest.leave()
        assert school.project.run("teachers", "remove", KEY, NAME).code == 0
