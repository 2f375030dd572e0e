"""The only module that writes to the terminal and reads from it.

Results go to standard output, everything else to the error stream. Without a terminal there is no
colour, no moving line, and no line is wrapped.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import time
import unicodedata
from typing import TYPE_CHECKING, Any, TextIO

from provision.messages.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provision.messages.errors import ProvisionError

_GREEN, _YELLOW, _RED, _FAINT, _BOLD = "32", "33", "31", "2", "1"
_MARKS = {"✓": "+", "·": "-", "!": "!", "✗": "x", "…": "..."}
MAXIMUM_WIDTH = 100


def prepare() -> None:
    """Make sure that no sign of ours can break a terminal with an old character set."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def result(text: str = "", *, bold: bool = False) -> None:
    """Write what the command was asked for."""
    _write(sys.stdout, text, _BOLD if bold else "")


def marked(mark: str, text: str, indent: int = 0) -> None:
    """Write a line of what the command was asked for, behind ✓, ·, ! or ✗."""
    _marked(
        mark, {"✓": _GREEN, "·": _FAINT, "!": _YELLOW, "✗": _RED}[mark], text, indent, sys.stdout
    )


def paragraph(text: str, indent: int) -> None:
    """Write sentences of what the command was asked for, in as many lines as they need."""
    for line in _wrapped(text, indent, sys.stdout):
        _write(sys.stdout, " " * indent + line)


def result_json(data: Any) -> None:
    """Write a document of JSON that people read, too; `--json` writes `result_line`."""
    sys.stdout.write(as_json(data, indent=2) + "\n")


def result_line(data: Any) -> None:
    """Write what the command was asked for as one line, for a machine."""
    sys.stdout.write(as_json(data) + "\n")
    sys.stdout.flush()


def as_json(data: Any, indent: int | None = None) -> str:
    """Return data as JSON that people can read, and that controls no terminal and no editor.

    Letters stay as they are; signs that are not shown, or turn the direction of what follows, are
    escaped.
    """
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    return "".join(
        sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows under headings as aligned columns."""
    lines = [headings, *rows]
    widths = [max(width(line[column]) for line in lines) for column in range(len(headings))]
    for number, line in enumerate(lines):
        cells = [cell + " " * (size - width(cell)) for cell, size in zip(line, widths, strict=True)]
        text = "  ".join(cells).rstrip()
        _write(sys.stdout, text, _BOLD if number == 0 else "")


def note(text: str = "") -> None:
    """Write something about the progress."""
    _write(sys.stderr, text)


def hint(text: str, indent: int) -> None:
    """Write something that only helps, in as many lines as it needs."""
    for paragraph in text.split("\n"):
        for line in _wrapped(paragraph, indent):
            _write(sys.stderr, " " * indent + line, _FAINT)


def good(text: str, indent: int = 0) -> None:
    """Write that something is right."""
    _marked("✓", _GREEN, text, indent)


def warning(text: str, indent: int = 0) -> None:
    """Write that something should be looked at."""
    _marked("!", _YELLOW, text, indent)


def bad(text: str, indent: int = 0) -> None:
    """Write that something is wrong."""
    _marked("✗", _RED, text, indent)


def error(problem: ProvisionError) -> None:
    """Write an error: what happened, why, and what to do next."""
    bad(problem.what)
    rows = problem.rows()
    labels = [_("Why"), _("Next"), *(label for label, _text in rows)]
    indent = max(map(width, labels)) + 5
    for label, text in rows:
        lines = [part for line in text.split("\n") for part in _wrapped(line, indent)]
        head = "  " + label + " " * (indent - 2 - width(label))
        for number, line in enumerate(lines):
            _write(sys.stderr, (head if number == 0 else " " * indent) + line)


def interactive() -> bool:
    """Return whether a person can answer questions."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(prompt: str) -> str:
    """Return what a person typed."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        import readline  # noqa: F401, PLC0415 - the arrow keys work as soon as it is loaded

        return input(prompt)
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def secret(prompt: str) -> str:
    """Return what a person typed without showing it."""
    import getpass  # noqa: PLC0415 - seldom needed

    return getpass.getpass(prompt)


def phase(title: str, seconds: float, detail: str, title_width: int = 22) -> None:
    """Write the line of something that was done: what, how long it took, what came of it."""
    pad = " " * max(title_width - width(title), 0)
    good(f"{title}{pad}{f'{seconds:.1f} s':>8}   {detail}".rstrip(), indent=2)


class Step:
    """One line of progress: what is being done, then how long it took and what came of it."""

    def __init__(self, title: str, title_width: int = 22) -> None:
        self.title = title
        self._pad = " " * max(title_width - width(title), 0)
        self._begin = time.monotonic()
        self._live = _colourful(sys.stderr)
        self.update("")

    def update(self, text: str) -> None:
        """Show what is happening right now, on a terminal only."""
        if self._live:
            columns = shutil.get_terminal_size().columns
            line = printable(f"  … {self.title}{self._pad}  {text}").rstrip()[: columns - 1]
            sys.stderr.write(f"\r\x1b[2K{line}")
            sys.stderr.flush()

    def drop(self) -> None:
        """Take the line away without a word."""
        if self._live:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def done(self, detail: str = "") -> None:
        """Finish the line with what was achieved."""
        self.drop()
        took = f"{time.monotonic() - self._begin:.1f} s"
        good(f"{self.title}{self._pad}{took:>8}   {detail}".rstrip(), indent=2)


def width(text: str) -> int:
    """Return how many columns a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def printable(text: str) -> str:
    """Return the text without anything that would control the terminal."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def _wrapped(text: str, indent: int, stream: TextIO | None = None) -> list[str]:
    if not (stream or sys.stderr).isatty():
        return [text]
    room = min(shutil.get_terminal_size().columns, MAXIMUM_WIDTH) - indent
    return textwrap.wrap(text, max(room, 30), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]


def _marked(mark: str, colour: str, text: str, indent: int, stream: TextIO | None = None) -> None:
    stream = stream or sys.stderr
    sign = mark
    try:
        mark.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        sign = _MARKS[mark]
    if _colourful(stream):
        sign = f"\x1b[{colour}m{sign}\x1b[0m"
    stream.write(f"{' ' * indent}{sign} {printable(text)}\n")


def _write(stream: TextIO, text: str, style: str = "") -> None:
    text = printable(text)
    stream.write(f"\x1b[{style}m{text}\x1b[0m\n" if style and _colourful(stream) else f"{text}\n")


def _colourful(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
