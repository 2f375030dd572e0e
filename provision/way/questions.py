"""The way to a video-conference system: questions, where they lead, and checklists.

The sentences are data, in questions.yml; this module reads them, walks through them and writes
what came of it as Markdown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from provision.messages import i18n
from provision.messages.i18n import _
from provision.paths import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

YES = ("yes", "y", "ja", "j")
NO = ("no", "n", "nein")
Text = dict[str, str]
"""A sentence by language."""
Answers = list[tuple["Question", bool]]


@dataclass(frozen=True)
class Question:
    """A question that is answered with yes or no."""

    key: str
    question: Text
    help: Text
    if_yes: str
    if_no: str

    def leads_to(self, *, yes: bool) -> str:
        """Return the next question, or the end of the way."""
        return self.if_yes if yes else self.if_no


@dataclass(frozen=True)
class Leaf:
    """An end of the way: what to do, and what belongs to it."""

    key: str
    title: Text
    lead: Text
    ask: tuple[Text, ...]
    require: tuple[Text, ...]
    sign: tuple[Text, ...]
    avv: bool = False
    """Whether a provider is asked about the contract on data processing."""
    recommended: bool = False
    """Whether the system is open source."""
    ours: bool = False
    """Whether this program goes on from here."""


@dataclass(frozen=True)
class Way:
    """All questions and all ends."""

    begin: str
    questions: dict[str, Question]
    leaves: dict[str, Leaf]
    avv: tuple[Text, ...]


@cache
def load() -> Way:
    """Return the way as questions.yml describes it."""
    data = yaml.safe_load((PACKAGE / "way" / "questions.yml").read_text(encoding="utf-8"))
    return Way(
        data["begin"],
        {key: Question(key, **item) for key, item in data["questions"].items()},
        {key: _leaf(key, item, data) for key, item in data["leaves"].items()},
        tuple(data["avv"]),
    )


def _leaf(key: str, item: dict[str, Any], data: dict[str, Any]) -> Leaf:
    lists = {
        name: tuple(data[name][entry] for entry in item[name])
        for name in ("ask", "require", "sign")
    }
    return Leaf(key, **{**item, **lists})


def said(text: Text) -> str:
    """Return a sentence in the language of the person."""
    return text[i18n.language()]


def meaning(word: str) -> bool | None:
    """Return whether a typed word means yes or no, or nothing where it is neither."""
    word = word.strip().lower()
    return True if word in YES else False if word in NO else None


def walk(answers: Iterable[bool]) -> tuple[Answers, Question | Leaf]:
    """Return which questions were answered how, and where that leads; answers left over stay."""
    way, given = load(), iter(answers)
    place = way.begin
    answered: Answers = []
    while place in way.questions:
        question = way.questions[place]
        answer = next(given, None)
        if answer is None:
            return answered, question
        answered.append((question, answer))
        place = question.leads_to(yes=answer)
    return answered, way.leaves[place]


def checklist(leaf: Leaf, answered: Answers) -> str:
    """Return what to do as Markdown that can be printed and ticked off."""
    return "\n".join(_lines(leaf, answered))


def _lines(leaf: Leaf, answered: Answers) -> Iterator[str]:
    yield f"# {said(leaf.title)}"
    yield ""
    yield said(leaf.lead)
    if leaf.recommended:
        yield ""
        yield _("Recommended: the system is open source.")
    parts = [
        (_("Whom to ask"), leaf.ask),
        (_("What to require"), leaf.require),
        (_("What to sign or to write down"), leaf.sign),
        (
            _("Questions to the provider about the contract on data processing (AVV)"),
            load().avv if leaf.avv else (),
        ),
    ]
    for heading, items in parts:
        if items:
            yield from ["", f"## {heading}", ""]
            yield from (f"- [ ] {said(item)}" for item in items)
    yield from ["", "## " + _("Your answers"), ""]
    for question, yes in answered:
        yield f"- {said(question.question)} **{_('yes') if yes else _('no')}**"
    yield ""
    yield _("This is guidance, not legal advice; rules differ between states, and they change.")
