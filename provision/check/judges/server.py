"""Whether a server can carry the installation: judged from one look, before anything changes."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from provision.check.judges import occupied, same_source
from provision.messages.i18n import _
from provision.messages.result import Level, Result, failure, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASES = (12, 13)
ARCHITECTURES = ("amd64", "arm64")
MEMORY_NEEDED_MB = 1700
MEMORY_GOOD_MB = 3800
DISK_NEEDED_MB = 2500
DISK_AFTERWARDS_MB = 200
# Of Debian's own images, only the very smallest lack one of these.
NEEDED = ("ca-certificates", "iproute2", "openssl")


def addressing(server: dict[str, Any], address: str) -> dict[str, Any]:
    """Return how the server is seen from outside: public, nat, address4, public_address4.

    Of several addresses, address4 is the one at which people come in. `address` is the one of the
    settings; a host name is looked up on this computer.
    """
    own = [ipaddress.ip_address(text) for text in server["addresses"]]
    known = _ipv4(address)
    public = [one for one in own if one.is_global]
    # A public IPv6 address does not help whoever comes over IPv4.
    reached = any(isinstance(one, ipaddress.IPv4Address) for one in public)
    nat = bool(known and known.is_global and known not in own and not reached)
    # A floating address is one more of the server's, which no packet takes by itself.
    entered = str(known) if known in public else server["address4"]
    return {
        "public": bool(public) or nat,
        "nat": nat,
        "address4": entered,
        "public_address4": str(known) if nat else entered,
    }


def _ipv4(address: str) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that a setting means, or nothing."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        try:
            found = socket.getaddrinfo(address, None, socket.AF_INET)
        except OSError:
            return None
        known = ipaddress.ip_address(found[0][4][0])
    return known if isinstance(known, ipaddress.IPv4Address) else None


def check(server: dict[str, Any], settings: Mapping[str, Any]) -> list[Result]:
    """Return all findings about a server, worst last."""
    findings = [
        *_system(server),
        *_size(server),
        *_programs(server),
        *_lost(server),
        *occupied.check(server, settings),
        *same_source.check(server),
    ]
    return sorted(findings, key=lambda result: result.level is Level.FAILURE)


def _system(server: dict[str, Any]) -> list[Result]:
    """Return what speaks against the operating system."""
    findings = []
    if server["os"] != "debian" or server["release"] not in RELEASES:
        findings.append(
            failure(
                _("The server runs {system}; this program knows Debian 12 and 13.").format(
                    system=server["os_name"]
                ),
                _("choose Debian 13 on the provider's web page and let it set up the server anew"),
                refusal=True,
            )
        )
    if server["architecture"] not in ARCHITECTURES:
        findings.append(
            failure(
                _("The processor is of the kind {kind}; Jitsi needs amd64 or arm64.").format(
                    kind=server["architecture"]
                ),
                _("rent a server with an ordinary 64-bit processor"),
            )
        )
    return findings


def _size(server: dict[str, Any]) -> list[Result]:
    """Return what speaks against memory and disk."""
    findings = []
    memory, disk = server["memory_mb"], server["disk_free_mb"]
    if memory < MEMORY_NEEDED_MB:
        findings.append(
            failure(
                _("The server has {memory} MB of memory; Jitsi needs 2 GB at least.").format(
                    memory=memory
                ),
                _("choose a server with 8 GB of memory; 4 GB carry one class"),
            )
        )
    elif memory < MEMORY_GOOD_MB:
        findings.append(
            warning(
                _("The server has {memory} MB of memory: enough for a trial.").format(
                    memory=memory
                ),
                _("choose a server with 8 GB of memory for lessons"),
            )
        )
    needed = DISK_AFTERWARDS_MB if "jitsi-videobridge2" in server["packages"] else DISK_NEEDED_MB
    if disk < needed:
        findings.append(
            failure(
                _("Only {free} MB are free on the disk; {needed} MB are needed.").format(
                    free=disk, needed=needed
                ),
                _("delete what is not needed (`apt-get clean`, `du -xh / | sort -h | tail`)"),
            )
        )
    return findings


def _programs(server: dict[str, Any]) -> list[Result]:
    """Return what has to be there already before anything can be installed or judged."""
    missing = ", ".join(name for name in NEEDED if name not in server["packages"])
    if not missing:
        return []
    return [
        failure(
            _("The server lacks {packages}, without which nothing can be fetched.").format(
                packages=missing
            ),
            _("on the server, as root: apt-get install {packages}").format(
                packages=missing.replace(",", "")
            ),
        )
    ]


def _lost(server: dict[str, Any]) -> list[Result]:
    """Return which settings somebody has deleted without which a package does not work.

    Of a package that is not installed, the installation brings them back.
    """
    return [
        failure(
            _("{path} is gone, without which the package {package} does not work.").format(
                path=path, package=package
            ),
            _("on the server, as root: {command}").format(
                command="apt-get install --reinstall -y -o Dpkg::Options::=--force-confmiss "
                + package
            ),
        )
        for path, package in server["lost"].items()
        if package in server["packages"]
    ]
