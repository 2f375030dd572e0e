"""Content-Security-Policy as a browser reads it: what a page may load from where."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

FALLBACK = "default-src"
LOADING = (
    "script-src", "style-src", "img-src", "font-src", "connect-src", "media-src", "frame-src",
    "worker-src", "manifest-src", "object-src",
)  # fmt: skip
"""The directives that fall back to default-src (frame-src and worker-src by way of others)."""
LOCAL = frozenset({"data:", "blob:", "mediastream:", "filesystem:"})
"""Sources that lead to no other computer."""
KEYWORDS = re.compile(
    r"^'(self|none|unsafe-inline|unsafe-eval|unsafe-hashes|wasm-unsafe-eval|strict-dynamic"
    r"|report-sample|(nonce|sha256|sha384|sha512)-.*)'$"
)
VOUCHED = re.compile(r"^'(nonce|sha256|sha384|sha512)-.*'$|^'strict-dynamic'$")
"""Where one of these stands browsers ignore 'unsafe-inline'."""


class Policy(NamedTuple):
    """One policy: sources by directive, all in small letters."""

    directives: dict[str, tuple[str, ...]]

    def sources(self, directive: str) -> tuple[str, ...] | None:
        """Return what decides a kind of content, None where nothing restricts it."""
        chain = [directive]
        if directive == "worker-src":
            chain += ["child-src", "script-src"]
        elif directive == "frame-src":
            chain.append("child-src")
        if directive in LOADING:
            chain.append(FALLBACK)
        for name in chain:
            if name in self.directives:
                return self.directives[name]
        return None

    def foreign(self, directive: str, domain: str) -> list[str]:
        """Return what of a directive leads to other computers; `*` where nothing restricts it."""
        sources = self.sources(directive)
        if sources is None:
            return ["*"]
        return [source for source in sources if not is_own(source, domain)]

    @property
    def inline_scripts(self) -> bool:
        """Whether any script inside a page runs."""
        sources = self.sources("script-src")
        if sources is None:
            return True
        return "'unsafe-inline'" in sources and not any(map(VOUCHED.match, sources))


def policies(header: str) -> list[Policy]:
    """Return the policies of a header, or of several joined by commas; each of them holds."""
    found = []
    for text in header.split(","):
        directives: dict[str, tuple[str, ...]] = {}
        for part in text.split(";"):
            name, *sources = part.lower().split()[:100] or [""]
            if name:
                directives.setdefault(name, tuple(sources))
        if directives:
            found.append(Policy(directives))
    return found


def is_own(source: str, domain: str) -> bool:
    """Return whether a source is a keyword, lies in the page itself, or is on the school's host."""
    if KEYWORDS.match(source) or source in LOCAL:
        return True
    host = urlsplit(source if "://" in source else f"https://{source}").hostname or ""
    return host.removeprefix("*.") == domain or host.endswith(f".{domain}")
