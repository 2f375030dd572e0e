"""What every text has in common, whatever it is for."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from provision.messages.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

MAXIMUM_TEXT = 1000
MAXIMUM_SHOWN = 63

# As Germans write them without their keyboard, and what Unicode takes for no accented letter.
_LETTERS = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l",
    "đ": "d", "ð": "d", "þ": "th", "\u0131": "i",
})  # fmt: skip


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


def shortened(value: str) -> str:
    """Return a value short enough for a sentence."""
    return value if len(value) <= MAXIMUM_SHOWN else value[: MAXIMUM_SHOWN - 1] + "…"


def transliterated(value: str) -> str:
    """Return a name in small letters without umlauts and accents, as its bearer would write it.

    Letters of other alphabets stay.
    """
    german = unicodedata.normalize("NFC", value).lower().translate(_LETTERS)
    apart = unicodedata.normalize("NFKD", german)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
