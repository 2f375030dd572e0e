"""provision new --csv: twenty schools at once, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision.inventory import file
from provision.inventory.csv_file import LEFT_OUT
from provision.inventory.reading import load
from provision.settings.table import TABLE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

CONTACT = ("--set", "contact=it@schools.example.org")
NEXT = "  Next    nothing was written; correct the list, then run the same command again\n"


pytestmark = pytest.mark.usefixtures("schools")


@pytest.fixture
def schools(tmp_path: Path) -> Path:
    """A good list of two, as a German Excel writes it."""
    path = tmp_path / "schools.csv"
    path.write_bytes(
        b"\xef\xbb\xbfshort_name;address;domain;school;ssh_port;school_networks\r\n"
        b";203.0.113.11;meet.sued.example.org;Gymnasium S\xc3\xbcd;;"
        b"192.0.2.0/24, 198.51.100.0/24\r\n"
        b"west;2001:db8::12;meet.west.example.org;Schule am Westpark;2222;\r\n"
    )
    return path


def test_the_list_becomes_schools(run: Run, inventory: Path) -> None:
    assert run("new", "--csv", "schools.csv", *CONTACT) == (
        0,
        """\
2 schools were added to inventory.yml.
short name      school              domain                 address
gymnasium-sued  Gymnasium Süd       meet.sued.example.org  203.0.113.11
west            Schule am Westpark  meet.west.example.org  2001:db8::12
At your registrar, each domain must point to the address beside it (A or AAAA record).
Next: provision check --all
""",
        "",
    )
    assert (
        inventory.read_text(encoding="utf-8").partition("schools:\n")[2]
        == """\
  vars:
    contact: it@schools.example.org
  hosts:
    gymnasium-sued:
      address: 203.0.113.11
      domain: meet.sued.example.org
      school: Gymnasium Süd
      school_networks: [192.0.2.0/24, 198.51.100.0/24]
    west:
      address: 2001:db8::12
      domain: meet.west.example.org
      school: Schule am Westpark
      ssh_port: 2222
"""
    )


def test_in_german(run: Run, schools: Path) -> None:
    code, out, err = run("--lang", "de", "new", "--csv", str(schools), *CONTACT)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "2 Schulen wurden in inventory.yml eingetragen."
    assert load(schools.parent / "inventory.yml").schools["west"].language == "de"


def test_schools_that_are_there_stay_as_they_are(run: Run, inventory: Path) -> None:
    before = """\
# by hand
schools:
  vars: {contact: it@district.example.org, language: de}
  hosts:
    nord:   # the oldest
      address: 203.0.113.10
      domain: meet.nord.example.org
      school: Nord
"""
    inventory.write_text(before)
    code, out, _err = run("new", "--csv", "schools.csv")
    assert (code, out.splitlines()[-1]) == (0, "Next: provision check gymnasium-sued west")
    text = inventory.read_text(encoding="utf-8")
    assert text.startswith(before)
    assert "contact" not in text[len(before) :]
    assert "language" not in text[len(before) :]


def test_a_cell_says_it_better_than_a_common_setting(run: Run, inventory: Path) -> None:
    assert run("new", "--csv", "schools.csv", *CONTACT, "--set", "ssh_port=22000").code == 0
    known = load(inventory).schools
    assert [known[key].ssh_port for key in ("gymnasium-sued", "west")] == [22000, 2222]


THERE = """\
schools:
  hosts:
    nord:
      address: 203.0.113.10
      domain: meet.nord.example.org
      school: Nord
      contact: it@nord.example.org
      language: en
"""


def test_what_is_common_never_changes_a_school_that_is_there(run: Run, inventory: Path) -> None:
    inventory.write_text(THERE)
    pairs = ("retention_days=3", "language=de", "ssh_port=22", "reboot_at=04:00")
    arguments = [part for pair in pairs for part in ("--set", pair)]
    before = load(inventory).schools["nord"]
    assert run("new", "--csv", "schools.csv", *CONTACT, *arguments).code == 0
    found = load(inventory)
    assert found.schools["nord"] == before
    # Nord says the first two itself, and has the third anyway.
    shared = {"contact": "it@schools.example.org", "language": "de", "ssh_port": 22}
    assert found.shared == shared
    assert inventory.read_text().startswith(THERE)
    for key in ("gymnasium-sued", "west"):
        school = found.schools[key]
        assert (school.retention_days, school.reboot_at) == (3, "04:00")
    assert inventory.read_text().count("reboot_at: ") == 2


def test_what_the_file_shares_already_is_not_written_again(run: Run, inventory: Path) -> None:
    inventory.write_text(
        "schools:\n  vars:\n    contact: it@schools.example.org\n    language: de\n"
    )
    assert run("new", "--csv", "schools.csv", *CONTACT, "--set", "language=en").code == 0
    text = inventory.read_text()
    assert text.count("it@schools.example.org") == 1
    assert load(inventory).shared["language"] == "de"
    assert text.count("language: en") == 2


def test_two_ports_of_one_address_are_two_servers(run: Run, inventory: Path, schools: Path) -> None:
    rows = ("203.0.113.1;a.example.org;A;22", "203.0.113.1;b.example.org;B;2222")
    schools.write_text("\n".join(("address;domain;school;ssh_port", *rows)))
    assert run("new", "--csv", "schools.csv", *CONTACT).code == 0
    assert list(load(inventory).schools) == ["a", "b"]


def test_one_school_is_one(run: Run, schools: Path) -> None:
    schools.write_text("address,domain,school\nserver.example.org,a.example.org,Ost\n")
    code, out, _err = run("new", "--csv", "schools.csv", *CONTACT)
    assert code == 0
    assert out.startswith("One school was added to inventory.yml.\n")
    assert out.endswith("Next: provision check ost\n")


def test_all_problems_at_once_and_nothing_is_written(
    run: Run, inventory: Path, schools: Path
) -> None:
    run("new", "--csv", "schools.csv", *CONTACT)
    before = inventory.read_bytes()
    schools.write_text(
        "short_name,adress,domain,school,imprint_url,foo\n"
        "a,203.0.113.20,meet.a.example.org,A,http://a.example.org/,x\n"
        "# a comment\n"
        "a,203.0.113.20,meet.west.example.org,B\n"
        "\n"
        "West,localhost,,C,,,,x\n"
        "west,203.0.113.30,meet.west.example.org,West\n"
    )
    assert run("new", "--csv", "schools.csv", "--set", "contact=it", "--set", "domain=x.de") == (
        2,
        "",
        """\
