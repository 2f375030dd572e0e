"""Relays that come with a room's metadata, from servers that send anything."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import Any

import pytest

from provision.verify.xmpp.services import Service, told

RIGHT = {
    "type": "turns", "host": "meet.example.org", "port": "5349", "transport": "tcp",
    "username": "1:x", "password": "y", "expires": "1970-01-01T00:00:01Z",
}  # fmt: skip


def heard(*texts: str) -> Any:
    """Somebody whom a server has sent these metadata."""
    messages = []
    for text in texts:
        message = ET.Element("{jabber:client}message")
        ET.SubElement(message, "{http://jitsi.org/jitmeet}json-message").text = text
        messages.append(message)
    return SimpleNamespace(heard=messages)


def news(services: Any) -> str:
    """Metadata as a server sends them."""
    return json.dumps({"type": "room_metadata", "metadata": {"services": services}})


def test_the_last_news_count() -> None:
    old = RIGHT | {"host": "old.example.org"}
    expected = Service("turns", "meet.example.org", 5349, "tcp", "1:x", "y", 1.0)
    assert told(heard(news([old]), news([RIGHT]), '{"metadata": {}}')) == [expected]


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[" * 100000, "7", "[]", news({}), news(7), news("text"), news([7, None, []])],
)
def test_anything_else_is_nothing(text: str) -> None:
    assert told(heard(text)) == []


def test_values_that_are_no_text_are_left_out() -> None:
    (found,) = told(heard(news([dict.fromkeys(RIGHT, 7)])))
    assert found == Service("", "", 0, "", "", "", None)
    assert len(told(heard(news([RIGHT] * 1000)))) == 20
