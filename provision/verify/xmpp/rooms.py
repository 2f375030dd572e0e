"""Rooms (XEP-0045) as Jitsi uses them: opened by the focus, entered through the lobby."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict
from xml.sax.saxutils import quoteattr

from provision.verify.xmpp.limits import ClosedError, SilentError
from provision.verify.xmpp.session import (
    CAPABILITIES,
    INFO,
    PATIENCE,
    RefusedError,
    accepted,
    local,
)

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from provision.verify.xmpp.session import Match, Session

MUC = "http://jabber.org/protocol/muc"
USER = f"{MUC}#user"
ADMIN = f"{MUC}#admin"
OWNER = f"{MUC}#owner"
JITSI = "http://jitsi.org/jitmeet"
FOCUS = "http://jitsi.org/protocol/focus"
NICK = "http://jabber.org/protocol/nick"
ITEMS = "http://jabber.org/protocol/disco#items"

Outcome = Literal["entered", "lobby", "refused", "silent"]


NO_FOCUS = frozenset(
    {"no answer", "service-unavailable", "remote-server-not-found", "item-not-found"}
)
"""Answers to the wish for a conference that come from anybody but the focus."""
WHILE_STARTING = 12.0
"""Seconds for the wish after a deployment: until the bridge is warm (measured: 8.8 to 13.2 s),
mod_school_focus lets it wait."""


class Entry(TypedDict):
    """What became of somebody who wanted to enter a room."""

    outcome: Outcome
    condition: str
    """XMPP's word for a refusal."""
    lobby: str
    """The address of the lobby where the server sent somebody."""
    affiliation: str
    role: str
    permissions: dict[str, bool] | None
    """What Jitsi's own presence says is granted; nothing where it says nothing."""


class Opening(TypedDict):
    """What the focus answered to the wish for a conference."""

    ready: bool
    condition: str
    """XMPP's word for a refusal; empty where it was none."""
    properties: dict[str, str]


class Seat(NamedTuple):
    """Somebody's place in a room."""

    session: Session
    room: str
    nick: str

    @property
    def address(self) -> str:
        """The place as others see it."""
        return f"{self.room}/{self.nick}"


def unguessable() -> str:
    """Return a name for a room, of which nobody can know and that tells whose it was."""
    return f"provision-verify-{secrets.token_hex(12)}"


def open_conference(session: Session, focus: str, room: str, seconds: float = PATIENCE) -> Opening:
    """Ask the focus for a conference, as Jitsi's client does."""
    try:
        answer = session.ask(
            "set",
            focus,
            f"<conference xmlns='{FOCUS}' room={quoteattr(room)} "
            f"machine-uid='{secrets.token_hex(16)}'/>",
            seconds,
        )
    except RefusedError as refusal:
        return Opening(ready=False, condition=refusal.condition, properties={})
    except SilentError:
        return Opening(ready=False, condition="no answer", properties={})
    found = answer.find(f"{{{FOCUS}}}conference")
    properties = {
        (each.get("name") or "")[:60]: (each.get("value") or "")[:60]
        for each in answer.iter(f"{{{FOCUS}}}property")
    }
    ready = found is not None and found.get("ready") == "true"
    return Opening(ready=ready, condition="", properties=properties)


def enter(session: Session, room: str, name: str = "provision verify") -> tuple[Seat, Entry]:
    """Try to enter a room."""
    seat = Seat(session, room, secrets.token_hex(4))
    session.send(
        f"<presence xmlns='jabber:client' to={quoteattr(seat.address)}><x xmlns='{MUC}'/>"
        f"<nick xmlns='{NICK}'>{name}</nick>{CAPABILITIES}</presence>"
    )
    try:
        own = accepted(session.expect(_answers(seat)))
    except RefusedError as refusal:
        lobby = refusal.answer.findtext(f".//{{{JITSI}}}lobbyroom") or ""
        outcome: Outcome = "lobby" if lobby else "refused"
        return seat, _entry(outcome, refusal.condition, lobby)
    except SilentError:
        return seat, _entry("silent")
    affiliation, role = standing(own)
    return seat, _entry("entered") | Entry(
        outcome="entered",
        condition="",
        lobby="",
        affiliation=affiliation,
        role=role,
        permissions=permissions(own),
    )


