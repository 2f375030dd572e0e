"""The keys of an OpenPGP file, one by one; written here, because a fresh server has no gpg."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC_KEY = 6
VERSION_4 = 4
HEAD, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
BLOCK = re.compile(
    rf"{HEAD}[ \t]*\n(?:[^\n:]+:[^\n]*\n)*[ \t]*\n"
    rf"([A-Za-z0-9+/=\s]+?)(?:\n=[A-Za-z0-9+/]{{4}})?\s*\n{END}"
)


def keys(armoured: str) -> dict[str, bytes]:
    """Return the public keys of an armoured file by their fingerprints (RFC 4880, section 12.2).

    What cannot be read counts as no key.
    """
    found: dict[str, bytes] = {}
    for block in BLOCK.findall(armoured.replace("\r\n", "\n")):
        name = ""
        try:
            for tag, content, whole in packets(b64decode(block)):
                if tag == PUBLIC_KEY:
                    name = fingerprint(content)
                if name:
                    found[name] = found.get(name, b"") + whole
        except (ValueError, IndexError):
            found.pop(name, None)
    return found


def fingerprint(content: bytes) -> str:
    """Return the fingerprint of a public key's packet; nothing for a version of the future."""
    if content[0] != VERSION_4:
        return ""
    hashed = b"\x99" + len(content).to_bytes(2, "big") + content
    return hashlib.sha1(hashed, usedforsecurity=False).hexdigest().upper()


def packets(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield each packet as its tag, its content, and all of it (section 4.2)."""
    position = 0
    while position < len(data):
        first = data[position]
        if not first & 0x80:
            raise ValueError("no packet begins here")
        if first & 0x40:
            tag = first & 0x3F
            size, start = new_length(data, position + 1)
        else:
            tag, width = (first >> 2) & 0x0F, 1 << (first & 3)
            start = position + 1 + width
            size = int.from_bytes(data[position + 1 : start], "big")
        end = start + size
        if end > len(data):
            raise ValueError("the last packet is cut off")
        yield tag, data[start:end], data[position:end]
        position = end


def new_length(data: bytes, position: int) -> tuple[int, int]:
    """Return the length of a packet in the new format, and where its content begins."""
    first = data[position]
    if first < 192:  # noqa: PLR2004 - these are the format's own numbers
        return first, position + 1
    if first < 224:  # noqa: PLR2004
        return ((first - 192) << 8) + data[position + 1] + 192, position + 2
    if first == 255:  # noqa: PLR2004
        return int.from_bytes(data[position + 1 : position + 5], "big"), position + 5
    raise ValueError("a key has no partial length")


def armour(key: bytes) -> str:
    """Return a key as text (section 6)."""
    body = b64encode(key).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([HEAD, "", *lines, "=" + b64encode(checksum(key)).decode(), END, ""])


def checksum(data: bytes) -> bytes:
    """Return the CRC-24 of section 6.1."""
    value = 0xB704CE
    for byte in data:
        value ^= byte << 16
        for _bit in range(8):
            value <<= 1
            if value & 0x1000000:
                value ^= 0x1864CFB
    return value.to_bytes(3, "big")
