"""Checks of single values: each returns the value in its one right form, or says what is wrong.

A check raises ValueError with a sentence for the person who wrote the value. What passes here ends
up in configuration files, shell-free command lines and addresses: nothing that could mean
something else there gets through.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from provision.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_PREFIX = "internal.auth."
"""The longest name that the conference server derives from the domain."""
MAXIMUM_NAME = 253
MAXIMUM_LABEL = 63
MAXIMUM_SCHOOL = 80
MAXIMUM_TEXT = 1000
MAXIMUM_EMAIL = 254
FINGERPRINT_DIGITS = 40

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_MAILBOX = re.compile(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*")
_URL_TEXT = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def optional(check: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """Return the check for a setting that may be left empty."""
    return lambda value: check(value) if value else None


def text(value: str) -> str:
    """Return the text if it is printable, trimmed, and no expression of Ansible."""
    if not value.strip():
        raise ValueError(_("It is empty."))
    if len(value) > MAXIMUM_TEXT:
        raise ValueError(_("It is too long: {number} characters.").format(number=len(value)))
    for character in value:
        if not character.isprintable():
            raise ValueError(
                _("It contains the invisible character {code}; type it again.").format(
                    code=f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
                )
            )
    if value != value.strip():
        raise ValueError(_("Remove the spaces at the beginning and at the end."))
    if re.search(r"\{[{%#]", value):
        raise ValueError(_("Ansible would calculate with {{, {% and {#; leave them out."))
    return value


def school_key(value: str) -> str:
    """Return the short name under which the program knows a school."""
    if not _KEY.fullmatch(value):
        raise ValueError(
            _(
                "Use small letters, digits and hyphens, at most 63, and begin with a letter or a "
                "digit, for instance gymnasium-nord."
            )
        )
    return value


def school_name(value: str) -> str:
    """Return the school's name in words."""
    text(value)
    if len(value) > MAXIMUM_SCHOOL:
        raise ValueError(
            _("Use at most {limit} characters; these are {number}.").format(
                limit=MAXIMUM_SCHOOL, number=len(value)
            )
        )
    return value


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
            _("Write it in small letters: {right}").format(right=_shown(value.lower()))
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
            label.encode("ascii").decode("idna")
        except UnicodeError as error:
            raise ValueError(
                _("“{label}” is not a valid name in xn-- form.").format(label=label)
            ) from error


def _no_umlauts(value: str) -> str:
    """Return the refusal of umlauts, with the form to write wherever Python knows it for sure."""
    try:
        encoded = "" if "ß" in value else value.lower().encode("idna").decode("ascii")
    except UnicodeError:
        encoded = ""
    if encoded:
        return _("Write umlauts and accents in their xn-- form: {right}").format(right=encoded)
    return _("Write umlauts and accents in their xn-- form (your registrar shows it).")


def _shown(value: str) -> str:
    """Return a value short enough for a sentence."""
    return value if len(value) <= MAXIMUM_LABEL else value[: MAXIMUM_LABEL - 1] + "…"


def domain(value: str) -> str:
    """Return the name under which the school's meetings are reached."""
    if _as_ip(value):
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
    ip = _as_ip(value)
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
    ip = _as_ip(value)
    return ip.version if ip else 0


def _as_ip(value: str) -> IPv4Address | IPv6Address | None:
    """Return the value as IP address, or nothing when it is none."""
    try:
        return ip_address(value)
    except ValueError:
        return None


def email(value: str) -> str:
    """Return an e-mail address."""
    text(value)
    mailbox, at, host = value.rpartition("@")
    if not at:
        raise ValueError(_("An e-mail address contains an @."))
    if not _MAILBOX.fullmatch(mailbox):
        raise ValueError(
            _("In front of the @ only letters, digits and the signs . _ % + - are allowed.")
        )
    if "." not in host:
        raise ValueError(_("After the @ comes a full name with a dot."))
    host_name(host.lower())
    if len(value) > MAXIMUM_EMAIL:
        raise ValueError(_("It is too long: {number} characters.").format(number=len(value)))
    return value


def https_url(value: str) -> str:
    """Return a web address that begins with https://."""
    _check_url(value, ("https",))
    return value


def repository_url(value: str) -> str:
    """Return the address of a package repository, without a slash at its end."""
    parts = _check_url(value, ("https", "http"))
    if parts.query or parts.fragment:
        raise ValueError(_("A repository address has neither ? nor #."))
    return value.rstrip("/")


def _check_url(value: str, schemes: tuple[str, ...]) -> SplitResult:
    """Return the parts of a web address that can mean nothing else wherever it is written."""
    text(value)
    scheme = value.partition("://")[0]
    if "://" not in value or scheme not in schemes:
        if len(schemes) > 1:
            raise ValueError(_("It must begin with https:// or http://."))
        raise ValueError(_("It must begin with https://."))
    if not _URL_TEXT.fullmatch(value):
        raise ValueError(
            _("It contains a sign that does not belong in a web address (a space is %20).")
        )
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(_("The part with the server's name is not valid.")) from error
    if "@" in parts.netloc:
        raise ValueError(_("Leave out the user name and the password."))
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError(_("The port is not valid."))
    if _as_ip(host) is None:
        host_name(host)
    return parts


def network(value: str) -> str:
    """Return a network as address/length; a single address becomes a network of one."""
    text(value)
    try:
        found = ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(_("“{value}” is not a network.").format(value=_shown(value))) from error
    if found.prefixlen == 0:
        raise ValueError(_("“{value}” would be the whole internet.").format(value=value))
    if "/" in value and ip_address(value.partition("/")[0]) != found.network_address:
        raise ValueError(
            _("“{value}” names an address within a network; the network is {right}.").format(
                value=value, right=found
            )
        )
    return str(found)


def fingerprint(value: str) -> str:
    """Return a key's fingerprint as 40 capital hexadecimal digits."""
    text(value)
    digits = value.replace(" ", "").upper()
    if not re.fullmatch(rf"[0-9A-F]{{{FINGERPRINT_DIGITS}}}", digits):
        raise ValueError(_("A fingerprint has 40 signs, each a digit or a letter from A to F."))
    return digits


def user_name(value: str) -> str:
    """Return the name of an account on a Linux server."""
    text(value)
    if not _USER.fullmatch(value):
        raise ValueError(
            _(
                "An account name has small letters, digits, _ and -, at most 32, and begins with a "
                "letter."
            )
        )
    return value
