"""Sentences in the language of the person in front of the terminal.

The English sentence in the source is the key; the German catalogue is a plain .po file that is
read at first use, so that a checkout and the wheel work alike and nothing has to be compiled.
"""

from __future__ import annotations

import ast
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from provision.paths import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LANGUAGES = ("en", "de")
VARIABLE = "PROVISION_LANGUAGE"
"""How the program tells Ansible's process its language; locale variables mean more than that."""
CATALOGUES = PACKAGE / "locale"

_active: dict[str, dict[str, str]] = {"en": {}}
_language = "en"


def _(message: str) -> str:
    """Return the sentence in the active language."""
    return _active[_language].get(message, message)


def N_(message: str) -> str:  # noqa: N802 - the name that every gettext tool knows
    """Return the sentence unchanged: it is marked here and translated where it is shown."""
    return message


def ngettext(one: str, many: str, number: int) -> str:
    """Return the sentence for one or for many (English and German agree on the rule)."""
    return _(one if number == 1 else many)


def language() -> str:
    """Return the active language, `en` or `de`."""
    return _language


def activate(wanted: str) -> None:
    """Make `wanted` the language of all sentences that follow; unknown ones mean English."""
    global _language  # noqa: PLW0603 - one program, one person, one language
    _language = wanted if wanted in LANGUAGES else "en"
    if _language not in _active:
        text = catalogue_path(_language).read_text(encoding="utf-8")
        _active[_language] = {key: value for key, value in read_po(text).items() if value}


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Speak another language for a while, as a report does for other readers."""
    before = _language
    activate(wanted)
    try:
        yield
    finally:
        activate(before)


def translated(message: str, wanted: str) -> str:
    """Return the sentence in a language of its own, such as a school's; the active one stays."""
    with speaking(wanted):
        return _(message)


def from_environment(environ: Mapping[str, str] = os.environ) -> str:
    """Return the language that the locale asks for; the first variable that is set decides."""
    for name in (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name, ""):
            code = value.partition(".")[0].partition("_")[0].lower()
            return code if code in LANGUAGES else "en"
    return "en"


def catalogue_path(code: str) -> Path:
    """Return where the catalogue of a language lives."""
    return CATALOGUES / code / "LC_MESSAGES" / "provision.po"


def read_po(text: str) -> dict[str, str]:
    """Return what a .po file translates, English to the other language, without its header.

    Plural forms are two ordinary entries here (see `ngettext`), so the format stays this small.
    """
    entries: dict[str, str] = {}
    key = value = ""
    target = ""
    for line in [*text.splitlines(), 'msgid ""']:
        keyword, _space, quoted = line.strip().partition(" ")
        if keyword == "msgid":
            if key:
                entries[key] = value
            key, value, target = ast.literal_eval(quoted), "", "key"
        elif keyword == "msgstr":
            value, target = ast.literal_eval(quoted), "value"
        elif keyword.startswith('"'):
            more = ast.literal_eval(line.strip())
            if target == "key":
                key += more
            else:
                value += more
    return entries
