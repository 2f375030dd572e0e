"""Host keys of servers: their fingerprints as providers print them, and the project's known_hosts.

Nothing here touches the network. The file is OpenSSH's own format, so `ssh`, `ssh-keygen -F` and
Ansible read what is pinned here, and lines of other servers stay as they are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from provision.common.atomic import write_at_once
from provision.common.bounded_files import UnfitError, read_bytes
from provision.messages.errors import RefusedError
from provision.messages.i18n import _
from provision.messages.reasons import reason

if TYPE_CHECKING:
    from pathlib import Path

FILE = "known_hosts"
"""Its name, beside inventory.yml; playbooks/group_vars/schools.yml says the same."""
MODE = 0o644
USUAL_PORT = 22
_SHA256 = re.compile(r"(?:SHA256:)?([A-Za-z0-9+/]{43})=?", re.IGNORECASE)
_MD5 = re.compile(r"(?:MD5:)?([0-9a-f]{2}(?::[0-9a-f]{2}){15})", re.IGNORECASE)
_LINE_FIELDS = 3


@dataclass(frozen=True)
class HostKey:
    """The public key by which a server is recognised."""

    kind: str
    """As known_hosts writes it, for instance ssh-ed25519."""
    blob: bytes
    bits: int = 0

    @property
    def sha256(self) -> str:
        """Return the fingerprint in the form of today."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return f"SHA256:{digest.rstrip('=')}"

    @property
    def md5(self) -> str:
        """Return the fingerprint in the older form, which some providers still show."""
        return f"MD5:{hashlib.md5(self.blob, usedforsecurity=False).digest().hex(':')}"

    @property
    def name(self) -> str:
        """Return the type as `ssh-keygen -l` writes it."""
        return {"ssh-rsa": "RSA", "ssh-ed25519": "ED25519"}.get(self.kind, "ECDSA")

    def shown(self) -> list[str]:
        """Return the lines that `ssh-keygen -l` prints, in both forms."""
        return [f"{self.bits} {form} ({self.name})" for form in (self.sha256, self.md5)]

    def matches(self, fingerprint: str) -> bool:
        """Return whether a fingerprint, from `parse_fingerprint`, is the one of this key."""
        own = self.md5 if fingerprint.startswith("MD5:") else self.sha256
        return hmac.compare_digest(own, fingerprint)


def refuse_odd(path: Path) -> None:
    """Raise RefusedError where known_hosts is nothing that ssh could read to its end."""
    _lines(path)


def parse_fingerprint(text: str) -> str:
    """Return a fingerprint as SHA256:… or MD5:…; it may stand in a line of `ssh-keygen -l`."""
    for word in text.split():
        if found := _MD5.fullmatch(word):
            return f"MD5:{found[1].lower()}"
        if found := _SHA256.fullmatch(word):
            return f"SHA256:{found[1]}"
    raise ValueError(
        _("It looks like SHA256:, then 43 characters, or MD5:, then 16 pairs of digits.")
    )


def host_name(address: str, port: int) -> str:
    """Return how known_hosts names a server."""
    return address if port == USUAL_PORT else f"[{address}]:{port}"


def pinned(path: Path, address: str, port: int) -> list[HostKey]:
    """Return the keys that the file has for a server."""
    name = host_name(address, port)
    keys = []
    for line in _lines(path):
        fields = line.split()
        if len(fields) < _LINE_FIELDS or not _names(fields[0], name):
            continue
        try:
            keys.append(HostKey(fields[1], base64.b64decode(fields[2], validate=True)))
        except (binascii.Error, ValueError):
            continue
    return keys


def vouched(path: Path, address: str, port: int) -> bool:
    """Return whether the file has something by which the server is recognised, a CA as well."""
    name = host_name(address, port)
    return bool(pinned(path, address, port)) or any(
        fields[0] == "@cert-authority" and _names(fields[1], name)
        for fields in map(str.split, _lines(path))
        if len(fields) > _LINE_FIELDS
    )


def pin(path: Path, address: str, port: int, key: HostKey) -> None:
    """Write a server's key in place of those it had; every other line stays as it is."""
    name = host_name(address, port)
    kept = [line for old in _lines(path) if (line := _without(old, name)) is not None]
    kept.append(f"{name} {key.kind} {base64.b64encode(key.blob).decode('ascii')}")
    target = path.resolve()
    try:
        content = "".join(f"{line}\n" for line in kept).encode(errors="surrogateescape")
        write_at_once(target, content, MODE, new=not target.exists())
    except OSError as error:
        raise RefusedError(
            _("{path} cannot be written").format(path=path), reason(error)
        ) from error


def _lines(path: Path) -> list[str]:
    try:
        text = read_bytes(path).decode("utf-8", errors="surrogateescape")
        return text.removesuffix("\n").split("\n") if text else []
    except FileNotFoundError:
        return []
    except UnfitError as error:
        raise RefusedError(_("{path} cannot be read").format(path=path), str(error)) from error
    except OSError as error:
        raise RefusedError(_("{path} cannot be read").format(path=path), reason(error)) from error


def _names(patterns: str, name: str) -> bool:
    """Return whether the first field of a line means this server, as OpenSSH reads it."""
    if patterns.startswith("|1|"):
        return _is_hash_of(patterns, name)
    words = patterns.split(",")
    if any(word.startswith("!") and _fits(word[1:], name) for word in words):
        return False
    return any(_fits(word, name) for word in words)


def _fits(pattern: str, name: str) -> bool:
    # Only * and ? are special to OpenSSH, and the brackets stand around an address.
    return fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))


def _is_hash_of(hashed: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part) for part in hashed.split("|")[2:4])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)


def _without(line: str, name: str) -> str | None:
    """Return a line without this server, or nothing if it was about this server alone."""
    fields = line.split(maxsplit=1)
    if len(fields) < 2 or fields[0].startswith(("#", "@")):  # noqa: PLR2004 - name and the rest
        return line
    if fields[0].startswith("|1|"):
        return None if _is_hash_of(fields[0], name) else line
    words = fields[0].split(",")
    kept = [word for word in words if word.lower() != name.lower()]
    if kept == words:
        return line
    return f"{','.join(kept)} {fields[1]}" if kept else None
