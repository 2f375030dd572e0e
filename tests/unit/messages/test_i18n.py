"""German: complete, with the same placeholders, and polite."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from provision.messages import i18n
from tests.german import ordered
from tests.unit.sentences import ROLES, all_messages, as_po
from tests.unit.trees import contents, rendered, school, server

MESSAGES = all_messages()
GERMAN = i18n.read_po(i18n.catalogue_path("de").read_text(encoding="utf-8"))


def placeholders(sentence: str) -> set[str]:
    """Return what will be filled in; a sentence that is never filled in has nothing."""
    try:
        return {name for _text, name, _spec, _kind in Formatter().parse(sentence) if name}
    except ValueError:  # braces that are meant as such
        return set()


def test_every_sentence_has_its_german_one() -> None:
    missing = {message: where for message, where in MESSAGES.items() if not GERMAN.get(message)}
    entries = "\n".join(f"#. {where}\n{as_po(message)}" for message, where in missing.items())
    assert not missing, f"paste into provision/locale/de/LC_MESSAGES/provision.po:\n\n{entries}"


def test_each_sentence_stands_below_its_file() -> None:
    text = i18n.catalogue_path("de").read_text(encoding="utf-8")
    assert text == ordered(text), "run: python -m tests.german"


def test_no_german_sentence_is_left_over() -> None:
    assert sorted(set(GERMAN) - set(MESSAGES)) == []


@pytest.mark.parametrize("message", GERMAN, ids=lambda message: message[:40])
def test_german_fills_in_the_same(message: str) -> None:
    german = GERMAN[message]
    assert placeholders(german) == placeholders(message)
    # Commands, options and settings are the same in every language.
    assert sorted(re.findall(r"--[a-z]+", german)) == sorted(re.findall(r"--[a-z]+", message))
    assert (message[-1] in ".?>") == (german[-1] in ".?>")


@pytest.mark.parametrize("message", GERMAN, ids=lambda message: message[:40])
def test_german_is_polite(message: str) -> None:
    words = re.sub(r"`[^`]*`", "", GERMAN[message])
    assert not re.search(r"\b([Dd]u|[Dd]ein\w*|[Dd]ich|[Dd]ir|[Ee]uch|[Ee]uer)\b", words)


def test_extraction_sees_everything_that_can_be_marked() -> None:
    places = " ".join(MESSAGES.values())
    for module in (
        "settings/table.py",
        "messages/errors.py",
        "settings/values.py",
        "inventory/wizard.py",
        "cli/commands/new.py",
    ):
        assert module in places
    assert "{source}: {number} problems" in MESSAGES
    for sentence in ("The conference has ended.", "Open as a teacher", "Imprint"):
        assert MESSAGES[sentence].partition("/")[0] in {"prosody", "web"}


def test_german_stands_in_the_catalogue_alone() -> None:
    """But for what Jitsi's own catalogue says otherwise at a school."""
    german = re.compile(r"[äöüÄÖÜß]|\b(?:Sie|und|nicht|Raum|Lehrkraft|Konferenz)\b")
    found = {
        str(path.relative_to(ROLES))
        for path in ROLES.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and german.search(path.read_text("utf-8"))
    }
    assert found == {"web/files/usr/local/share/jitsi-provision/words/main-de.json"}


@pytest.mark.parametrize(
    ("language", "waits", "ends"),
    [
        ("de", "Zurzeit ist keine Lehrkraft da.", "Die Konferenz ist beendet."),
        ("en", "No teacher is here at present.", "The conference has ended."),
    ],
)
def test_a_school_has_its_own_language_whoever_deploys(
    language: str, waits: str, ends: str
) -> None:
    i18n.activate("de" if language == "en" else "en")
    files = contents(rendered(school(language=language), server()))
    i18n.activate("en")
    assert f'data-wait="{waits} ' in files["/var/lib/jitsi-provision/www/head.html"]
    config = files["/etc/prosody/conf.avail/meet.example.org.cfg.lua"]
    assert f'school_end_message = "{ends}"\n' in config


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de"}, "de"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "de_DE"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "de_AT", "LANG": "en_GB"}, "de"),
    ],
)
def test_the_locale_decides(environment: dict[str, str], language: str) -> None:
    assert i18n.from_environment(environment) == language


def test_a_sentence_follows_the_language_and_unknown_ones_stay_english() -> None:
    i18n.activate("de")
    assert i18n._("Why") == "Grund"
    assert i18n._("nobody translated this") == "nobody translated this"
    assert i18n.ngettext("{source}: one problem", "{source}: {number} problems", 2).endswith(
        "Probleme"
    )
    i18n.activate("fr")
    assert i18n.language() == "en"
    assert i18n._("Why") == "Why"


def test_the_reader_knows_long_entries_escapes_and_comments() -> None:
    text = '# x\nmsgid ""\nmsgstr "H\\n"\n\n#. y\nmsgid ""\n"a\\n"\n"\\"b\\""\nmsgstr "c"\n"d"\n'
    assert i18n.read_po(text) == {'a\n"b"': "cd"}


def test_what_the_test_offers_for_pasting_reads_back() -> None:
    for message in MESSAGES:
        assert i18n.read_po(as_po(message, message)) == {message: message}
