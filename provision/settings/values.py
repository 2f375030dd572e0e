"""Checks of single values: each returns the value in its one right form, or says what is wrong.

A check raises ValueError with a sentence for the person who wrote the value. What passes here ends
up in configuration files, shell-free command lines and addresses: nothing that could mean
something else there gets through.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from provision.messages.i18n import _
from provision.settings.hosts import as_ip, as_typed, host_name
from provision.settings.text import shortened, text

MAXIMUM_SCHOOL = 80
MAXIMUM_EMAIL = 254
FINGERPRINT_DIGITS = 40

_MAILBOX = re.compile(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*")
_URL_TEXT = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")
_URL_SIGNS = "/:?@!$&()*+,;=%~"
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
# Groups that every inventory has, ours, and the computer on which Ansible runs: a host of that name
# hides the group, or is not the server.
RESERVED = frozenset({"all", "localhost", "schools", "ungrouped"})


def school_key(value: object) -> str:
    """Return the short name under which the program knows a school."""
    if not isinstance(value, str):
        # YAML's number or date: Ansible would pass over the whole file.
        raise ValueError(_("Put this short name in quotes; else it is no text."))  # noqa: TRY004
    if not _KEY.fullmatch(value):
        raise ValueError(
            _(
                "Use small letters, digits and hyphens, at most 63, and begin with a letter or a "
                "digit, for instance gymnasium-nord."
            )
        )
    if value in RESERVED:
        raise ValueError(
            _(
                "To Ansible, {name} means something else than one school; choose another short "
                "name, for instance gymnasium-nord."
            ).format(name=value)
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


def email(value: str) -> str:
    """Return an e-mail address."""
    text(value)
    mailbox, at, host = value.rpartition("@")
    if not at:
        raise ValueError(_("An e-mail address contains an @."))
    if not _MAILBOX.fullmatch(mailbox):
        raise ValueError(
            _("In front of the @ only letters, digits and the characters . _ % + - are allowed.")
        )
    if "." not in host:
        raise ValueError(_("After the @ comes a full name with a dot."))
    host_name(host.lower())
    if len(value) > MAXIMUM_EMAIL:
        raise ValueError(_("It is too long: {number} characters.").format(number=len(value)))
    return value


def email_as_typed(value: str) -> str:
    """Return what a person typed, with umlauts behind the @ in their xn-- form."""
    mailbox, at, host = value.rpartition("@")
    return mailbox + at + as_typed(host)


def https_url(value: str) -> str:
    """Return a web address that begins with https://."""
    _check_url(value, ("https",))
    return value


def url_as_typed(value: str) -> str:
    """Return what a person copied from a browser as browsers send it: xn-- form and %C3%BC."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return value
    if value.isascii() or not host:
        return value
    if not host.isascii() and "@" not in parts.netloc:
        netloc = as_typed(host) + (f":{port}" if port is not None else "")
        parts = parts._replace(netloc=netloc)
    rest = (quote(part, safe=_URL_SIGNS) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, parts.netloc, *rest))


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
            _("It contains a character that does not belong in a web address (a space is %20).")
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
    if as_ip(host) is None:
        host_name(host)
    return parts


def network(value: str) -> str:
    """Return a network as address/length; a single address becomes a network of one."""
    text(value)
    try:
        found = ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(_("“{value}” is not a network.").format(value=shortened(value))) from error
    if found.prefixlen == 0:
        raise ValueError(_("“{value}” would be the whole internet.").format(value=value))
    if "/" in value and ip_address(value.partition("/")[0]) != found.network_address:
        raise ValueError(
            _("“{value}” names an address within a network; the network is {right}.").format(
                value=value, right=found
            )
        )
    return str(found)


def fingerprints(value: str) -> str:
    """Return fingerprints of keys, each as 40 capital hexadecimal digits, with commas between."""
    text(value)
    each = [part.replace(" ", "").upper() for part in value.split(",")]
    if not all(re.fullmatch(rf"[0-9A-F]{{{FINGERPRINT_DIGITS}}}", digits) for digits in each):
        raise ValueError(
            _("A fingerprint has 40 characters, each a digit or a letter from A to F.")
        )
    return ", ".join(dict.fromkeys(each))


def time_of_day(value: str) -> str:
    """Return a time such as 03:30."""
    if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError(_("A time looks like 03:30."))
    return value


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
