"""What a school confirms itself, because no program can measure it."""

from __future__ import annotations

import re

from provision.controls import catalogue
from provision.messages.i18n import _
from provision.messages.words import closest
from provision.settings.text import shortened, text

_DATE = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b|\b[0-9]{1,2}\.\s?[0-9]{1,2}\.\s?[0-9]{4}\b")


def confirmed(value: dict[str, str]) -> dict[str, str]:
    """Return what is confirmed, by the ids of controls that somebody has to confirm."""
    known = catalogue()
    asked = [key for key, control in known.items() if control.asks]
    for key, said in value.items():
        shown = shortened(key)
        if key not in known:
            near = closest(key.upper(), asked)
            raise ValueError(
                _("There is no control {key}. Did you mean {near}?").format(key=shown, near=near)
                if near
                else _("There is no control {key}; docs/controls.md lists all of them.").format(
                    key=shown
                )
            )
        if key not in asked:
            raise ValueError(
                _("{key} is measured by `provision verify`; nobody can confirm it.").format(key=key)
            )
        text(said)
        if not _DATE.search(said):
            raise ValueError(_("Say for {key} since when, with a date.").format(key=key))
    return value