def _entry(outcome: Outcome, condition: str = "", lobby: str = "") -> Entry:
    return Entry(
        outcome=outcome,
        condition=condition,
        lobby=lobby,
        affiliation="",
        role="",
        permissions=None,
    )


def _answers(seat: Seat) -> Match:
    """Match the room's yes or no."""

    def match(element: ET.Element) -> bool:
        if local(element) != "presence" or bare(element) != seat.room:
            return False
        return element.get("type") == "error" or (element.get("type") is None and is_own(element))

    return match


def leave(seat: Seat) -> None:
    """Leave a room, without waiting for an answer."""
    seat.session.send(
        f"<presence xmlns='jabber:client' type='unavailable' to={quoteattr(seat.address)}/>"
    )


def bare(element: ET.Element) -> str:
    """Return the room that a stanza comes from."""
    return (element.get("from") or "").partition("/")[0]


def is_own(element: ET.Element) -> bool:
    """Return whether a presence shows somebody's own place."""
    return element.find(f".//{{{USER}}}status[@code='110']") is not None


def is_destroyed(element: ET.Element) -> bool:
    """Return whether a presence says that the room is gone."""
    return element.find(f".//{{{USER}}}destroy") is not None


def standing(element: ET.Element) -> tuple[str, str]:
    """Return affiliation and role that a presence shows."""
    item = element.find(f".//{{{USER}}}item")
    if item is None:
        return "", ""
    return item.get("affiliation", ""), item.get("role", "")


def permissions(element: ET.Element) -> dict[str, bool] | None:
    """Return what a presence of Jitsi says is granted to its owner."""
    found = element.find(f"{{{JITSI}}}permissions")
    if found is None:
        return None
    return {
        (each.get("name") or "")[:60]: each.get("val") == "true"
        for each in found.iter(f"{{{JITSI}}}p")
    }


def shown(session: Session, host: str) -> set[str] | None:
    """Return the rooms that a host lists to this person; nothing where it refuses."""
    try:
        answer = session.ask("get", host, f"<query xmlns='{ITEMS}'/>", seconds=1)
    except (RefusedError, SilentError):
        return None
    return {item.get("jid", "") for item in answer.iter(f"{{{ITEMS}}}item")}


def listed(session: Session, host: str) -> int | None:
    """Return how many rooms a host lists to this person; nothing where it refuses."""
    found = shown(session, host)
    return None if found is None else len(found)


def query(session: Session, room: str) -> str:
    """Return what a question about a room brings: `told`, or XMPP's word for a refusal."""
    try:
        session.ask("get", room, f"<query xmlns='{INFO}'/>")
    except RefusedError as refusal:
        return refusal.condition
    except SilentError:
        return "no answer"
    return "told"


def number(session: Session, room: str, field: str) -> int | None:
    """Return a number that a room tells about itself to those inside, or nothing."""
    try:
        answer = session.ask("get", room, f"<query xmlns='{INFO}'/>")
    except (RefusedError, SilentError):
        return None
    value = answer.findtext(f".//{{jabber:x:data}}field[@var='{field}']/{{jabber:x:data}}value")
    return int(value) if value and value.isdecimal() and len(value) < 6 else None  # noqa: PLR2004


def destroy(session: Session, room: str) -> bool:
    """End a room for everybody; return whether the server did it."""
    try:
        session.ask("set", room, f"<query xmlns='{OWNER}'><destroy/></query>")
    except (RefusedError, SilentError, ClosedError):
        return False
    return True
