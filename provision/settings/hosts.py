"""Checks of names and addresses of computers."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import idna

from provision.messages.i18n import _
from provision.settings.text import shortened, text

LONGEST_PREFIX = "internal.auth."
"""The longest name that the conference server derives from the domain."""
MAXIMUM_NAME = 253
MAXIMUM_LABEL = 63

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def host_name(value: str) -> str:
    """Return a host name that is written the way the internet wants it."""
    text(value)
    if "://" in value:
        raise ValueError(
            _("Write the name alone, without {scheme}://.").format(scheme=value.partition("://")[0])
        )
    if "/" in value:
        raise ValueError(_("Write the name alone, without a slash and what follows it."))
    if "@" in value:
        raise ValueError(_("Write the name alone, without what stands in front of the @."))
    if ":" in value:
        raise ValueError(_("Write the name alone, without a colon and a port."))
    if not value.isascii():
        raise ValueError(_no_umlauts(value))
    if value != value.lower():
        raise ValueError(
            _("Write it in small letters: {right}").format(right=shortened(value.lower()))
        )
    if value.endswith("."):
        raise ValueError(_("Leave out the dot at the end."))
    if len(value) > MAXIMUM_NAME:
        raise ValueError(
            _("A host name has at most {limit} characters; these are {number}.").format(
                limit=MAXIMUM_NAME, number=len(value)
            )
        )
    for label in value.split("."):
        _check_label(label)
    return value


def _check_label(label: str) -> None:
    """Refuse a part of a host name that no name server would accept."""
    if not label:
        raise ValueError(_("There is a dot too many."))
    if len(label) > MAXIMUM_LABEL:
        raise ValueError(
            _(
                "Between two dots at most {limit} characters are allowed; these are {number}."
            ).format(limit=MAXIMUM_LABEL, number=len(label))
        )
    if not _LABEL.fullmatch(label):
        raise ValueError(
            _(
                "“{label}” may only contain letters, digits and hyphens, with no hyphen at its "
                "beginning or end."
            ).format(label=label)
        )
    if label.startswith("xn--"):
        try:
            idna.ulabel(label)
        except idna.IDNAError as error:
            raise ValueError(
                _("“{label}” is not a valid name in xn-- form.").format(label=label)
            ) from error


def _no_umlauts(value: str) -> str:
    """Return the refusal of umlauts, with the form to write wherever there is one."""
    encoded = as_typed(value)
    if encoded.isascii():
        return _("Write umlauts and accents in their xn-- form: {right}").format(right=encoded)
    return _("Write umlauts and accents in their xn-- form (your registrar shows it).")


def as_typed(value: str) -> str:
    """Return a name with umlauts in its xn-- form, as browsers make it; all else as it is.

    That is UTS 46 (small letters, composed signs) and then IDNA 2008, in which ß is a letter of its
    own. Python's own codec knows only the standard of 2003, which makes it ss: another server.
    """
    if value.isascii() or set(value) & set("@/: "):
        return value
    try:
        mapped = idna.uts46_remap(value, std3_rules=False, transitional=False)
        labels = (
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in mapped.split(".")
        )
        return ".".join(labels)
    except UnicodeError:
        return value


def domain(value: str) -> str:
    """Return the name under which the school's meetings are reached."""
    if as_ip(value):
        raise ValueError(_("This is an IP address; a certificate needs a name."))
    host_name(value)
    labels = value.split(".")
    if value == "localhost" or labels[-1] == "localhost":
        raise ValueError(_("localhost is only your own computer; write the school's public name."))
    if len(labels) == 1:
        raise ValueError(_("Write the full name with its dots."))
    if labels[-1].isdigit():
        raise ValueError(_("The last part of a name cannot be a number."))
    limit = MAXIMUM_NAME - len(LONGEST_PREFIX)
    if len(value) > limit:
        raise ValueError(
            _(
                "Use at most {limit} characters; these are {number}. The server needs room for "
                "names such as {prefix}…"
            ).format(limit=limit, number=len(value), prefix=LONGEST_PREFIX)
        )
    return value


def address(value: str) -> str:
    """Return where the server is reached: IPv4, IPv6 or host name."""
    text(value)
    if "@" in value:
        raise ValueError(_("Write the account as ssh_user and only the address here."))
    if value.startswith("["):
        raise ValueError(_("Write the IPv6 address without brackets, and a port as ssh_port."))
    ip = as_ip(value)
    if ip is None:
        if re.fullmatch(r"[^:]+:[0-9]+", value):
            raise ValueError(_("Write the port as ssh_port and only the address here."))
        host_name(value)
        last = value.rpartition(".")[2]
        if last == "localhost":
            raise ValueError(_("This is your own computer; write the address of the server."))
        if last.isdigit():
            raise ValueError(_("This is not a valid IP address."))
        return value
    if ip.is_loopback:
        raise ValueError(_("This is your own computer; write the address of the server."))
    if ip.is_unspecified or ip.is_multicast or ip.is_link_local or "%" in value:
        raise ValueError(_("No server can be reached at this address; write its public one."))
    return str(ip)


def ip_version(value: str) -> int:
    """Return 4 or 6 for an IP address, 0 for anything else."""
    ip = as_ip(value)
    return ip.version if ip else 0


def as_ip(value: str) -> IPv4Address | IPv6Address | None:
    """Return the value as IP address, or nothing when it is none."""
    try:
        return ip_address(value)
    except ValueError:
        return None
