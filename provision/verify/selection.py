"""Which controls a command is meant for, and what has to be measured for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.controls import catalogue
from provision.messages.errors import UsageError
from provision.messages.i18n import _
from provision.messages.words import closest
from provision.verify import judges
from provision.verify.evidence import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def controls(words: Iterable[str]) -> list[str]:
    """Return the ids in words such as `TLS-01` or `tls-01,tls-02`, or raise UsageError."""
    known = catalogue()
    wanted = [part.strip().upper() for word in words for part in word.split(",") if part.strip()]
    for name in wanted:
        if name not in known:
            near = closest(name, known)
            raise UsageError(
                _("There is no control {name}").format(name=name[:40]),
                next=_("did you mean {near}?").format(near=near)
                if near
                else _("docs/controls.md lists all of them"),
            )
    return list(dict.fromkeys(wanted))


def sections_of(only: Collection[str]) -> list[str]:
    """Return what has to be measured for these controls; for none of them, everything."""
    if not only:
        return list(SECTIONS)
    needed = {part.section for key in only for part in judges.parts().get(key, [])}
    return [section for section in SECTIONS if section in needed]
