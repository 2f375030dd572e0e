"""XMPP stanzas as ElementTree elements, written with plain xmlns attributes."""

import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

CLIENT = "jabber:client"
Element = ET.Element


def el(name: str, attributes: dict[str, str] | None = None, *content: Element | str) -> Element:
    """An element; a name without {namespace} is one of jabber:client."""
    element = ET.Element(name if name.startswith("{") else f"{{{CLIENT}}}{name}", attributes or {})
    for part in content:
        if isinstance(part, str):
            element.text = (element.text or "") + part
        else:
            element.append(part)
    return element


def split(name: str) -> tuple[str, str]:
    """Namespace and local name of an ElementTree tag."""
    if name.startswith("{"):
        space, _, local = name[1:].partition("}")
        return space, local
    return "", name


def to_text(element: Element, outer: str = CLIENT) -> str:
    """The element as text inside a parent of namespace `outer`."""
    space, local = split(element.tag)
    parts = [f"<{local}"]
    if space != outer:
        parts.append(f" xmlns={quoteattr(space)}")
    for key, value in element.attrib.items():
        key_space, key_local = split(key)
        prefix = "xml:" if key_space == "http://www.w3.org/XML/1998/namespace" else ""
        parts.append(f" {prefix}{key_local}={quoteattr(value)}")
    inner = escape(element.text or "") + "".join(
        to_text(child, space) + escape(child.tail or "") for child in element
    )
    parts.append(f">{inner}</{local}>" if inner else "/>")
    return "".join(parts)


def bare(jid: str) -> str:
    """The address without its resource."""
    return jid.partition("/")[0]


def resource(jid: str) -> str:
    """The resource of the address, or nothing."""
    return jid.partition("/")[2]


def host(jid: str) -> str:
    """The domain of the address."""
    return bare(jid).rpartition("@")[2]
