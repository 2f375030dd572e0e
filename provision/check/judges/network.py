"""How a server is connected: its own addresses, and those at which people reach it."""

from __future__ import annotations

import ipaddress
from typing import Any

from provision.messages.i18n import _
from provision.messages.result import Result, ok, warning


def translated(server: dict[str, Any], address: str) -> str:
    """Return the server's own address where another one leads to it, else nothing.

    `address` is the IPv4 address at which it is reached from outside.
    """
    own = server["addresses"]
    behind: str = server["address4"]
    return behind if address and behind and address not in own else ""


def check(server: dict[str, Any], address: str, forwarded: str) -> list[Result]:
    """Return what is to be known about addresses.

    `address` is the IPv4 address at which people reach the server, `forwarded` names the ports.
    """
    own = [ipaddress.ip_address(text) for text in server["addresses"]]
    findings = []
    if behind := translated(server, address):
        findings.append(
            ok(
                _("The server is behind address translation (NAT): people reach it at {address}, "
                  "it has {own}. To be forwarded to it: {ports}.").format(
                    address=address, own=behind, ports=forwarded)
            )
        )  # fmt: skip
    if not any(one.version == 4 for one in own):  # noqa: PLR2004 - the family
        findings.append(
            warning(
                _("The server has IPv6 only; people in networks without IPv6 cannot take part."),
                _("order an IPv4 address for the server at the provider"),
            )
        )
    elif not any(one.version == 6 for one in own):  # noqa: PLR2004 - the family
        findings.append(ok(_("The server has IPv4 only, which everybody can reach.")))
    return findings