✗ schools.csv: 12 problems
  Why     --set · contact: "it"
          An e-mail address contains an @. For instance: it@gymnasium-nord.example.org
          --set · domain: "x.de"
          Two schools cannot share this; give it a column in the list.
  row 1   adress
          There is no such setting. Did you mean address?
  row 1   foo
          There is no such setting; docs/settings.md lists all of them.
  row 2   a · imprint_url: "http://a.example.org/"
          It must begin with https://. For instance: https://gymnasium-nord.example.org/imprint
  row 4   a · short_name: "a"
          Row 2 has the same; each school needs its own.
  row 4   a · address: "203.0.113.20"
          Row 2 has the same; each school needs its own.
  row 4   a · domain: "meet.west.example.org"
          west has the same; each school needs its own.
  row 6   "x"
          This cell stands below no column name; there is one separator too many.
  row 6   West · address: "localhost"
          This is your own computer; write the address of the server. For instance: 203.0.113.10
  row 6   West · short_name: "West"
          Use small letters, digits and hyphens, at most 63, and begin with a letter or a digit, \
for instance gymnasium-nord.
  row 7   west · short_name
          inventory.yml has this school already; take it out of the list, or rename it.
"""
        + NEXT,
    )
    assert inventory.read_bytes() == before


def test_the_same_list_again_is_refused(run: Run, inventory: Path) -> None:
    run("new", "--csv", "schools.csv", *CONTACT)
    before = inventory.read_bytes()
    assert run("new", "--csv", "schools.csv", *CONTACT) == (
        5,
        "",
        """\
✗ schools.csv: 2 problems
  row 2   gymnasium-sued · short_name
          inventory.yml has this school already; take it out of the list, or rename it.
  row 3   west · short_name
          inventory.yml has this school already; take it out of the list, or rename it.
"""
        + NEXT,
    )
    assert inventory.read_bytes() == before


def test_what_every_row_needs_is_asked_of_every_row(run: Run) -> None:
    code, _out, err = run("new", "--csv", "schools.csv", "--set", "certificate=own")
    assert code == 2
    assert err.splitlines()[0] == "✗ schools.csv: 6 problems"
    assert err.count("It is needed, because certificate is own.") == 4
    assert err.count("contact\n          It is missing.") == 2


def test_a_broken_inventory_is_not_added_to(run: Run, inventory: Path) -> None:
    inventory.write_text("schools:\n  host:\n")
    code, out, err = run("new", "--csv", "schools.csv", *CONTACT)
    assert (code, out) == (2, "")
    assert err.startswith("✗ inventory.yml: one problem\n")


def test_twenty_schools_are_written_in_one_step(
    run: Run, inventory: Path, schools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    real = file.write_at_once

    def counted(target: Path, content: bytes, mode: int, *, new: bool) -> None:
        written.append(target)
        real(target, content, mode, new=new)

    monkeypatch.setattr(file, "write_at_once", counted)
    rows = [f"203.0.113.{n},m{n}.example.org,School {n}" for n in range(1, 21)]
    schools.write_text("\n".join(["address,domain,school", *rows]))
    assert run("new", "--csv", "schools.csv", *CONTACT).code == 0
    assert written == [inventory]
    assert list(load(inventory).schools) == [f"school-{n}" for n in range(1, 21)]


def test_the_template_can_be_filled_in_and_read(run: Run, inventory: Path, schools: Path) -> None:
    code, out, err = run("new", "--csv-template")
    assert (code, err) == (0, "")
    names = [name for name in TABLE if name not in LEFT_OUT]
    assert names[:4] == ["address", "domain", "school", "contact"]
    assert out.splitlines()[0] == ",".join(["short_name", *names])
    schools.write_text(out + "ost,203.0.113.9,ost.example.org,Ost,it@ost.example.org\n")
    assert run("new", "--csv", "schools.csv").code == 0
    assert list(load(inventory).schools) == ["ost"]


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("--csv-template", "--set", "language=de"), "✗ --csv-template stands alone\n"),
        (
            ("nord", "--csv", "schools.csv"),
            (
                "✗ There is a word too many: nord\n"
                "  Why    with --csv, the short names stand in the list\n"
            ),
        ),
        (("--csv", "schools.csv", "--set", "language"), "✗ --set: one problem\n"),
    ],
)
def test_what_does_not_go_together(
    run: Run, inventory: Path, arguments: tuple[str, ...], refusal: str
) -> None:
    code, out, err = run("new", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(refusal)
    assert not inventory.exists()
