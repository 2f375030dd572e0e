"""What an HTML page holds: its scripts and links, in their order."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

MARKS = ("lib-jitsi-meet", "app.bundle")
"""The scripts that make a page Jitsi's web client."""


class Script(NamedTuple):
    """One script of a page: with an address, or with a text."""

    source: str
    text: str


class Link(NamedTuple):
    """One link of a page."""

    address: str
    text: str


class Page(HTMLParser):
    """A page, read once."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[Script] = []
        self.links: list[Link] = []
        self.base = ""
        """What relative addresses are relative to; empty for the page's own."""
        self._script: str | None = None
        self._link: str | None = None
        self._text: list[str] = []
        self.feed(html)
        self.close()

    @property
    def is_client(self) -> bool:
        """Whether this is the page in which conferences happen."""
        return any(mark in script.source for script in self.scripts for mark in MARKS)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the beginning of a script or link."""
        found = {name: value or "" for name, value in attrs}
        if tag == "script":
            self._script, self._text = found.get("src", ""), []
            if found.get("type", "").strip().lower() not in {"", "text/javascript", "module"}:
                self._script = None  # data, not a program
        elif tag == "base":
            self.base = self.base or found.get("href", "")
        elif tag == "a" and "href" in found:
            self._link, self._text = found["href"].strip(), []

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Note what has ended."""
        text = "".join(self._text)
        if tag == "script" and self._script is not None:
            self.scripts.append(Script(self._script, text))
            self._script = None
        elif tag == "a" and self._link is not None:
            self.links.append(Link(self._link, " ".join(text.split())))
            self._link = None
