"""A person at a terminal answers the questions of `provision new`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from provision.inventory.reading import load
from provision.messages import i18n
from provision.settings.table import TABLE
from tests.unit.made_certificates import key_pem, make, make_key
from tests.wizard.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGIN = "A new school. Enter takes what stands in [brackets], < goes back, Ctrl-C stops.\r\n\r\n"
GOOD = ["203.0.113.10", "meet.nord.example.org", "Gymnasium Nord", "it@nord.example.org"]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    yield
    i18n.activate("en")


def test_a_school_from_the_first_question_to_the_file(tmp_path: Path) -> None:
    person = Person(tmp_path, "new")
    assert person.reads() == (
        f"{BEGIN}1/7  At which address is the server?\r\n"
        "     The IP address or host name from your provider; the program signs in there.\r\n"
        "     For instance: 203.0.113.10\r\n"
        "   >"
    )
    assert person.answers(*GOOD) == (
        "\r\n5/7  Where does the certificate come from?\r\n"
        "     letsencrypt: free and renewed by itself.\r\n"
        "     own: you have files from your certificate authority.\r\n"
        "     self-signed: only for a trial, browsers warn.\r\n"
        "   [letsencrypt] >"
    )
    assert person.answers("", "https://nord.example.org/imprint", "") == (
        "\r\ngymnasium-nord:\r\n"
        "  address:     203.0.113.10\r\n"
        "  domain:      meet.nord.example.org\r\n"
        "  school:      Gymnasium Nord\r\n"
        "  contact:     it@nord.example.org\r\n"
        "  certificate: letsencrypt\r\n"
        "  imprint_url: https://nord.example.org/imprint\r\n"
        "\r\nEnter writes this to inventory.yml, < goes back >"
    )
    assert not list(tmp_path.iterdir())
    assert person.finishes("") == (
        0,
        (
            "Gymnasium Nord is in inventory.yml as gymnasium-nord.\r\n"
            "At your registrar, the A record of meet.nord.example.org must point to "
            "203.0.113.10.\r\n"
            "Next: provision check gymnasium-nord\r\n"
        ),
    )
    school = load(tmp_path / "inventory.yml").schools["gymnasium-nord"]
    # The pupils' language is not that of the technician's terminal.
    assert (school.imprint_url, school.language) == ("https://nord.example.org/imprint", "de")


def test_a_wrong_answer_is_told_at_once_and_asked_again(tmp_path: Path) -> None:
    person = Person(tmp_path, "new")
    person.reads()
    assert person.answers("localhost") == (
        "   ✗ This is your own computer; write the address of the server. "
        "For instance: 203.0.113.10\r\n   >"
    )
    assert "2/7" in person.answers("203.0.113.10")
    assert "✗ Write the name alone, without https://." in person.answers("https://x.org")
    assert "✗ It is empty." in person.answers("")
    assert "3/7" in person.answers("x.example.org")


def test_a_name_with_umlauts_is_shown_as_it_is_stored(tmp_path: Path) -> None:
    person = Person(tmp_path, "new")
    person.reads()
    assert person.answers(GOOD[0], "meet.straße-schule.de").startswith(
        "   meet.xn--strae-schule-o9a.de\r\n\r\n3/7"
    )
    assert "  domain:      meet.xn--strae-schule-o9a.de\r\n" in person.answers(
        *GOOD[2:], "", "", ""
    )
    assert person.finishes("")[0] == 0
    school = load(tmp_path / "inventory.yml").schools["gymnasium-nord"]
    assert school.domain == "meet.xn--strae-schule-o9a.de"


def test_going_back_offers_the_old_answer(tmp_path: Path) -> None:
    person = Person(tmp_path, "new")
    person.reads()
    assert "   This is the first question.\r\n" in person.answers("<")
    assert "3/7" in person.answers(*GOOD[:2])
    assert person.answers("<").endswith("   [meet.nord.example.org] >")
    assert person.answers("<").endswith("   [203.0.113.10] >")
    person.answers("203.0.113.11", "", *GOOD[2:], "", "", "")
    assert "7/7" in person.answers("<")
    assert person.answers("") != ""
    assert person.finishes("")[0] == 0
    school = load(tmp_path / "inventory.yml").schools["gymnasium-nord"]
    assert (school.address, school.domain) == ("203.0.113.11", "meet.nord.example.org")


def test_a_link_can_be_taken_away_again(tmp_path: Path) -> None:
    person = Person(tmp_path, "new")
    person.reads()
    person.answers(*GOOD, "", "https://nord.example.org/imprint")
    assert person.answers("<").endswith("   [https://nord.example.org/imprint, - for none] >")
    person.answers("-", "")
    assert person.finishes("")[0] == 0
    assert load(tmp_path / "inventory.yml").schools["gymnasium-nord"].imprint_url is None


def test_an_own_certificate_asks_two_more_and_looks_at_the_files(tmp_path: Path) -> None:
    key, now = make_key(), datetime.now(UTC)
    good = make("x", key, names=(GOOD[1],), begin=now, end=now + timedelta(days=60))
    (tmp_path / "c.pem").write_bytes(good)
    (tmp_path / "k.pem").write_bytes(key_pem(key))
    (tmp_path / "other.pem").write_bytes(key_pem(make_key()))
    person = Person(tmp_path, "new")
    person.reads()
    assert person.answers(*GOOD, "own").startswith("\r\n6/9  In which file is the certificate?")
    gone = re.sub(r"\s+", " ", person.answers("gone.pem"))
    assert f"✗ There is no file {tmp_path}/gone.pem." in gone
    assert person.answers("c.pem").startswith("\r\n7/9")
    mismatch = re.sub(r"\s+", " ", person.answers("other.pem"))
    assert "✗ The key does not belong to this certificate. use the file" in mismatch
    assert person.answers("k.pem").startswith("\r\n8/9")
    person.answers("", "")
    assert person.finishes("")[0] == 0


def test_another_choice_drops_the_files_again(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("x")
    person = Person(tmp_path, "new")
    person.reads()
    person.answers(*GOOD, "own", "c.pem", "<")
    assert person.answers("<").endswith("   [own] >")
    assert person.answers("letsencrypt").startswith("\r\n6/7  Where is the school's imprint?")
    assert "certificate_file" not in person.answers("", "")


@pytest.mark.parametrize("answered", [0, 3, 7])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, answered: int) -> None:
    person = Person(tmp_path, "new")
    person.reads()
    person.answers(*[*GOOD, "", "", ""][:answered])
    assert person.interrupts() == (130, "\r\n✗ Stopped; nothing was written\r\n")
    assert not list(tmp_path.iterdir())


def test_the_end_of_input_stops_like_ctrl_c(tmp_path: Path) -> None:
    person = Person(tmp_path, "new")
    person.reads()
    person.program.sendeof()
    code, seen = person.finishes()
    assert code == 130
    assert seen.endswith("✗ Stopped; nothing was written\r\n")


def test_what_is_given_is_not_asked(tmp_path: Path) -> None:
    person = Person(
        tmp_path, "new", "nord", "--set", f"address={GOOD[0]}", "--set", f"domain={GOOD[1]}"
    )
    assert "1/5  What is the school called?" in person.reads()
    person.answers(*GOOD[2:], "", "", "")
    assert person.finishes("")[0] == 0
    assert load(tmp_path / "inventory.yml").schools["nord"].address == GOOD[0]


def test_nothing_is_asked_when_everything_required_is_given(tmp_path: Path) -> None:
    names = ("address", "domain", "school", "contact")
    pairs = [part for pair in zip(names, GOOD, strict=True) for part in ("--set", "=".join(pair))]
    code, seen = Person(tmp_path, "new", *pairs).finishes()
    assert code == 0
    assert seen.startswith("Gymnasium Nord is in inventory.yml as gymnasium-nord.\r\n")


def test_what_other_schools_have_is_refused_and_offered(tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(
        f"""\
