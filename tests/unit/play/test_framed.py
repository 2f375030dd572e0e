"""Answers of a server between marks, whatever comes before, between two readings, and after."""

from __future__ import annotations

import subprocess

import pytest

from provision.access import answers
from provision.play.framed import BEGIN, END, Frame, command

NOISE = b'Hi: {"a": 1}\n{ open\n'
ANSWER = b'\n{"changed": false, "text": "\\u001e"}\n'


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_noise_around_an_answer_is_left_out_however_it_is_cut(size: int) -> None:
    said = NOISE + BEGIN + ANSWER + END + b"goodbye }\n"
    frame, taken = Frame(), b""
    for start in range(0, len(said), size):
        part = frame.take(said[start : start + size])
        assert part or frame.waits
        taken += part
    assert frame.take(b"") == b""
    assert taken.strip() == ANSWER.strip()
    assert taken.replace(b"\n", b"") == ANSWER.replace(b"\n", b"")


def test_what_is_said_instead_of_an_answer_comes_through() -> None:
    frame = Frame()
    assert frame.take(b"Your password has expired.\n") == b"\n"
    assert frame.take(b"") == b"Your password has expired.\n"
    assert frame.take(b"") == b""


def test_an_answer_that_is_cut_off_comes_through_as_far_as_it_came() -> None:
    frame = Frame()
    assert frame.take(BEGIN + b'{"a": 1' + END[:3]) == b'{"a": 1'
    assert frame.take(b"") == END[:3]


@pytest.mark.parametrize("code", [0, 3])
def test_a_shell_runs_the_command_as_it_was(code: int) -> None:
    wanted = f"/bin/sh -c 'read word; echo '\"'\"'it'\"'\"'s $word; exit {code}'"
    done = subprocess.run(
        ["bash", "-c", f"printf 'Hi: '; trap 'echo bye' EXIT\n{command(wanted)}"],
        input=b"here\n", capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (code, b"")
    assert done.stdout == b"Hi: " + BEGIN + b"its here\n" + END + b"bye\n"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Hi: {}\n" + answers.MARK + '{"a": 1}\nbye', {"a": 1}),
        ("Hi: " + answers.MARK + '{"a": 1}\n', None),
        (answers.MARK + '{"a": \n' + answers.MARK + '{"a": 2}', {"a": 2}),
        (answers.MARK + "[" * 100_000, None),
        (answers.MARK + "[1]", None),
        ("", None),
    ],
)
def test_an_answer_is_a_line_behind_its_mark(said: str, found: object) -> None:
    assert answers.find(said) == found
    assert answers.find(said.encode()) == found
