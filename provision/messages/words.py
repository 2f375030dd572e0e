"""Times, texts of others as they are shown to people, and the word that was probably meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from provision.messages.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest) if minutes else (
        _("{seconds} s").format(seconds=rest)
    )  # fmt: skip


def cut(text: str, most: int) -> str:
    """Return a text of somebody else's, not longer than so many signs; a cut one shows it."""
    return text if len(text) <= most else text[: most - 2] + " …"


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like this one, or nothing."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")
