"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Result:
    """One finding: a sentence, and what to do about it."""

    level: Level
    sentence: str
    remedy: str = ""
    refusal: bool = False
    """True where going on would destroy or risk something, not merely fail."""


def ok(sentence: str) -> Result:
    """Return that something is right."""
    return Result(Level.OK, sentence)


def note(sentence: str) -> Result:
    """Return something to know that is neither right nor wrong."""
    return Result(Level.NOTE, sentence)


def warning(sentence: str, remedy: str = "") -> Result:
    """Return that something should be looked at."""
    return Result(Level.WARNING, sentence, remedy)


def failure(sentence: str, remedy: str = "", *, refusal: bool = False) -> Result:
    """Return that something must be repaired first."""
    return Result(Level.FAILURE, sentence, remedy, refusal)


def failures(results: list[Result]) -> list[Result]:
    """Return those that must be repaired first."""
    return [result for result in results if result.level is Level.FAILURE]
