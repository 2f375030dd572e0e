"""Whether the certificate that an authority issued is the right one, and renews itself in time."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from provision.certificates.lifetime import late
from provision.messages.i18n import _
from provision.messages.result import Result, warning

DAY = 86400


def names(settings: dict[str, Any]) -> list[str]:
    """Return the names that a school's certificate has to be for, the web page's first."""
    return [settings["domain"], *([settings["turn_domain"]] if settings["turn_domain"] else [])]


def records(server: dict[str, Any]) -> dict[str, str]:
    """Return the addresses that names of this server need, by the type of record."""
    four, six = server["public_address4"], server["address6"]
    # Nobody outside reaches a local IPv6 address of a server that is otherwise public.
    if six and server["public"] and not ip_address(six).is_global:
        six = ""
    return {kind: address for kind, address in (("A", four), ("AAAA", six)) if address}


def is_right(found: dict[str, Any], seen: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Return whether an issued certificate is for these names, of this authority, and not ended.

    One for a name too many is not right either: its renewal fails as soon as that name is gone.
    """
    return (
        set(found["names"]) == set(names(settings))
        and found["ends"] > seen["time"]
        and f"server = {settings['acme_directory']}\n" in seen["acme_renewal"]
    )


def check(found: dict[str, Any], now: float) -> list[Result]:
    """Return that a certificate should have been renewed long ago."""
    if not late((found["ends"] - now) / DAY, (found["ends"] - found["begins"]) / DAY):
        return []
    date = datetime.fromtimestamp(found["ends"], UTC).date().isoformat()
    return [
        warning(
            _(
                "The certificate ends on {date} and was not renewed; `journalctl -u certbot` on "
                "the server says why."
            ).format(date=date),
            _("look at `journalctl -u certbot` on the server"),
        )
    ]
