"""Whether the clocks agree: certificates and passwords for the relay hold only for their time."""

from __future__ import annotations

from provision.messages.i18n import _, ngettext
from provision.messages.result import Result, failure, ok, warning

CLOSE = 120.0
"""Seconds that nobody minds; asking the server takes some of them."""
WRONG = 3600.0
"""Certificates begin to hold an hour before they are issued; further off, nobody accepts them."""
EARLIEST = 1767225600.0
"""2026-01-01: this program is younger, so any clock before that is wrong."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def check(server: float, here: float, third: float = 0) -> list[Result]:
    """Return whether the server's clock can be right; times in seconds since 1970.

    `third` is what the package repository's web server said, 0 where it said nothing: it decides
    whose clock is wrong.
    """
    offset = server - here
    if max(server, here) < EARLIEST:
        sentence = _("The clocks of the server and of this computer show a time that is long ago.")
        return [failure(sentence, _set_clocks())]
    if abs(offset) <= CLOSE:
        return [ok(_("The clock is right."))]
    found = failure if abs(offset) > WRONG else warning
    if third and abs(server - third) <= CLOSE:
        early = _("This computer's clock is {time} slow: server and repository agree.")
        late = _("This computer's clock is {time} fast: server and repository agree.")
        sentence = early if offset > 0 else late
        remedy = _("on this computer: sudo timedatectl set-ntp true")
        return [found(sentence.format(time=span(offset)), remedy)]
    if third and abs(here - third) <= CLOSE:
        late = _("The server's clock is {time} fast; certificates would not be accepted.")
        early = _("The server's clock is {time} slow; certificates would not be accepted.")
        return [found((late if offset > 0 else early).format(time=span(offset)), _set_server())]
    sentence = _("The clocks of the server and of this computer are {time} apart.")
    return [found(sentence.format(time=span(offset)), _set_clocks())]


def server_is_wrong(server: float, third: float) -> list[Result]:
    """Return that the server's clock is wrong, judged by the repository's alone."""
    if not third or abs(server - third) <= WRONG:
        return []
    return check(server, third, third)


def span(seconds: float) -> str:
    """Return a time as people say it, in its largest unit."""
    number = abs(seconds)
    if number >= _DAY * 0.95:
        days = round(number / _DAY)
        return ngettext("{number} day", "{number} days", days).format(number=days)
    if number >= _HOUR:
        hours = round(number / _HOUR)
        return ngettext("{number} hour", "{number} hours", hours).format(number=hours)
    minutes = round(number / _MINUTE)
    return ngettext("{number} minute", "{number} minutes", minutes).format(number=minutes)


def _set_server() -> str:
    return _("on the server, as root: timedatectl set-ntp true; in a container only the provider "
             "can set it")  # fmt: skip


def _set_clocks() -> str:
    return _("look at both clocks (`date`), then on the wrong one: sudo timedatectl set-ntp true")
