"""Reads a list of schools as spreadsheets write it (CSV), and writes the template for one.

Nothing is judged here but the form: encoding, separator, columns, rows. What the cells say is
judged like every other setting.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provision.common.bounded_files import UnfitError, read_bytes
from provision.messages import i18n, legible
from provision.messages.errors import Problem, SettingsError
from provision.messages.i18n import N_, _
from provision.messages.reasons import reason
from provision.messages.words import closest
from provision.settings.setting import RENAMED
from provision.settings.table import TABLE
from provision.settings.validation import shown, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "short_name"
COMMENT = "#"
SEPARATORS = ";,\t"
LEFT_OUT = (
    "confirmed",
    "repository",
    "repository_fingerprint",
    "acme_directory",
    "acme_ca_file",
)
"""No column in the template: what differs between districts, not schools, or comes later."""


class CsvError(SettingsError):
    """All problems of a list of schools at once, by row."""

    line_label = N_("row {number}")


@dataclass(frozen=True)
class Row:
    """A row of the list: its number in the spreadsheet, and its cells that hold something."""

    number: int
    cells: dict[str, str]


def template() -> str:
    """Return an empty list: the columns, and a row with an example, which is never read."""
    columns = [KEY, *(name for name in TABLE if name not in LEFT_OUT)]
    example = [COMMENT + " gymnasium-nord"]
    for name in columns[1:]:
        setting = TABLE[name].setting
        example.append("" if setting.needs else setting.example.strip("[]"))
    # A German spreadsheet opens a list properly only if its cells end with a semicolon.
    separator = ";" if i18n.language() == "de" else ","
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows([columns, example])
    return stream.getvalue().rstrip("\n")


def read(path: Path) -> tuple[list[Row], list[Problem]]:
    """Return the rows of a list and what is wrong with its columns; raise if it is no list."""
    table = _table(path)
    number, heading = next(table, (0, []))
    names, problems = _columns([name.strip() for name in heading], number)
    rows = []
    for row_number, row in table:
        cells = {}
        for index, cell in enumerate(row):
            name = names[index] if index < len(names) else ""
            if cell and not name:
                sentence = _(
                    "This cell stands below no column name; there is one separator too many."
                )
                problems.append(Problem(sentence, value=shown(cell), line=row_number))
            elif cell:
                cells[name] = cell
        rows.append(Row(row_number, cells))
    if not rows and not problems:
        raise CsvError(str(path), [Problem(_("There is no school in it."))], next=_next_step())
    return rows, problems


def _table(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold something, with their numbers; comments and empty ones do not."""
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            cells = [cell.strip() for cell in row]
            if any(cells) and not cells[0].startswith(COMMENT):
                yield number, cells
    except csv.Error as error:
        sentence = _(
            "A quotation mark is missing, or there is one too many, in this row or further down."
        )
        raise CsvError(
            str(path), [Problem(sentence, line=number + 1)], next=_("correct this row first")
        ) from error


def _text(path: Path) -> str:
    """Return the file's text, or raise why it cannot be read."""
    try:
        # From a spreadsheet's own export, for instance: --csv <(program).
        content = read_bytes(path, pipes=True)
        return legible.text(content)
    except UnfitError as error:
        raise CsvError(str(path), [Problem(str(error))]) from error
    except FileNotFoundError as error:
        sentence = _("There is no such file.")
        raise CsvError(str(path), [Problem(sentence)], next=_next_step()) from error
    except OSError as error:
        sentence = _("It cannot be read: {reason}.").format(reason=reason(error))
        raise CsvError(str(path), [Problem(sentence)]) from error
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        sentence = _("This is not UTF-8 text; in Excel, save as CSV UTF-8.")
        raise CsvError(str(path), [Problem(sentence, line=number)]) from error


def _separator(text: str) -> str:
    """Return what stands between the cells: no name of a column holds such a sign."""
    lines = (line for line in text.splitlines() if line.strip(SEPARATORS + ' "'))
    heading = next((line for line in lines if not line.lstrip(' "').startswith(COMMENT)), "")
    return max(SEPARATORS, key=heading.count)


def _columns(written: list[str], number: int) -> tuple[list[str], list[Problem]]:
    """Return the names of the columns, wrong ones as they were meant, and what is wrong."""
    names: list[str] = []
    problems = []
    for name in written:
        meant = name
        if name and name in names:
            problems.append(Problem(_("It is given twice."), setting=name, line=number))
        elif name and name != KEY and name not in TABLE:
            meant = RENAMED.get(name) or closest(name, [KEY, *TABLE])
            problem = unknown(name)
            if meant == KEY:
                sentence = _("There is no such setting. Did you mean {right}?").format(right=KEY)
                problem = replace(problem, sentence=sentence)
            problems.append(replace(problem, line=number))
            # The rows are judged with what was meant, or else each would miss it.
            meant = meant if meant and meant not in written else name
        names.append(meant)
    return names, problems


def _next_step() -> str:
    return _("`provision new --csv-template > schools.csv` writes an empty list")
