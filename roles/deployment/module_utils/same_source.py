"""The package sources of a server that lead to the address that ours leads to.

Two sources of one address with two keys are an error for apt, and then it updates nothing at all.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ansible.module_utils.school_server import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

ETC = "/etc/apt"
OURS = "jitsi-provision.sources"
LINE = re.compile(r"^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?(\S+)\s+\S")
FIELD = re.compile(r"^([\w-]+)\s*:\s*(.*)$")
DEFAULT_PORTS = {"http": 80, "https": 443}
OFF = ("no", "false", "without", "off", "disable", "0")


class Entry(NamedTuple):
    """A source: where it begins, which addresses it has, where it may be switched off."""

    line: int
    urls: list[str]
    enabled: int
    """The line that says whether it counts; 0 where none does."""


def look(url: str) -> list[dict[str, Any]]:
    """Return for each file with such a source what `sed` must do so that it counts no more.

    An empty ``sed`` tells that nothing else is in the file; none, that a source has other
    addresses, too.
    """
    wanted = address(url)
    found = []
    for path in files():
        entries = list((one_line if path.endswith(".list") else deb822)(read_text(path)))
        same = [entry for entry in entries if wanted in map(address, entry.urls)]
        if not same:
            continue
        mixed = any(set(map(address, entry.urls)) != {wanted} for entry in same)
        sed = "" if len(same) == len(entries) else ";".join(map(path_command(path), same))
        found.append({"path": path, "sed": None if mixed else sed})
    return found


def files() -> list[str]:
    """Return what apt reads."""
    folder = f"{ETC}/sources.list.d"
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    read = [name for name in names if re.fullmatch(r"[\w.-]+\.(?:list|sources)", name)]
    return [f"{ETC}/sources.list", *(f"{folder}/{name}" for name in read if name != OURS)]


def path_command(path: str) -> Any:
    """Return what writes the command of `sed` for an entry of such a file."""
    if path.endswith(".list"):
        return lambda entry: f"{entry.line}s/^/# /"
    return lambda entry: (
        f"{entry.enabled}s/.*/Enabled: no/" if entry.enabled else f"{entry.line}s/^/Enabled: no\\n/"
    )


def address(url: str) -> tuple[str, int, str]:
    """Return what two ways to write an address have in common: not the scheme, nor a last slash."""
    try:
        parts = urlsplit(url)
        port = parts.port or 0
    except ValueError:
        return url, 0, ""
    if port == DEFAULT_PORTS.get(parts.scheme.lower(), 0):
        port = 0
    return (parts.hostname or "").rstrip("."), port, re.sub(r"/+", "/", parts.path).rstrip("/")


def one_line(text: str) -> Iterator[Entry]:
    """Yield the sources of a file of the old form."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := LINE.match(line.partition("#")[0]):
            yield Entry(number, [found[1]], 0)


def deb822(text: str) -> Iterator[Entry]:
    """Yield the sources of a file of the present form that count."""
    lines = [*text.splitlines(), ""]
    begin = None
    for number, line in enumerate(lines, 1):
        if line.strip() and begin is None and not line.startswith("#"):
            begin = number
        elif not line.strip() and begin is not None:
            if entry := _stanza(lines[begin - 1 : number - 1], begin):
                yield entry
            begin = None


def _stanza(lines: list[str], begin: int) -> Entry | None:
    fields: dict[str, list[str]] = {}
    enabled, current = 0, ""
    for number, line in enumerate(lines, begin):
        if line.startswith("#"):
            continue
        if found := FIELD.match(line):
            current = found[1].lower()
            fields[current] = found[2].split()
            enabled = number if current == "enabled" else enabled
        elif current:
            fields[current] += line.split()
    urls = fields.get("uris", [])
    counts = "".join(fields.get("enabled", [])).lower() not in OFF
    return Entry(begin, urls, enabled) if urls and counts else None
