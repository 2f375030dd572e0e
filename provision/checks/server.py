"""Whether a server can carry the installation: judged from one look, before anything changes."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from provision import listener
from provision.checks.result import Level, Result, failure, warning
from provision.i18n import _

RELEASES = (12, 13)
ARCHITECTURES = ("amd64", "arm64")
MEMORY_NEEDED_MB = 1700
MEMORY_GOOD_MB = 3800
DISK_NEEDED_MB = 2500
DISK_AFTERWARDS_MB = 200
# Of Debian's own images, only the very smallest lack one of these.
NEEDED = ("ca-certificates", "iproute2", "openssl")
# Only these may hold a port of ours; anything else is a service that somebody needs.
PORTS = {
    ("tcp", 80): "nginx",
    ("tcp", 443): "nginx",
    # On loopback, behind what counts the connections of each source.
    ("tcp", 4444): "nginx",
    ("tcp", 4480): "nginx",
    ("udp", 3478): "turnserver",
    ("tcp", 5349): "turnserver",
    ("udp", 10000): "java",
    ("tcp", 5222): "prosody",
    ("tcp", 5280): "prosody",
    ("tcp", 8080): "java",
    ("tcp", 8888): "java",
}
FOR_THE_RELAY = {("tcp", 4445): "nginx"}
"""On loopback, where web and TURN share port 443."""
PROGRAMS = {
    "nginx": ("nginx",),
    "turnserver": ("turnserver",),
    "prosody": ("lua5.4", "lua", "prosody", "lua5.2", "lua5.3"),
    # The test bench's stand-ins are written in Python and Ruby; they exist on no school's server.
    "java": ("java", "python3", "ruby"),
}


# What belongs to some Jitsi, whoever installed it.
JITSI = ("jitsi-videobridge2", "jitsi-videobridge", "jicofo", "jitsi-meet", "jitsi-meet-web",
         "jitsi-meet-prosody", "jigasi", "jibri")  # fmt: skip
WEB_SERVERS = {
    "apache2": "Apache",
    "lighttpd": "lighttpd",
    "caddy": "Caddy",
    "openlitespeed": "OpenLiteSpeed",
}


def addressing(server: dict[str, Any], address: str) -> dict[str, Any]:
    """Return how the server is seen from outside: public, nat, public_address4.

    ``address`` is the one of the settings; a host name is looked up on this computer.
    """
    own = [ipaddress.ip_address(text) for text in server["addresses"]]
    known = _ipv4(address)
    public = [one for one in own if one.is_global]
    # A public IPv6 address does not help whoever comes over IPv4.
    reached = any(isinstance(one, ipaddress.IPv4Address) for one in public)
    nat = bool(known and known.is_global and known not in own and not reached)
    return {
        "public": bool(public) or nat,
        "nat": nat,
        "public_address4": str(known) if nat else server["address4"],
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


def check(server: dict[str, Any], domain: str, *, behind_stream: bool = False) -> list[Result]:
    """Return all findings about a server, worst last.

    ``behind_stream``: whether web and TURN are to share port 443.
    """
    findings = [
        *_system(server),
        *_size(server),
        *_programs(server),
        *_another_installation(server, domain),
        *_ports(server, PORTS | (FOR_THE_RELAY if behind_stream else {})),
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


def _another_installation(server: dict[str, Any], domain: str) -> list[Result]:
    """Return whether the server serves something that this deployment would break."""
    findings = []
    before = server["debconf_host_name"]
    if before and before != domain:
        findings.append(
            failure(
                _("Jitsi was installed on this server for {before}, not for {domain}.").format(
                    before=before, domain=domain
                ),
                _(
                    "set `domain: {before}` in inventory.yml, or let the provider set up the "
                    "server anew"
                ).format(before=before),
                refusal=True,
            )
        )
    elif not server["ours"] and (found := [n for n in JITSI if n in server["packages"]]):
        findings.append(
            failure(
                _("Somebody else has installed Jitsi on this server: {packages}.").format(
                    packages=", ".join(found)
                ),
                _("use an empty server: let the provider set up this one anew, or rent another"),
                refusal=True,
            )
        )
    findings += [
        failure(
            _("Another web server ({name}) is installed.").format(name=name),
            _("use an empty server; if {name} is not needed: `apt-get purge {package}`").format(
                name=name, package=package
            ),
            refusal=True,
        )
        for package, name in WEB_SERVERS.items()
        if package in server["packages"]
    ]
    if server["foreign_sites"]:
        findings.append(
            failure(
                _("nginx serves somebody else's pages on this server: {files}.").format(
                    files=", ".join(server["foreign_sites"])
                ),
                _("use an empty server; if these pages are not needed, delete these files"),
                refusal=True,
            )
        )
    return findings


def _ports(server: dict[str, Any], ports: dict[tuple[str, int], str]) -> list[Result]:
    """Return which services hold a port that Jitsi needs."""
    findings = []
    for held in server["listeners"]:
        expected = ports.get((held["protocol"], held["port"]))
        known = ("", listener.TITLE, *PROGRAMS.get(str(expected), ()))
        if expected is None or held["program"] in known:
            continue
        findings.append(
            failure(
                _("The program {program} holds port {port}/{protocol}, which Jitsi needs.").format(
                    program=held["program"],
                    port=held["port"],
                    protocol=held["protocol"],
                ),
                _("use an empty server, or move that service to another port"),
                refusal=True,
            )
        )
    return list(dict.fromkeys(findings))  # a service holds a port once in each family
