"""The STUN and TURN servers that a server announces: to who asks (XEP-0215), or with a room."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import quoteattr

from provision.verify.xmpp.limits import SilentError
from provision.verify.xmpp.session import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.verify.xmpp.session import Session

JITSI = "http://jitsi.org/jitmeet"
SERVICES = "urn:xmpp:extdisco:2"
_MOST = 20


class Service(NamedTuple):
    """One of them, with the credentials of whoever asked."""

    kind: str
    host: str
    port: int
    transport: str
    username: str
    password: str
    expires: float | None
    """When the credentials end, in seconds since 1970."""

    def __repr__(self) -> str:
        """Return it without credentials."""
        return f"Service({self.kind!r}, {self.host!r}, {self.port})"


def announced(session: Session, domain: str) -> list[Service] | None:
    """Return what the server announces; nothing where it does not tell."""
    try:
        answer = session.ask("get", domain, f"<services xmlns='{SERVICES}'/>")
    except (RefusedError, SilentError):
        return None
    found = list(answer.iter(f"{{{SERVICES}}}service"))[:_MOST]
    return [_service(each.attrib) for each in found]


def granted(session: Session, host: str, wanted: list[Service]) -> list[Service]:
    """Return what the server answers to who asks for the credentials of these by name."""
    named = "".join(
        f"<service type={quoteattr(each.kind)} host={quoteattr(each.host)}/>" for each in wanted
    )
    try:
        answer = session.ask("get", host, f"<credentials xmlns='{SERVICES}'>{named}</credentials>")
    except (RefusedError, SilentError):
        return []
    found = list(answer.iter(f"{{{SERVICES}}}service"))[:_MOST]
    return [_service(each.attrib) for each in found]


def told(session: Session) -> list[Service]:
    """Return what came last with the metadata of a room that somebody has entered."""
    found: list[Service] = []
    for element in session.heard:
        try:
            news = json.loads(element.findtext(f"{{{JITSI}}}json-message") or "{}")
            listed = news["metadata"]["services"]
            found = [_service(each) for each in listed[:_MOST] if isinstance(each, dict)]
        except (ValueError, LookupError, TypeError, RecursionError):
            continue
    return found


def _service(texts: Mapping[str, Any]) -> Service:
    found = {name: value for name, value in texts.items() if isinstance(value, str)}
    port = found.get("port", "")
    return Service(
        kind=found.get("type", ""),
        host=found.get("host", ""),
        port=int(port) if port.isdecimal() and len(port) < 6 else 0,  # noqa: PLR2004
        transport=found.get("transport", ""),
        username=found.get("username", ""),
        password=found.get("password", ""),
        expires=_time(found.get("expires", "")),
    )


def _time(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo else None
