"""The STUN and TURN servers that a server announces (XEP-0215)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from provision.verify.xmpp.limits import SilentError
from provision.verify.xmpp.session import RefusedError

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from provision.verify.xmpp.session import Session

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
    return [_service(each) for each in list(answer.iter(f"{{{SERVICES}}}service"))[:_MOST]]


def _service(found: ET.Element) -> Service:
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
