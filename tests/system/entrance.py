"""A school's server as the outside sees it: HTTPS and TLS by name, trusting one root."""

from __future__ import annotations

import http.client
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.certificates.trust import as_browsers

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

PATIENCE = 10.0
# What protects whoever looks at a page of ours, and those who do not.
HEADERS = {
    "strict-transport-security": r"max-age=63072000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
    "permissions-policy": r"camera=\(self\), microphone=\(self\), .*geolocation=\(\).*",
    "content-security-policy": r"default-src 'self'; script-src 'self' 'nonce-[0-9a-f]{32}' .*; "
    r"connect-src 'self' wss://DOMAIN; .*object-src 'none'; .*frame-ancestors 'self'",
    "server": "nginx",
}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass(frozen=True)
class Entrance:
    """One server; its name is not looked up."""

    address: str
    domain: str
    root: Path
    """The only authority that is trusted."""

    def connect(self, port: int) -> socket.socket:
        """Return a plain connection."""
        return socket.create_connection((self.address, port), timeout=PATIENCE)

    def secure(self, port: int = 443, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Return a TLS connection; the certificate has to be for the domain and verify."""
        context = context or as_browsers(self.root)
        return context.wrap_socket(self.connect(port), server_hostname=self.domain)

    def certificate(self, port: int = 443) -> dict[str, object]:
        """Return what a verified certificate says."""
        with self.secure(port) as connection:
            return dict(connection.getpeercert() or {})

    def get(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        port: int = 443,
    ) -> Answer:
        """Return the answer to one request; redirections are not followed."""
        connection = http.client.HTTPConnection(self.domain, port, timeout=PATIENCE)
        connection.sock = self.connect(port) if port == 80 else self.secure(port)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def unprotected(self, path: str) -> list[str]:
        """Return the headers that an answer lacks or has wrong."""
        headers = self.get(path).headers
        found = {
            name: headers.get(name, "(missing)").replace(self.domain, "DOMAIN") for name in HEADERS
        }
        return [
            f"{name}: {value}"
            for name, value in found.items()
            if not re.fullmatch(HEADERS[name], value)
        ]
