"""What reaches the terminal, and what never does."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest

from provision.messages import console
from provision.messages.errors import ExitCode, Problem, ProvisionError, RefusedError, SettingsError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    # Not sys.stderr itself: pytest sets that anew when the test begins.
    monkeypatch.setattr(console, "sys", SimpleNamespace(stdout=sys.stdout, stderr=stream))
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


ERROR = ProvisionError(
    "certificate: Let's Encrypt could not reach http://meet.example.org",
    "the name points to 203.0.113.99, this server is 203.0.113.10",
    "at your registrar, set the A record\nThen run it again.",
)


def test_an_error_says_what_why_and_next(capsys: pytest.CaptureFixture[str]) -> None:
    console.error(ERROR)
    assert capsys.readouterr() == (
        "",
        """\
✗ certificate: Let's Encrypt could not reach http://meet.example.org
  Why    the name points to 203.0.113.99, this server is 203.0.113.10
  Next   at your registrar, set the A record
         Then run it again.
""",
    )


def test_on_a_terminal_an_error_is_wrapped_and_has_a_red_mark(terminal: Terminal) -> None:
    console.error(ERROR)
    assert terminal.getvalue() == (
        "\x1b[31m✗\x1b[0m certificate: Let's Encrypt could not reach http://meet.example.org\n"
        "  Why    the name points to 203.0.113.99, this server is\n"
        "         203.0.113.10\n"
        "  Next   at your registrar, set the A record\n"
        "         Then run it again.\n"
    )


def test_no_colour_where_the_person_does_not_want_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console.good("fine")
    assert terminal.getvalue() == "✓ fine\n"


def test_an_error_without_reasons_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.error(ProvisionError("Stopped"))
    assert capsys.readouterr().err == "✗ Stopped\n"


def test_problems_without_lines_stand_under_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem("It is missing.", "domain"), Problem("It is empty.", "school", '""')]
    console.error(SettingsError("--set", problems, next="give them"))
    assert capsys.readouterr().err == (
        "✗ --set: 2 problems\n"
        "  Why    domain\n"
        "         It is missing.\n"
        '         school: ""\n'
        "         It is empty.\n"
        "  Next   give them\n"
    )


def test_nothing_can_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.result("a\x1b]0;title\x07b\u202ec\x9bd")
    console.bad("\x1b[2J")
    assert capsys.readouterr() == ("a�]0;title�b�c�d\n", "✗ �[2J\n")


def test_a_table_is_aligned_by_what_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(["name", "school"], [["a", "Süd"], ["long", "학교"]])
    assert capsys.readouterr().out == "name  school\na     Süd\nlong  학교\n"
    assert console.width("학교") == 4
    assert console.width("u\u0308") == 1


def test_an_old_terminal_gets_signs_that_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    console.prepare()
    console.bad("Süd")
    stream.flush()
    assert raw.getvalue() == b"x S?d\n"


def test_a_step_is_one_line_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    step = console.Step("install packages")
    step.update("23 of 160")
    step.done("160 packages")
    assert capsys.readouterr().err == "  ✓ install packages         0.0 s   160 packages\n"


def test_a_step_moves_on_a_terminal_and_never_wraps(terminal: Terminal) -> None:
    step = console.Step("install")
    step.update("x" * 100)
    step.done("at last")
    shown = terminal.getvalue().split("\r\x1b[2K")
    assert shown[1] == "  … install"
    assert len(shown[2]) == 59
    assert shown[3].startswith("  \x1b[32m✓\x1b[0m install ")
    assert shown[3].endswith("0.0 s   at last\n")


def test_json_keeps_letters(capsys: pytest.CaptureFixture[str]) -> None:
    console.result_json({"school": "Süd"})
    assert capsys.readouterr().out == '{\n  "school": "Süd"\n}\n'


def test_every_kind_of_error_has_its_exit_code() -> None:
    assert RefusedError("x").exit_code == ExitCode.REFUSED
    assert ProvisionError("x", exit_code=ExitCode.INTERRUPTED).exit_code == 130


SIGNS = (
    "\x00\x1b\x7f\x80\x9b\u00ad\u061c\u200b\u200e\u200f\u2028\u202a\u202e\u2066\u2069\ufeff"
    "\ud800\U000e0041"
)


def test_json_controls_neither_terminal_nor_editor(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"name": f"Süd 학교 😀{SIGNS}", SIGNS: [SIGNS]}
    for write in (console.result_json, console.result_line):
        write(data)
        out = capsys.readouterr().out
        assert [sign for sign in out if not (sign.isprintable() or sign == "\n")] == []
        assert "Süd 학교 😀" in out
        assert json.loads(out) == data
