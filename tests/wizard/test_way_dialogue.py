"""A person at a terminal looks for the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from provision.inventory.reading import load
from provision.way.questions import load as load_way
from tests.wizard.person import Person

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = (
    "Which video-conference system suits your school?\r\n"
    "Answer with y or n. < goes back, Ctrl-C stops.\r\n\r\n"
)
FIRST = (
    "1  Has your funding body or your state laid down which video-conference system its schools "
    "use?\r\n"
    "   The funding body (a town, a district, a church) pays for your school's building and "
    "equipment.\r\n"
    "   [y/n] >"
)
OFFER = "\r\nIs the server there, and shall `provision new` begin now? [y/n] >"


def test_the_first_answer_may_be_the_last(tmp_path: Path) -> None:
    person = Person(tmp_path, "way")
    assert person.reads() == BEGIN + FIRST
    code, seen = person.finishes("y")
    assert code == 0
    assert seen.startswith("\r\n# Use the system that is laid down\r\n")
    assert seen.endswith("they change.\r\n")
    assert not list(tmp_path.iterdir())


def test_the_own_server_goes_straight_on_to_the_school(tmp_path: Path) -> None:
    person = Person(tmp_path, "way")
    person.reads()
    seen = person.answers(*"nnnnny", "y")
    assert "\r\n# Rent a fast root server from your provider" in seen
    assert seen.endswith(OFFER)
    assert "✗ Answer with y or n.\r\n" in person.answers("perhaps")
    assert person.answers("y").startswith("\r\nA new school.")
    person.answers("203.0.113.10", "meet.nord.example.org", "Nord", "it@nord.example.org", "", "")
    person.answers("")
    code, seen = person.finishes("")
    assert (code, seen.splitlines()[-1]) == (0, "Next: provision check nord")
    assert list(load(tmp_path / "inventory.yml").schools) == ["nord"]


def test_who_has_no_server_yet_gets_a_list_and_the_next_command(tmp_path: Path) -> None:
    person = Person(tmp_path, "way", "--output", "list.md")
    person.reads()
    assert person.answers(*"nnnnny", "n") == (f"\r\nThe checklist is in list.md.\r\n{OFFER}")
    assert person.finishes("n") == (0, "Next: provision new\r\n")
    text = (tmp_path / "list.md").read_text(encoding="utf-8")
    assert text.startswith("# Find a provider, sign, and rent a fast root server")
    assert "## Questions to the provider" in text


def test_a_file_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    person = Person(tmp_path, "way", "--output", "list.md")
    person.reads()
    (tmp_path / "list.md").write_text("mine")
    code, seen = person.finishes("y")
    assert code == 5
    assert seen.startswith("\r\n✗ list.md is there already\r\n")
    assert (tmp_path / "list.md").read_text() == "mine"


def test_going_back_takes_an_answer_back(tmp_path: Path) -> None:
    person = Person(tmp_path, "way")
    person.reads()
    assert person.answers("<") == f"   This is the first question.\r\n\r\n{FIRST}"
    assert person.answers("n", "y").startswith("\r\n3  Does this product contain")
    assert person.answers("<").startswith("\r\n2  Does your school already use")
    assert person.answers("n").startswith("\r\n3  Does your funding body offer")
    code, seen = person.finishes("yes")
    assert code == 0
    answers = re.findall(r"^- [^\[].*\*\*(\w+)\*\*\r$", seen, flags=re.MULTILINE)
    assert answers == ["no", "no", "yes"]


def test_another_word_is_asked_again(tmp_path: Path) -> None:
    person = Person(tmp_path, "way")
    person.reads()
    refusal = "   ✗ Answer with y or n, or go back with <.\r\n   [y/n] >"
    assert person.answers("maybe") == refusal
    assert person.answers("") == refusal


@pytest.mark.parametrize("answers", ["", "nnn", "nnnnnyy"])
def test_ctrl_c_stops(tmp_path: Path, answers: str) -> None:
    person = Person(tmp_path, "way")
    person.reads()
    person.answers(*answers)
    assert person.interrupts() == (130, "\r\n✗ Interrupted\r\n")
    assert not list(tmp_path.iterdir())


def test_the_end_of_input_stops_like_ctrl_c(tmp_path: Path) -> None:
    person = Person(tmp_path, "way")
    person.reads()
    person.program.sendeof()
    assert person.finishes()[0] == 130


def test_german(tmp_path: Path) -> None:
    person = Person(tmp_path, "way", LANG="de_DE.UTF-8", LC_ALL="de_DE.UTF-8")
    assert person.reads().startswith(
        "Welches Videokonferenzsystem passt zu Ihrer Schule?\r\n"
        "Antworten Sie mit j oder n. < geht zurück, Strg-C bricht ab.\r\n\r\n"
        f"1  {load_way().questions['prescribed'].question['de']}\r\n"
    )
    code, seen = person.finishes("j")
    assert code == 0
    assert seen.startswith("\r\n# Benutzen Sie das festgelegte System\r\n")
    assert " **ja**\r\n" in seen
