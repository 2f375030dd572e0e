"""CAA records (RFC 8659) and whether Let's Encrypt may issue over HTTP (RFC 8657)."""

from __future__ import annotations

import pytest

from provision.check.judges import caa
from provision.check.lookups import Answer, Caa, Name
from provision.messages.result import Level

DIRECTORY = "https://acme-v02.api.letsencrypt.org/directory"
NONE = Answer("none")


def with_records(*records: tuple[str, str], critical: bool = False) -> Name:
    """Return a name with these CAA properties one level above."""
    answer = Answer("found", ("x",), "example.org")
    properties = tuple(Caa(critical, tag, value) for tag, value in records)
    return Name("meet.example.org", NONE, NONE, answer, properties)


@pytest.mark.parametrize(
    ("records", "level"),
    [
        ([("issue", "letsencrypt.org")], Level.OK),
        ([("issue", " LetsEncrypt.org ; accounturi=https://x")], Level.OK),
        ([("issue", "letsencrypt.org; validationmethods=dns-01,http-01")], Level.OK),
        ([("issue", "ca.example"), ("issue", "letsencrypt.org")], Level.OK),
        # Only issuewild and iodef: no restriction for a name that is no wildcard.
        ([("issuewild", ";"), ("iodef", "mailto:it@example.org")], Level.OK),
        ([("issue", ";")], Level.FAILURE),
        ([("issue", "")], Level.FAILURE),
        ([("issue", "ca.example")], Level.FAILURE),
        ([("issue", "letsencrypt.org.evil.example")], Level.FAILURE),
        ([("issue", "letsencrypt.org; validationmethods=dns-01")], Level.FAILURE),
    ],
)
def test_who_may_issue(records: list[tuple[str, str]], level: Level) -> None:
    (found,) = caa.check(with_records(*records), DIRECTORY)
    assert found.level is level
    if level is Level.FAILURE:
        assert found.remedy == (
            "at your registrar, add a record: type CAA, name example.org, flag 0, tag issue, "
            "value letsencrypt.org"
        )


def test_a_critical_record_of_an_unknown_kind_forbids_everything() -> None:
    (found,) = caa.check(with_records(("future", "x"), critical=True), DIRECTORY)
    assert found.level is Level.FAILURE
    (found,) = caa.check(with_records(("future", "x")), DIRECTORY)
    assert found.level is Level.OK


def test_an_authority_of_unknown_name_is_not_guessed() -> None:
    records = with_records(("issue", "ca.example"))
    (found,) = caa.check(records, "https://acme.school.example/dir")
    assert found.level is Level.WARNING
    assert "acme.school.example" in found.sentence
    (found,) = caa.check(records, "https://letsencrypt.org.evil.example/dir")
    assert found.level is Level.WARNING


@pytest.mark.parametrize(
    ("state", "level"),
    [("none", Level.OK), ("unknown", Level.OK), ("broken", Level.FAILURE),
     ("silent", Level.WARNING)],
)  # fmt: skip
def test_without_records(state: str, level: Level) -> None:
    name = Name("meet.example.org", NONE, NONE, Answer(state, (), "example.org"))
    (found,) = caa.check(name, DIRECTORY)
    assert found.level is level
