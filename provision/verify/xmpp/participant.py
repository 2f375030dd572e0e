"""Somebody who is in a room, where only participants are told of the relay."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.teacher import SECONDS, temporary_teacher
from provision.verify.xmpp import rooms
from provision.verify.xmpp.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provision.verify.target import Target
    from provision.verify.xmpp.limits import Limits


@contextmanager
def participant(target: Target, limits: Limits) -> Iterator[Session]:
    """Yield a temporary teacher in a room of their own; no room and no account is left behind.

    Raises NotMeasuredError where that cannot be.
    """
    name = rooms.unguessable()
    room = f"{name}@conference.{target.domain}"
    with ExitStack() as stack:
        account = stack.enter_context(
            temporary_teacher(target, max(SECONDS, round(limits.left()) + 30))
        )
        person = stack.enter_context(Session(target, target.domain, limits, name, secret=True))
        person.sign_in(account.user, account.password)
        rooms.open_conference(person, f"focus.{target.domain}", room, rooms.WHILE_STARTING)
        _seat, entry = rooms.enter(person, room, "Provision Verify")
        if entry["outcome"] != "entered":
            raise NotMeasuredError(
                N_("A teacher could not enter a room: {answer}."),
                answer=entry["condition"] or entry["outcome"],
            )
        try:
            yield person
        finally:
            rooms.destroy(person, room)
