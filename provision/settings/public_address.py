"""The address at which people reach a server, where the technician knows it by another one."""

from __future__ import annotations

import ipaddress

from provision.messages.i18n import _
from provision.settings.hosts import as_ip
from provision.settings.text import text

INNER = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
    )
)
"""Where nobody out of the internet comes to; that of documentations is none of them."""


def is_inner(value: str) -> bool:
    """Return whether an address leads nowhere for people in the internet."""
    known = as_ip(value)
    if isinstance(known, ipaddress.IPv4Address):
        return any(known in network for network in INNER)
    return known is not None and (
        known.is_link_local or known.is_loopback or known in ipaddress.ip_network("fc00::/7")
    )


def public_ipv4(value: str) -> str:
    """Return an IPv4 address at which people out of the internet come in."""
    known = as_ip(text(value))
    if not isinstance(known, ipaddress.IPv4Address):
        raise ValueError(  # noqa: TRY004 - it is the text that is wrong
            _("This must be an IPv4 address; IPv6 is never translated.")
        )
    if is_inner(value):
        raise ValueError(
            _("This is an address of an inner network; nobody on the internet can reach it.")
        )
    return str(known)
