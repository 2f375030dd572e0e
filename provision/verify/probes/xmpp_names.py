"""What the XMPP server calls itself: the host name that people type, or what config.js says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from provision.verify.evidence import NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provision.verify.target import Target
    from provision.verify.xmpp.limits import Limits

SECONDS = 4.0
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)


class Names(NamedTuple):
    """Hosts of an XMPP server."""

    domain: str
    """Where people sign in."""
    conference: str
    """Where rooms are."""


def usual(domain: str) -> Names:
    """Return the names as Jitsi's packages choose them."""
    return Names(domain, f"conference.{domain}")


def from_settings(target: Target, limits: Limits) -> Names | None:
    """Return the names that the web client is told, as Jitsi's images have their own."""
    from provision.verify.probes import config  # noqa: PLC0415 - seldom needed

    try:
        pages = config.measure(replace(target, seconds=limits.left(SECONDS)))["pages"]
    except (NotMeasuredError, OSError):
        return None
    for hosts in _hosts(pages):
        domain, conference = (str(hosts.get(name, "")) for name in ("domain", "muc"))
        if _NAME.fullmatch(domain):
            known = usual(domain)
            return known._replace(conference=conference) if _NAME.fullmatch(conference) else known
    return None


def _hosts(pages: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for page in pages.values():
        hosts = page["config"].get("hosts")
        if isinstance(hosts, dict):
            yield hosts
