"""A lesson as teacher and guests experience it: lobby, rights, private messages, its end.

The teacher is a temporary account (see teacher.py). Where a server has no accounts, as Jitsi's
packages install it, the guests are alone, and that is measured as well. Nothing is asked that could
start a recording: what is granted shows in the presence.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.teacher import temporary_teacher
from provision.verify.xmpp.lesson import Room
from provision.verify.xmpp.limits import Limits
from provision.verify.xmpp.scram import NAME as SCRAM
from provision.verify.xmpp.session import Session

if TYPE_CHECKING:
    from provision.verify.target import Target
    from provision.verify.xmpp.seen import Lesson

LONGER = 2
"""How many times as long as other probes: a lesson has some hundred steps, one after the other."""


def measure(target: Target) -> Lesson:
    """Return what a lesson showed; NotMeasuredError where none can be held."""
    if target.school is None:
        raise NotMeasuredError(N_("A lesson needs an account on the server."))
    limits = Limits(target.seconds * LONGER)
    guests, accounts = _guests_host(target, limits)
    with ExitStack() as stack:
        account = stack.enter_context(temporary_teacher(target)) if accounts else None
        with ExitStack() as connections:
            found = Room(target, limits, guests, connections).hold(account)
    found["account_removed"] = account is None or account.removed
    limits.left()
    return found


def _guests_host(target: Target, limits: Limits) -> tuple[str, bool]:
    """Return where people without an account sign in, and whether others have accounts."""
    with Session(target, target.domain, limits) as door:
        offered = door.mechanisms
    accounts = SCRAM in offered
    return (target.domain if "ANONYMOUS" in offered else f"guest.{target.domain}"), accounts
