"""provision way without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

CHECKLIST = """\
# Use the system that is laid down

Others have decided and answer for it. Your school needs access, help and a few sheets of paper.

## Whom to ask

- [ ] The service desk: how does our school get access, and who helps when it does not work?
- [ ] The data protection officer: what do we have to examine and to write down? Ask before deciding.
- [ ] The staff council: does it agree to a trial, and what does it want settled before regular use?

## What to require

- [ ] It is written down who is responsible for the data, the funding body or the school.
- [ ] There is training for teachers, and a place to call.
- [ ] Pupils take part with a browser or a school tablet, without an account.

## What to sign or to write down

- [ ] The privacy notice for pupils, parents and staff
- [ ] Rules for everybody: who opens rooms, no recording, what to do when somebody disturbs

## Your answers

- Has your funding body or your state laid down which video-conference system its schools use? **yes**

This is guidance, not legal advice; rules differ between states, and they change.
"""  # noqa: E501 - as the program writes it
GERMAN = """\
# Benutzen Sie das festgelegte System

Andere haben entschieden und stehen dafür ein. Ihre Schule braucht Zugang, Hilfe und einige Unterlagen.

## Wen Sie fragen

- [ ] Die Servicestelle: Wie bekommt unsere Schule Zugang, und wer hilft, wenn etwas nicht geht?
- [ ] Die oder der Datenschutzbeauftragte: Was müssen wir prüfen und festhalten? Fragen Sie vor der Entscheidung.
- [ ] Der Personalrat: Stimmt er einem Probebetrieb zu, und was soll vor dem regelmäßigen Einsatz geregelt sein?

## Was Sie verlangen

- [ ] Es steht geschrieben, wer für die Daten verantwortlich ist, der Schulträger oder die Schule.
- [ ] Es gibt eine Schulung für Lehrkräfte und eine Stelle, die man anrufen kann.
- [ ] Schülerinnen und Schüler nehmen mit dem Browser oder einem Schul-Tablet teil, ohne Konto.

## Was zu unterschreiben oder festzuhalten ist

- [ ] Die Datenschutzhinweise für Kinder und Jugendliche, Eltern und Personal
- [ ] Regeln für alle: wer Räume öffnet, keine Aufnahmen, was bei Störungen zu tun ist

## Ihre Antworten

- Hat Ihr Schulträger oder Ihr Land festgelegt, welches Videokonferenzsystem die Schulen benutzen? **ja**

Dies ist eine Orientierung, keine Rechtsberatung; Regeln sind je nach Land verschieden und ändern sich.
"""  # noqa: E501 - as above


@pytest.mark.parametrize(
    ("language", "answer", "checklist"), [("en", "yes", CHECKLIST), ("de", "Ja", GERMAN)]
)
def test_answers_beforehand_lead_to_a_checklist(
    run: Run, language: str, answer: str, checklist: str
) -> None:
    assert run("way", "--lang", language, "--answers", answer) == (0, checklist, "")


def test_the_own_server_names_the_next_command(run: Run) -> None:
    code, out, err = run("way", "--answers", "no, no,n,n,n,y,y")
    assert (code, err) == (0, "Next: provision new\n")
    assert out.startswith("# Rent a fast root server from your provider; this program sets up")


def test_the_checklist_can_be_a_file(run: Run, tmp_path: Path) -> None:
    assert run("way", "--answers", "yes", "--output", "list.md") == (
        0,
        "The checklist is in list.md.\n",
        "",
    )
    path = tmp_path / "list.md"
    assert path.read_text(encoding="utf-8") == CHECKLIST
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_is_there_stays(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "list.md"
    path.write_text("mine")
    refusal = (
        5,
        "",
        """\
✗ list.md is there already
  Why    nothing was written
  Next   choose another name, or remove the file first
""",
    )
    assert run("way", "--answers", "yes", "--output", "list.md") == refusal
    assert run("way", "--output", "list.md") == refusal  # told before anything is asked
    assert path.read_text() == "mine"


def test_a_directory_that_is_missing_is_told_before_anything_is_asked(run: Run) -> None:
    assert run("way", "--output", "gone/list.md") == (
        5,
        "",
        "✗ gone/list.md cannot be written\n  Why    its directory is not there\n",
    )


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (
            (),
            """\
✗ Nobody can answer here: there is no terminal
  Next   answer beforehand, for instance --answers no,no,yes
""",
        ),
        (
            ("--answers", "no,yes"),
            """\
✗ --answers has too few answers
  Why    not answered: Does this product contain video conferences?
  Next   add yes or no at the end
""",
        ),
        (
            ("--answers", "yes,no"),
            """\
✗ --answers has too many answers
  Why    the end: Use the system that is laid down
  Next   leave out what follows after answer 1
""",
        ),
        (
            ("--answers", "no,perhaps"),
            """\
✗ --answers takes yes and no, with commas between
  Why    "perhaps" is neither
""",
        ),
        (
            ("--answers", ""),
            """\
✗ --answers takes yes and no, with commas between
  Why    "" is neither
""",
        ),
    ],
)
def test_answers_that_lead_nowhere(run: Run, arguments: tuple[str, ...], refusal: str) -> None:
    assert run("way", *arguments) == (2, "", refusal)
