"""Ports of the sysadmin's own services, as the setting `open_ports` names them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provision.messages.i18n import _
from provision.settings.text import text

if TYPE_CHECKING:
    from collections.abc import Iterable

PROTOCOLS = ("tcp", "udp")
HIGHEST = 65535


def port(value: str) -> str:
    """Return a port as it is written everywhere: 51820/udp."""
    number, _slash, protocol = text(value).replace(" ", "").lower().partition("/")
    if not re.fullmatch(r"[0-9]{1,5}", number) or not 1 <= int(number) <= HIGHEST:
        raise ValueError(_("A port is a number from 1 to 65535, such as in 51820/udp."))
    if protocol not in PROTOCOLS:
        raise ValueError(_("A port is written with its protocol: 51820/udp or 8443/tcp."))
    return f"{int(number)}/{protocol}"


def by_protocol(ports: Iterable[str]) -> dict[str, list[int]]:
    """Return the numbers of each protocol that has any, in order."""
    found: dict[str, set[int]] = {}
    for each in ports:
        number, _slash, protocol = each.partition("/")
        found.setdefault(protocol, set()).add(int(number))
    return {protocol: sorted(found[protocol]) for protocol in PROTOCOLS if protocol in found}
