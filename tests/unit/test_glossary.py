"""One word for one thing: what docs/glossary.md has instead stands nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provision.controls import catalogue
from provision.messages import i18n

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ")
][2:]
CATALOGUE = i18n.read_po(i18n.catalogue_path("de").read_text(encoding="utf-8"))
DOCUMENTS = [*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md"), ROOT / "CONTRIBUTING.md"]
OF_OTHERS = {"docs/sentences.md", "docs/glossary.md"}
"""What quotes Jitsi, and the table itself."""


def documents(*, german: bool) -> str:
    """Return what the project's papers say in one language, without what is typed."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in DOCUMENTS
        if str(path.relative_to(ROOT)) not in OF_OTHERS and (".de." in path.name) is german
    ]
    return re.sub(r"`[^`]*`|\]\([^)]*\)", "", "\n".join(texts))


def said(*, german: bool) -> str:
    """Return everything that people read in one language."""
    sentences = CATALOGUE.values() if german else CATALOGUE
    controls = [
        text.text("de" if german else "en")
        for control in catalogue().values()
        for text in (control.title, control.requirement)
    ]
    return "\n".join([*sentences, *controls, documents(german=german)])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_thing_has_one_word(row: list[str]) -> None:
    english, german, _meaning, *instead = row
    for words, wanted, in_german in ((instead[0], english, False), (instead[1], german, True)):
        text = said(german=in_german)
        for word in filter(None, words.split(", ")):
            # Each is looked for as it stands: a German one may be the end of a longer word.
            found = re.findall(
                rf"(?<![\w-]){re.escape(word)}(?:s|es)?(?![\w-])", text, re.IGNORECASE
            )
            assert not found, f"{word}: say {wanted}"


def test_every_word_is_used() -> None:
    english, german = said(german=False).lower(), said(german=True)
    for row in ROWS:
        assert row[0] in english
        # Bent, as German bends: Fremde, Fremden; Raum, Räume.
        assert any(re.search(stem(word), german) for word in row[1].split(", ")), row[1]


def stem(word: str) -> str:
    """Return what finds a German word however it is bent."""
    return re.sub(r"[au]", lambda vowel: {"a": "[aä]", "u": "[uü]"}[vowel[0]], word.rstrip("en"))
