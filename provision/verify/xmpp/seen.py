"""What a lesson showed: the shape of the section `lesson`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from provision.verify.xmpp.rooms import Entry


class Burst(TypedDict):
    """Guests who came at the same moment."""

    guests: int
    succeeded: int
    seconds: float
    conditions: list[str]
    """Why the others did not get as far as the door."""


class End(TypedDict):
    """After the only teacher has left the room."""

    late: Entry
    """A guest who comes then."""
    role: str
    """A guest who stayed."""
    announced: int | None
    """In how many seconds the server says that the room ends."""
    measured: int | None
    """After how many seconds it ended, 0 if it did not; nothing without the time to wait."""


class Lesson(TypedDict):
    """The section. Conditions are `done`, or XMPP's word for a refusal."""

    accounts: bool
    """Whether the domain lets people sign in with an account."""
    early: list[Entry]
    """Two guests who came before the teacher."""
    alone: list[str]
    """The roles of those of them who were inside then."""
    teacher: Entry | None
    after: list[str]
    """What the two early guests were once the teacher had come: `waiting`, `called`, `inside`."""
    unadmitted: Entry | None
    """The second at the door again, when the first had been admitted."""
    admitted: list[Entry]
    claims: dict[str, str]
    """What the server said to attempts to give a guest rights: by whom."""
    guest_role: str
    """The guest's role after all these attempts."""
    rights: dict[str, bool] | None
    """What the presence of whoever moderates lists."""
    whispers: dict[str, str]
    """Private messages by who writes to whom."""
    kept: str
    """What the server said to a guest who wants a contact written down."""
    locked: bool | None
    """Whether guests heard that their microphones are locked."""
    guest_acts: dict[str, str]
    """What the server said to a guest who unmutes, mutes the teacher, throws out."""
    breakout: bool
    """Whether a breakout room came of a guest's wish."""
    statistics: dict[str, str]
    """What the server said to data about speaking and faces."""
    listed: int | None
    queried: str
    """What a stranger's question about the open room brought."""
    burst: Burst
    end: End | None
    gone: bool
    """Whether the room was gone afterwards."""
    account_removed: bool
