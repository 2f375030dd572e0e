"""Asks the questions of `provision way`, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages import console
from provision.messages.errors import UsageError
from provision.messages.i18n import _
from provision.way.questions import Answers, Leaf, Question, meaning, said, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

BACK = "<"


def asked() -> tuple[Answers, Leaf]:
    """Return what a person answered, and where it leads."""
    console.note(_("Which video-conference system suits your school?"))
    console.note(_("Answer with y or n. < goes back, Ctrl-C stops."))
    answers: list[bool] = []
    while True:
        answered, place = walk(answers)
        if isinstance(place, Leaf):
            console.note()
            return answered, place
        answer = _ask(place, len(answers) + 1)
        if answer is not None:
            answers.append(answer)
        elif answers:
            answers.pop()
        else:
            console.note("   " + _("This is the first question."))


def given(words: str) -> tuple[Answers, Leaf]:
    """Return what was answered beforehand, with commas between, and where it leads."""
    answers = [_understood(word) for word in words.split(",")]
    answered, place = walk(answers)
    if isinstance(place, Question):
        raise UsageError(
            _("--answers has too few answers"),
            _("not answered: {question}").format(question=said(place.question)),
            _("add yes or no at the end"),
        )
    if len(answered) < len(answers):
        raise UsageError(
            _("--answers has too many answers"),
            _("the end: {title}").format(title=said(place.title)),
            _("leave out what follows after answer {number}").format(number=len(answered)),
        )
    return answered, place


def agreed(question: str) -> bool:
    """Return whether a person says yes."""
    while True:
        answer = meaning(console.ask(f"{question} {_('[y/n]')} > "))
        if answer is not None:
            return answer
        console.bad(_("Answer with y or n."))


def needs_a_person(example: Sequence[str]) -> UsageError:
    """Return the refusal to ask where nobody can answer."""
    return UsageError(
        _("Nobody can answer here: there is no terminal"),
        next=_("answer beforehand, for instance --answers {words}").format(words=",".join(example)),
    )


def _ask(question: Question, number: int) -> bool | None:
    """Ask one question until the answer is clear; return nothing to go back."""
    console.note()
    console.note(f"{number}  {said(question.question)}")
    console.hint(said(question.help), indent=3)
    while True:
        text = console.ask(f"   {_('[y/n]')} > ").strip()
        if text == BACK:
            return None
        answer = meaning(text)
        if answer is not None:
            return answer
        console.bad(_("Answer with y or n, or go back with <."), indent=3)


def _understood(word: str) -> bool:
    answer = meaning(word)
    if answer is None:
        raise UsageError(
            _("--answers takes yes and no, with commas between"),
            _("{word} is neither").format(word=f'"{word.strip()}"'),
        )
    return answer
