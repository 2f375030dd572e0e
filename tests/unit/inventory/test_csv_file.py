"""The form of a list of schools: what spreadsheets write is read, and what they spoil is told."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from provision.inventory import csv_file
from provision.inventory.csv_file import KEY, CsvError
from provision.messages import i18n
from provision.settings.table import TABLE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the list lies."""
    return tmp_path / "schools.csv"


def problems(path: Path) -> list[tuple[int, str]]:
    """Return rows and sentences of everything that keeps a file from being a list."""
    with pytest.raises(CsvError) as caught:
        csv_file.read(path)
    return [(problem.line, problem.sentence) for problem in caught.value.problems]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_whatever_the_spreadsheet_writes(
    path: Path, separator: str, encoding: str, end: str
) -> None:
    lines = [["short_name", "school", "contact"], ["sued", '"Süd, 2; a"', ""], ["", "", ""]]
    text = "".join(separator.join(line) + end for line in lines)
    path.write_bytes(text.encode(encoding))
    rows, wrong = csv_file.read(path)
    assert wrong == []
    assert [(row.number, row.cells) for row in rows] == [
        (2, {"short_name": "sued", "school": "Süd, 2; a"})
    ]


def test_rows_are_counted_as_a_spreadsheet_counts_them(path: Path) -> None:
    path.write_text('# a\n\nshort_name,school\n# b,c\n"n","two\nlines"\n\nw,West\n')
    rows, _wrong = csv_file.read(path)
    assert [(row.number, row.cells["short_name"]) for row in rows] == [(5, "n"), (7, "w")]


def test_spaces_around_a_cell_mean_nothing(path: Path) -> None:
    path.write_text("short_name ; school\n n ; \n # x;y\n")
    rows, wrong = csv_file.read(path)
    assert ([row.cells for row in rows], wrong) == ([{"short_name": "n"}], [])


def test_separators_at_the_end_of_lines_are_no_columns(path: Path) -> None:
    path.write_text("short_name;school;;\nn;Nord;;;;\n")
    rows, wrong = csv_file.read(path)
    assert (rows[0].cells, wrong) == ({"short_name": "n", "school": "Nord"}, [])


@pytest.mark.parametrize(
    ("column", "meant", "sentence"),
    [
        ("adress", "address", "There is no such setting. Did you mean address?"),
        ("Domain", "domain", "There is no such setting. Did you mean domain?"),
        ("shortname", KEY, "There is no such setting. Did you mean short_name?"),
        ("ip", "address", "This setting is called address here."),
        ("foo", "foo", "There is no such setting; docs/settings.md lists all of them."),
    ],
)
def test_an_unknown_column_is_told_and_read_as_it_was_meant(
    path: Path, column: str, meant: str, sentence: str
) -> None:
    path.write_text(f"{column}\nx\n")
    rows, wrong = csv_file.read(path)
    assert [(item.line, item.setting, item.sentence) for item in wrong] == [(1, column, sentence)]
    assert rows[0].cells == {meant: "x"}


def test_a_column_twice(path: Path) -> None:
    path.write_text("domain,domain,domains\na,b,c\n")
    _rows, wrong = csv_file.read(path)
    assert [item.sentence for item in wrong] == [
        "It is given twice.",
        "There is no such setting. Did you mean domain?",
    ]


@pytest.mark.parametrize("text", ["", "\n", "short_name,school\n", "short_name,school\n# x\n,\n"])
def test_an_empty_list_is_told(path: Path, text: str) -> None:
    path.write_text(text)
    assert problems(path) == [(0, "There is no school in it.")]


def test_a_file_that_is_not_there_or_cannot_be_read(path: Path) -> None:
    assert problems(path) == [(0, "There is no such file.")]
    assert problems(path.parent) == [(0, "It cannot be read: Is a directory.")]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le"])
def test_another_encoding_is_told_with_the_way_out(path: Path, encoding: str) -> None:
    path.write_bytes("school\nSüd\n".encode(encoding))
    sentence = "This is not UTF-8 text; in Excel, save as CSV UTF-8."
    assert problems(path) == [(2 if encoding == "cp1252" else 1, sentence)]


@pytest.mark.parametrize("row", ['"Nord', '"No"rd'])
def test_a_lost_quotation_mark_is_told(path: Path, row: str) -> None:
    path.write_text(f"school\nWest\n{row}\nOst\n")
    sentence = "A quotation mark is missing, or there is one too many, in this row or further down."
    assert problems(path) == [(3, sentence)]


@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("de", ";")])
def test_the_template_has_every_setting_of_a_school_and_no_school(
    path: Path, language: str, separator: str
) -> None:
    i18n.activate(language)
    text = csv_file.template()
    path.write_text(text)
    heading, example = csv.reader(text.splitlines(), delimiter=separator)
    assert heading == [KEY, *(name for name in TABLE if name not in csv_file.LEFT_OUT)]
    assert len(example) == len(heading)
    i18n.activate("en")
    assert problems(path) == [(0, "There is no school in it.")]


def test_the_example_in_the_template_would_be_a_school(path: Path) -> None:
    path.write_text(csv_file.template().replace("# ", ""))
    rows, wrong = csv_file.read(path)
    assert wrong == []
    assert rows[0].cells["short_name"] == "gymnasium-nord"
    assert rows[0].cells["school_networks"] == "192.0.2.0/24"
