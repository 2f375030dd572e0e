"""TLS handshakes that offer one thing: what the server takes shows what it allows.

The measure is Mozilla's guideline 5.7, profile "intermediate", as sslyze ships it. A handful of
connections decides most of it: one that offers everything outside the profile must be refused.
"""

from __future__ import annotations

import ssl
import warnings
from typing import TYPE_CHECKING, NamedTuple

from provision.verify.outside.connection import connect, farewell, secure

if TYPE_CHECKING:
    from provision.verify.outside.deadline import Deadline
    from provision.verify.target import Target

OLD = {"TLSv1": ssl.TLSVersion.TLSv1, "TLSv1.1": ssl.TLSVersion.TLSv1_1}
NEW = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
ALLOWED = frozenset(
    {
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "DHE-RSA-AES128-GCM-SHA256",
        "DHE-RSA-AES256-GCM-SHA384",
        "DHE-RSA-CHACHA20-POLY1305",
    }
)
UNWANTED_CURVES = ("X448", "secp521r1")
"""Outside the profile, and what OpenSSL allows where nobody says otherwise."""
EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
MOST_CIPHERS = 8
"""How many weak ciphers are named at most; each costs a connection."""


class Agreed(NamedTuple):
    """What both sides agreed on."""

    version: str
    cipher: str


class UnableError(Exception):
    """What this computer cannot offer it cannot ask for either."""


class Handshakes:
    """Handshakes with one port of the server."""

    def __init__(self, target: Target, port: int, deadline: Deadline) -> None:
        self._target, self._port, self._deadline = target, port, deadline

    def versions(self) -> dict[str, bool | None]:
        """Return for each version whether it is accepted; None where this side cannot ask."""
        return {name: self._accepts(version) for name, version in (OLD | NEW).items()}

    def weak_ciphers(self) -> list[str]:
        """Return ciphers of TLS 1.2 and older that are accepted and outside the profile."""
        found: list[str] = []
        while len(found) < MOST_CIPHERS:
            context = _context(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2)
            offered = [
                cipher["name"]
                for cipher in context.get_ciphers()
                if cipher["name"] not in ALLOWED.union(found)
                and not cipher["name"].startswith("TLS_")
                # Without a secret that both know these never come about.
                and "PSK" not in cipher["name"]
                and "SRP" not in cipher["name"]
            ]
            context.set_ciphers(":".join([*offered, "@SECLEVEL=0"]))
            try:
                agreed = self.attempt(context)
            except UnableError:
                break
            if agreed is None or agreed.cipher not in offered:
                break
            found.append(agreed.cipher)
        return found

    def curves(self) -> dict[str, bool | None]:
        """Return for each unwanted curve whether it is accepted; None where this side cannot."""
        found: dict[str, bool | None] = {}
        for name in UNWANTED_CURVES:
            context = _context(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
            try:
                context.set_ecdh_curve(name)
                context.set_ciphers("ECDHE:@SECLEVEL=0")
            except (ssl.SSLError, ValueError):
                found[name] = None
                continue
            found[name] = self.attempt(context) is not None
        return found

    def attempt(self, context: ssl.SSLContext) -> Agreed | None:
        """Return what was agreed on, or None where the server refused.

        Raise UnableError where this computer cannot offer it, OSError where there is no connection,
        TimeoutError where there is no end.
        """
        plain = connect(self._target.host, self._port, self._deadline)
        try:
            connection = secure(plain, self._target.domain, context, self._deadline)
        except TimeoutError:
            raise
        except ssl.SSLError as error:
            # Some systems forbid old versions to their own programs, whoever asks.
            if error.reason in _OWN_REFUSALS:
                raise UnableError from error
            return None
        except ConnectionError:
            return None
        cipher = connection.cipher()
        agreed = Agreed(connection.version() or "", cipher[0] if cipher else "")
        farewell(connection, self._deadline)
        return agreed

    def _accepts(self, version: ssl.TLSVersion) -> bool | None:
        try:
            return self.attempt(_context(version, version)) is not None
        except (UnableError, ValueError):
            return None


_OWN_REFUSALS = frozenset({"NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"})


def _context(least: ssl.TLSVersion, most: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(EVERYTHING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = least, most
    return context