schools:
  vars: {{contact: it@district.example.org}}
  hosts:
    gymnasium-nord:
      address: {GOOD[0]}
      domain: {GOOD[1]}
      school: Other
"""
    )
    person = Person(tmp_path, "new")
    person.reads()
    assert "✗ gymnasium-nord has the same; each school needs its own." in person.answers(GOOD[0])
    assert "✗ gymnasium-nord has the same" in person.answers("203.0.113.11", GOOD[1])
    assert person.answers("b.example.org", GOOD[2]).endswith("   [it@district.example.org] >")
    summary = person.answers("", "", "", "")
    assert summary.startswith("\r\ngymnasium-nord-2:\r\n")
    assert "contact" not in summary
    assert person.finishes("")[0] == 0
    assert load(tmp_path / "inventory.yml").schools["gymnasium-nord-2"].contact == (
        "it@district.example.org"
    )


def test_german(tmp_path: Path) -> None:
    person = Person(tmp_path, "new", LANG="de_DE.UTF-8", LC_ALL="de_DE.UTF-8")
    assert person.reads() == (
        "Eine neue Schule. Die Eingabetaste nimmt, was in [Klammern] steht, < geht zurück, Strg-C "
        "bricht ab.\r\n\r\n"
        "1/7  Unter welcher Adresse ist der Server erreichbar?\r\n"
        "     Die IP-Adresse oder der Rechnername von Ihrem Anbieter; dort meldet sich das "
        "Programm an.\r\n"
        "     Zum Beispiel: 203.0.113.10\r\n"
        "   >"
    )
    assert "✗ Das ist Ihr eigener Rechner; schreiben Sie die Adresse des Servers." in (
        person.answers("localhost")
    )
    person.answers(*GOOD, "", "", "")
    code, seen = person.finishes("")
    assert (code, seen.splitlines()[-1]) == (0, "Weiter: provision check gymnasium-nord")
    assert load(tmp_path / "inventory.yml").schools["gymnasium-nord"].language == "de"


def test_there_are_at_most_nine_questions() -> None:
    assert sum(row.asked for row in TABLE.values()) == 9
