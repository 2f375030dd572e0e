"""What Jicofo says to bridge and participant about one participant."""

import secrets

from names import COLIBRI2, GROUPING, JINGLE, RTP
from standin.stanza import Element, el

PAYLOADS = {"audio": ("111", "opus", "48000"), "video": ("100", "VP8", "90000")}


def modify(meeting: str, room: str, create: bool, *content: Element) -> Element:
    """A conference-modify for the bridge."""
    attributes = {"meeting-id": meeting, "name": room}
    if create:
        attributes["create"] = "true"
    return el(f"{{{COLIBRI2}}}conference-modify", attributes, *content)


def expire_all(meeting: str) -> Element:
    """A conference-modify that ends the meeting on the bridge."""
    return el(f"{{{COLIBRI2}}}conference-modify", {"meeting-id": meeting, "expire": "true"})


def endpoint(name: str, sctp: bool) -> Element:
    """The wish for a new participant on the bridge."""
    transport = el(f"{{{COLIBRI2}}}transport", {"ice-controlling": "true"})
    if sctp:
        transport.append(el(f"{{{COLIBRI2}}}sctp"))
    media = [el(f"{{{COLIBRI2}}}media", {"type": kind}, _payload(kind)) for kind in PAYLOADS]
    attributes = {"id": name, "create": "true"}
    return el(f"{{{COLIBRI2}}}endpoint", attributes, *media, transport)


def endpoint_gone(name: str) -> Element:
    """The end of a participant on the bridge."""
    return el(f"{{{COLIBRI2}}}endpoint", {"id": name, "expire": "true"})


def session_initiate(
    session: str, initiator: str, responder: str, transport: Element, sctp: bool
) -> Element:
    """The invitation to the participant. No browser could use it: there is no media behind it."""
    contents = [_content(kind, transport) for kind in PAYLOADS]
    if sctp:
        contents.append(_content("data", transport))
    group = el(f"{{{GROUPING}}}group", {"semantics": "BUNDLE"})
    for content in contents:
        group.append(el(f"{{{GROUPING}}}content", {"name": content.get("name", "")}))
    attributes = {
        "action": "session-initiate", "initiator": initiator, "responder": responder,
        "sid": session,
    }  # fmt: skip
    return el(f"{{{JINGLE}}}jingle", attributes, *contents, group)


def session_terminate(session: str, reason: str) -> Element:
    """The end of an invitation."""
    why = el(f"{{{JINGLE}}}reason", {}, el(f"{{{JINGLE}}}{reason}"))
    attributes = {"action": "session-terminate", "sid": session}
    return el(f"{{{JINGLE}}}jingle", attributes, why)


def new_session() -> str:
    """A name for an invitation."""
    return secrets.token_hex(6)


def _content(kind: str, transport: Element) -> Element:
    attributes = {"creator": "initiator", "name": kind, "senders": "both"}
    content = el(f"{{{JINGLE}}}content", attributes)
    if kind in PAYLOADS:
        description = el(f"{{{RTP}}}description", {"media": kind}, _payload(kind))
        content.append(description)
    content.append(transport)
    return content


def _payload(kind: str) -> Element:
    number, name, clock = PAYLOADS[kind]
    return el(f"{{{RTP}}}payload-type", {"id": number, "name": name, "clockrate": clock})
