"""Where names lead, looked up within so many seconds."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from typing import TYPE_CHECKING

from provision.verify.outside.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Collection

    from provision.verify.target import Target

Family = socket.AddressFamily
FAMILIES = (socket.AF_INET, socket.AF_INET6)


NAT64 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48")))
"""Behind these, a router in between reaches an IPv4 address."""
_SPECIAL = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("fec0::/10"))
"""What older versions of Python take for the internet: a cloud tells its secrets on the first."""
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def is_public(address: str) -> bool:
    """Return whether an address, and what it stands for, is one of the internet's.

    An audit goes where a stranger's names and redirections say, and they could say: this computer,
    its router, or a service of the cloud that tells secrets to whoever asks from inside.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    inner: list[ipaddress.IPv4Address] = []
    if isinstance(found, ipaddress.IPv6Address):
        inner += [each for each in (found.ipv4_mapped, found.sixtofour) if each]
        inner += found.teredo or ()
        if found in _COMPATIBLE or any(found in network for network in NAT64):
            inner.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
        if found.ipv4_mapped or found in NAT64[0]:
            return all(map(_is_global, inner))
    return _is_global(found) and all(map(_is_global, inner))


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


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


def own_hosts(target: Target, hosts: Collection[str], seconds: float) -> set[str]:
    """Return which names are the server's, or lead to its address.

    After so many seconds the rest count as somebody else's.
    """
    own = {host for host in hosts if host == target.domain}
    deadline = Deadline(seconds)
    with contextlib.suppress(TimeoutError):
        mine = addresses(target.host, deadline.left()) if own != set(hosts) else set()
        for host in sorted(set(hosts) - own):
            if addresses(host, deadline.left()) & mine:
                own.add(host)
    return own
