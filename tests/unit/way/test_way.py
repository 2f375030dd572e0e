"""The way to a system: it leads somewhere, in both languages, and the picture shows all of it."""

from __future__ import annotations

import re
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from provision.messages import i18n
from provision.paths import PACKAGE
from provision.way import picture
from provision.way.questions import Leaf, Question, checklist, load, meaning, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = yaml.safe_load((PACKAGE / "way" / "questions.yml").read_text(encoding="utf-8"))
WAY = load()
LONGEST = 8


def every_way() -> Iterator[tuple[tuple[bool, ...], Leaf]]:
    """Yield all answers that lead to an end, and the end."""
    for length in range(1, len(WAY.questions) + 1):
        for answers in product((True, False), repeat=length):
            answered, end = walk(answers)
            if isinstance(end, Leaf) and len(answered) == length:
                yield answers, end


def sentences(data: Any, place: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every sentence of the data with the place where it stands."""
    if isinstance(data, dict) and "en" in data:
        yield place, data
    elif isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, item in items:
            yield from sentences(item, f"{place}/{key}")


ALL = dict(sentences(DATA))


def test_every_answer_leads_to_an_existing_place_further_down() -> None:
    order = [*WAY.questions, *WAY.leaves]
    assert order[0] == WAY.begin
    for question in WAY.questions.values():
        for yes in (True, False):
            assert order.index(question.leads_to(yes=yes)) > order.index(question.key)


def test_every_question_is_asked_and_every_end_is_reached() -> None:
    ways = list(every_way())
    assert {end.key for _answers, end in ways} == set(WAY.leaves)
    asked = {question.key for answers, _end in ways for question, _yes in walk(answers)[0]}
    assert asked == set(WAY.questions)
    assert max(len(answers) for answers, _end in ways) == LONGEST


@pytest.mark.parametrize(
    ("answers", "end"),
    [
        ("y", "prescribed_system"),
        ("nyy", "existing_product"),
        ("nyny", "funding_bodys_system"),
        ("nny", "funding_bodys_system"),
        ("nnny", "partners_system"),
        ("nnnny", "their_server"),
        ("nnnnnyy", "own_server"),
        ("nynnnnyn", "new_provider"),
        ("nnnnnny", "hosted"),
        ("nnnnnnn", "proprietary"),
    ],
)
def test_the_ways_of_the_flow_chart(answers: str, end: str) -> None:
    assert walk(sign == "y" for sign in answers)[1] is WAY.leaves[end]


def test_open_source_is_recommended_and_nothing_else() -> None:
    recommended = {key for key, leaf in WAY.leaves.items() if leaf.recommended}
    assert recommended == {"their_server", "own_server", "new_provider", "hosted"}
    assert {key for key, leaf in WAY.leaves.items() if leaf.ours} == {"own_server", "new_provider"}


@pytest.mark.parametrize("place", ALL)
def test_every_sentence_is_there_in_both_languages(place: str) -> None:
    texts = ALL[place]
    assert set(texts) == set(i18n.LANGUAGES)
    assert texts["en"] != texts["de"]
    for text in texts.values():
        assert text == " ".join(text.split())
        assert text[0].isupper()
        assert text.isprintable()
    assert (texts["en"][-1] in ".?!") == (texts["de"][-1] in ".?!")
    assert not re.search(r"\b([Dd]u|[Dd]ein\w*|[Dd]ich|[Dd]ir|[Ee]uch|[Ee]uer)\b", texts["de"])


@pytest.mark.parametrize("question", WAY.questions.values(), ids=lambda item: item.key)
def test_a_question_is_one_and_fits_on_a_line(question: Question) -> None:
    for text in question.question.values():
        assert text.endswith("?")
        assert len(text) <= 97
    assert all(text.endswith(".") for text in question.help.values())


def test_nothing_in_the_lists_is_left_over() -> None:
    for name in ("ask", "require", "sign"):
        used = {entry for leaf in DATA["leaves"].values() for entry in leaf[name]}
        assert used == set(DATA[name])


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("leaf", WAY.leaves.values(), ids=lambda item: item.key)
def test_a_checklist_says_whom_to_ask_what_to_require_and_what_to_sign(
    leaf: Leaf, language: str
) -> None:
    i18n.activate(language)
    answered = [(WAY.questions["prescribed"], True)]
    text = checklist(leaf, answered)
    questions = WAY.avv if leaf.avv else ()
    items = [item[language] for item in (*leaf.ask, *leaf.require, *leaf.sign, *questions)]
    assert re.findall(r"^- \[ \] (.*)$", text, flags=re.MULTILINE) == items
    assert text.count("\n## ") == (5 if leaf.avv else 4)
    assert text.startswith(f"# {leaf.title[language]}\n\n{leaf.lead[language]}\n")
    assert (i18n._("Recommended: the system is open source.") in text) == leaf.recommended
    assert ("legal advice" in text) == (language == "en")
    assert ("Rechtsberatung" in text) == (language == "de")


def test_a_school_is_asked_for_its_data_protection_officer_at_every_end() -> None:
    assert all(DATA["ask"]["officer"] in leaf.ask for leaf in WAY.leaves.values())


@pytest.mark.parametrize(
    ("word", "answer"),
    [("yes", True), (" J", True), ("ja", True), ("N", False), ("nein", False), ("", None)],
)
def test_both_languages_are_understood(word: str, answer: bool | None) -> None:
    assert meaning(word) is answer


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_picture_shows_every_sentence_and_every_line(language: str) -> None:
    root = ET.fromstring(picture.picture(language))
    texts = [item.text or "" for item in root.iter("{http://www.w3.org/2000/svg}text")]
    shown = " ".join(texts)
    for number, question in enumerate(WAY.questions.values(), start=1):
        assert f"{number}  {question.question[language]}" in shown
    assert all(leaf.title[language] in shown for leaf in WAY.leaves.values())
    edges = [item for item in root.iter() if item.get("class") == "edge"]
    assert len(edges) == 2 * len(WAY.questions)
    assert max(map(len, texts[1 + len(edges) :])) <= picture.SIGNS


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_nothing_in_the_picture_overlaps(language: str) -> None:
    boxes, bottom = picture._boxes(language)
    for column in (picture.LEFT, picture.RIGHT):
        placed = [box for box in boxes.values() if box.x == column]
        for above, below in pairwise(placed):
            assert above.bottom < below.y
        assert placed[-1].bottom < bottom
