"""What kind of machine the provider has rented out, and how it is set up."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

from provision.messages.i18n import _
from provision.messages.result import Result, failure, ok, warning
from provision.settings.hosts import as_ip

CORES_GOOD = 2
KERNEL_NEEDED = (5, 10)
"""Debian 11's: older ones lack what firewall and services of Debian 12 and 13 use."""
MAY_SET_UP_NETWORK = 1 << 12
"""CAP_NET_ADMIN."""
NAMES_OF_NOBODY = ("", "localhost", "(none)")


def check(server: dict[str, Any], domain: str) -> list[Result]:
    """Return all findings about a machine."""
    return [
        ok(
            _("{system}, {kind}, {cores} cores, {memory} MB of memory, {disk} MB free.").format(
                system=server["os_name"].split(" (")[0],
                kind=server["architecture"],
                cores=server["cores"],
                memory=server["memory_mb"],
                disk=server["disk_free_mb"],
            )
        ),
        *_cores(server),
        *_virtualisation(server["preflight"]),
        *_locale(server["preflight"]),
        *_host_name(server),
        *own_name(server, domain),
    ]


def _cores(server: dict[str, Any]) -> list[Result]:
    if server["cores"] >= CORES_GOOD:
        return []
    return [
        warning(
            _("The server has one core: enough for a trial."),
            _("choose a server with 4 cores for lessons"),
        )
    ]


def _virtualisation(seen: dict[str, Any]) -> list[Result]:
    """Return whether the machine is a container that cannot do what a server must."""
    kind = seen["virtualisation"]
    if not seen["container"] and kind != "openvz":
        return []
    number = tuple(int(part) for part in re.findall(r"\d+", seen["kernel"])[:2])
    remedy = _("rent a server with a kernel of its own; providers call it KVM or root server")
    if kind == "openvz" or number < KERNEL_NEEDED:
        sentence = _("The server is a container ({kind}) with the old kernel {kernel}.")
        return [warning(sentence.format(kind=kind, kernel=seen["kernel"]), remedy)]
    if not seen["capabilities"] & MAY_SET_UP_NETWORK:
        sentence = _("The server is a container ({kind}) that may not set up its own firewall.")
        return [warning(sentence.format(kind=kind), remedy)]
    return []


def _locale(seen: dict[str, Any]) -> list[Result]:
    """Return whether the language that is set exists."""
    wanted = seen["locale"]
    known = {_plain(name) for name in seen["locales"]}
    if not wanted or not known or _plain(wanted) in known:
        return []
    return [
        warning(
            _("The server is set to the language {name}, which is not installed.").format(
                name=wanted
            ),
            # Not with update-locale or localectl: smaller images have neither.
            _("on the server, as root: echo LANG=C.UTF-8 > {file}").format(
                file=seen.get("locale_file", "/etc/default/locale")
            ),
        )
    ]


def _plain(name: str) -> str:
    return name.lower().replace("-", "")


def _host_name(server: dict[str, Any]) -> list[Result]:
    """Return whether the server knows itself by its name."""
    name = server["host_name"]
    if name in NAMES_OF_NOBODY:
        return [
            warning(
                _("The server has no name of its own."),
                _("on the server, as root: hostnamectl set-hostname meet"),
            )
        ]
    if server["hosts"].get(name) or server["preflight"]["resolves"]:
        return []
    return [
        warning(
            _("The server does not find itself by its own name {name}.").format(name=name),
            _("on the server, as root: echo '127.0.1.1 {name}' >> /etc/hosts").format(name=name),
        )
    ]


def own_name(server: dict[str, Any], domain: str) -> list[Result]:
    """Return whether /etc/hosts leads the server to another machine under the school's name."""
    known = [as_ip(text) for text in server["hosts"].get(domain, ())]
    own = {ip_address(text) for text in server["addresses"]}
    wrong = [str(one) for one in known if one and not one.is_loopback and one not in own]
    if not wrong:
        return []
    return [
        failure(
            _(
                "In the server's /etc/hosts, {domain} is {address}, which is not this server."
            ).format(domain=domain, address=", ".join(wrong)),
            _("on the server, delete that line from /etc/hosts"),
        )
    ]
