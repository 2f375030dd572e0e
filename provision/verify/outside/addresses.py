"""Where names lead, looked up within so many seconds."""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provision.verify.target import Target

Family = socket.AddressFamily
FAMILIES = (socket.AF_INET, socket.AF_INET6)


def look_up(host: str, seconds: float) -> list[tuple[Family, str]]:
    """Return all addresses of a host, IPv4 first; raise OSError where there are none.

    The system's resolver knows no deadline, so it is asked in a thread that may be left behind.
    """
    found: list[tuple[Family, str]] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError(str(error)))
            return
        for family in FAMILIES:
            found.extend((family, str(a[4][0])) for a in answers if a[0] == family)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError
    return found


def addresses(host: str, seconds: float) -> set[str]:
    """Return the addresses of a host; none where this computer cannot look it up."""
    try:
        found = look_up(host, seconds)
    except OSError:
        return set()
    return {str(ipaddress.ip_address(address.partition("%")[0])) for _family, address in found}


def is_own(target: Target, host: str, seconds: float) -> bool:
    """Return whether a name is the server's, or leads to its address."""
    if host == target.domain:
        return True
    return bool(addresses(host, seconds) & addresses(target.host, seconds))
