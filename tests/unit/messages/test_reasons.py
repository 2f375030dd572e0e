"""Reasons of the system: one table, in both languages."""

from __future__ import annotations

import errno
import os
import re
import socket
from pathlib import Path

import pytest

from provision.messages import i18n, reasons
from provision.verify.evidence import LONGEST, NotMeasuredError
from provision.verify.finding import failed

PROVISION = Path(reasons.__file__).parents[1]


@pytest.fixture
def _german() -> None:
    i18n.activate("de")


def test_the_table_has_the_systems_own_words() -> None:
    assert {number: os.strerror(number) for number in reasons.REASONS} == reasons.REASONS


@pytest.mark.parametrize(
    ("error", "german"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
         "Die Verbindung wurde abgewiesen"),
        (TimeoutError("timed out"), "Die Wartezeit für die Verbindung ist abgelaufen"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "Keine Berechtigung"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
         "Der Name ist nicht bekannt"),
        (OSError(errno.ENOTEMPTY, "Directory not empty"), "Directory not empty"),
        (ValueError("something"), "something"),
        (EOFError(), "EOFError"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("_german")
def test_a_reason_in_german(error: BaseException, german: str) -> None:
    assert reasons.reason(error) == german


def test_evidence_keeps_english_and_a_report_speaks_its_own_language() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    missing = NotMeasuredError(
        "{host} does not answer: {reason}", host="x", reason=reasons.plain(refused)
    )
    assert str(missing) == "x does not answer: Connection refused"
    i18n.activate("de")
    assert str(missing) == "x antwortet nicht: Die Verbindung wurde abgewiesen"


def test_what_a_server_says_is_cut_and_shows_it() -> None:
    said = str(NotMeasuredError("{host} does not answer: {reason}", host="x", reason="y" * 100_000))
    assert said == f"x does not answer: {'y' * (LONGEST - 2)} …"
    assert failed("z" * 100_000, "").sentence == "z" * 1998 + " …"


def test_every_reason_comes_from_the_table() -> None:
    found = {
        str(path.relative_to(PROVISION))
        for path in PROVISION.rglob("*.py")
        if re.search(r"error\.strerror\b", path.read_text(encoding="utf-8"))
    }
    assert found == set()
