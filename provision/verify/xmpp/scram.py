"""Proves a password without sending it: SCRAM-SHA-1 (RFC 5802), as Jitsi's client does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from provision.messages.i18n import N_
from provision.verify.xmpp.limits import XmppError

NAME = "SCRAM-SHA-1"
_MOST_ROUNDS = 1_000_000
"""More would be a server that wants to keep us busy."""


class Proof:
    """Two messages to the server, and what it must answer at last."""

    def __init__(self, name: str, password: str) -> None:
        self._password = password.encode()
        self._nonce = secrets.token_hex(16)
        escaped = name.replace("=", "=3D").replace(",", "=2C")
        self._first = f"n={escaped},r={self._nonce}"
        self._expected = b""

    def first(self) -> str:
        """Return the message that names the account, in base64."""
        return _encode(f"n,,{self._first}".encode())

    def last(self, challenge: str) -> str:
        """Return the message that proves the password, in base64; XmppError if asked wrongly."""
        try:
            said = base64.b64decode(challenge, validate=True).decode()
            fields = dict(part.split("=", 1) for part in said.split(","))
            salt, rounds = base64.b64decode(fields["s"], validate=True), int(fields["i"])
            nonce = fields["r"]
        except (ValueError, KeyError) as error:
            raise _wrong() from error
        if not nonce.startswith(self._nonce) or not 0 < rounds <= _MOST_ROUNDS:
            raise _wrong()
        begun = f"c=biws,r={nonce}"
        message = f"{self._first},{said},{begun}".encode()
        proof, self._expected = proofs(self._password, salt, rounds, message)
        return _encode(f"{begun},p={_encode(proof)}".encode())

    def check(self, success: str) -> None:
        """Return if the server knows the password, too; else XmppError."""
        if not hmac.compare_digest(success, _encode(b"v=" + _encode(self._expected).encode())):
            raise _wrong()


def proofs(password: bytes, salt: bytes, rounds: int, message: bytes) -> tuple[bytes, bytes]:
    """Return what proves a password to the server, and what the server then proves its own by."""
    salted = hashlib.pbkdf2_hmac("sha1", password, salt, rounds)
    key = hmac.digest(salted, b"Client Key", "sha1")
    stored = hashlib.sha1(key, usedforsecurity=False).digest()
    signature = hmac.digest(stored, message, "sha1")
    proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
    return proof, hmac.digest(hmac.digest(salted, b"Server Key", "sha1"), message, "sha1")


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _wrong() -> XmppError:
    return XmppError(N_("The server answers with something that is not XMPP."))
