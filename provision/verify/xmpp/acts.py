"""What people do to each other in a room, and what the server says to it.

Each function returns `done`, XMPP's word for a refusal, or `no answer`.
"""

from __future__ import annotations

import itertools
import json
import secrets
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from provision.verify.xmpp import rooms
from provision.verify.xmpp.limits import SilentError
from provision.verify.xmpp.session import RefusedError, condition, local

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Callable

    from provision.verify.xmpp.rooms import Seat
    from provision.verify.xmpp.session import Session

DONE = "done"
NO_ANSWER = "no answer"
BREAKOUT = "features/breakout-rooms/"
_numbers = itertools.count(1)


def set_affiliation(actor: Session, room: str, address: str, affiliation: str) -> str:
    """Change what somebody is in a room; the address is without resource."""
    return _administer(actor, room, f"jid={quoteattr(address)} affiliation='{affiliation}'")


def set_role(actor: Session, seat: Seat, role: str) -> str:
    """Change what somebody may do in a room at present; `none` throws them out."""
    return _administer(actor, seat.room, f"nick={quoteattr(seat.nick)} role='{role}'")


def _administer(actor: Session, room: str, item: str) -> str:
    return _ask(actor, room, f"<query xmlns='{rooms.ADMIN}'><item {item}/></query>")


def mute(actor: Session, seat: Seat, *, muted: bool) -> str:
    """Ask the focus to switch a microphone off or on."""
    wish = f"<mute xmlns='{rooms.JITSI}/audio' jid={quoteattr(seat.address)}>{muted}</mute>"
    return _ask(actor, f"{seat.room}/focus", wish.replace("True", "true").replace("False", "false"))


def _ask(actor: Session, to: str, payload: str) -> str:
    try:
        actor.ask("set", to, payload)
    except RefusedError as refusal:
        return refusal.condition
    except SilentError:
        return NO_ANSWER
    return DONE


def tell(actor: Session, to: str, payload: str, kind: str = "") -> str:
    """Send a message; a server that does not take it says so before the next answer."""
    number = f"m{next(_numbers)}"
    attribute = f" type='{kind}'" if kind else ""
    actor.send(
        f"<message xmlns='jabber:client' id='{number}' to={quoteattr(to)}{attribute}>"
        f"{payload}</message>"
    )
    for element in actor.catch_up():
        if element.get("id") == number and element.get("type") == "error":
            actor.heard.remove(element)
            return condition(element)
    return DONE


def whisper(sender: Seat, receiver: Seat) -> str:
    """Send a private message; `done` where the receiver has it, `lost` where nobody knows."""
    secret = secrets.token_hex(8)
    answer = tell(sender.session, receiver.address, f"<body>{secret}</body>", "chat")
    if answer != DONE:
        return answer
    heard = receiver.session.catch_up()
    return DONE if any(each.findtext("{*}body") == secret for each in heard) else "lost"


def write_to_address(sender: Seat, receiver: Seat) -> str:
    """Write to somebody beside the room, by the address of the connection; as `whisper`."""
    secret = secrets.token_hex(8)
    answer = tell(sender.session, receiver.session.jid, f"<body>{secret}</body>", "chat")
    if answer != DONE:
        return answer
    heard = receiver.session.catch_up()
    return DONE if any(each.findtext("{*}body") == secret for each in heard) else "lost"


def ask_in_private(sender: Seat, receiver: Seat) -> str:
    """Hand something on through the room that only the receiver's browser sees."""
    return _ask(sender.session, receiver.address, "<note xmlns='urn:xmpp:tmp:provision'/>")


def keep_a_contact(actor: Session) -> str:
    """Have the server write down a contact of somebody's."""
    item = f"<item jid='contact@{actor.host}'/>"
    return _ask(actor, "", f"<query xmlns='jabber:iq:roster'>{item}</query>")


def admit(teacher: Session, room: str, guest: Session) -> bool:
    """Let somebody in from the lobby; return whether the invitation came."""
    invitation = f"<x xmlns='{rooms.USER}'><invite to={quoteattr(guest.jid)}/></x>"
    teacher.send(f"<message xmlns='jabber:client' to={quoteattr(room)}>{invitation}</message>")
    try:
        guest.expect(lambda each: each.find(f".//{{{rooms.USER}}}invite") is not None)
    except SilentError:
        return False
    return True


def open_breakout(actor: Session, host: str) -> str:
    """Ask for a breakout room of the conference one is in."""
    wish = f"<breakout_rooms type='{BREAKOUT}add' subject='provision verify'/>"
    return tell(actor, host, wish)


def lock_microphones(actor: Session, host: str, room: str) -> str:
    """Ask that guests cannot switch their microphones on."""
    wish = f"<av_moderation room={quoteattr(room)} enable='true' mediaType='audio'/>"
    return tell(actor, host, wish)


def news(element: ET.Element) -> dict[str, Any]:
    """Return what a message of Jitsi's components says, or nothing."""
    text = element.findtext(f"{{{rooms.JITSI}}}json-message")
    try:
        found = json.loads(text or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def hears(person: Session, match: Callable[[dict[str, Any]], bool], seconds: float) -> bool:
    """Return whether such news has come, or comes in time."""
    try:
        person.expect(lambda each: match(news(each)), seconds)
    except SilentError:
        return False
    return True


def present(seat: Seat) -> tuple[str, str]:
    """Return affiliation and role as the person in this place has heard last; empty if nothing."""
    found = ("", "")
    for each in seat.session.catch_up():
        if each.get("from") == seat.address and local(each) == "presence":
            found = rooms.standing(each) if each.get("type") is None else ("", "none")
    return found


def is_breakout(news: dict[str, Any]) -> bool:
    """Return whether a room is told of its breakout rooms."""
    return str(news.get("event", "")).startswith(BREAKOUT)


def is_lock(news: dict[str, Any]) -> bool:
    """Return whether a room is told that its microphones were locked."""
    return news.get("type") == "av_moderation" and news.get("enabled") is True
