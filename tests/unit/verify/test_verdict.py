"""From evidence to a state: what was measured, what the school says, what nobody knows."""

from __future__ import annotations

import pytest

from provision.verify import judges
from provision.verify.evidence import Evidence, NotMeasuredError
from provision.verify.finding import Finding, State, failed, fulfilled
from provision.verify.measure import OUTSIDE
from provision.verify.verdict import verdicts

GOOD = fulfilled("good")
BAD = failed("bad", "mend it")


def silent(_evidence: Evidence) -> Finding:
    raise NotMeasuredError("no answer from {host}", host="x")


def state(
    patch: pytest.MonkeyPatch, control: str, *parts: tuple[str, object], **options: object
) -> tuple[State, list[str]]:
    """The state of a control that these parts judge, and the sentences of its findings."""
    known = [
        judges.Part(section.rstrip("+"), how if callable(how) else lambda _e, how=how: how,
                      additional=section.endswith("+"))
        for section, how in parts
    ]  # fmt: skip
    patch.setattr(judges, "parts", lambda: {control: known})
    found = next(v for v in verdicts(Evidence({}), **options) if v.control.id == control)
    return found.state, [finding.sentence for finding in found.findings]


ASKED = "The school has to confirm it in inventory.yml, with a date."


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("http", GOOD)], (State.FULFILLED, ["good"])),
        ([("http", GOOD), ("inside", BAD)], (State.FAILED, ["good", "bad"])),
        ([("http", silent), ("inside", BAD)], (State.FAILED, ["no answer from x", "bad"])),
        ([("http", GOOD), ("inside", silent)], (State.NOT_MEASURED, ["good", "no answer from x"])),
        ([("http", GOOD), ("browser+", silent)], (State.FULFILLED, ["good", "no answer from x"])),
        ([("http", GOOD), ("browser+", BAD)], (State.FAILED, ["good", "bad"])),
        ([("browser+", silent)], (State.NOT_MEASURED, ["no answer from x"])),
        ([], (State.NOT_MEASURED, [])),
    ],
)
def test_parts_of_a_measured_control(
    parts: list[tuple[str, object]],
    expected: tuple[State, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert state(monkeypatch, "TLS-01", *parts) == expected


@pytest.mark.parametrize(
    ("parts", "confirmed", "expected"),
    [
        ([], "", (State.OPEN, [ASKED])),
        ([], "since 2026-03-01", (State.CONFIRMED, ["The school says: since 2026-03-01"])),
        ([("http", GOOD)], "", (State.OPEN, ["good", ASKED])),
        ([("http", BAD)], "2026-03-01", (State.FAILED, ["bad", "The school says: 2026-03-01"])),
        (
            [("http", silent)],
            "2026-03-01",
            (State.NOT_MEASURED, ["no answer from x", "The school says: 2026-03-01"]),
        ),
    ],
)
def test_what_the_school_confirms_does_not_outweigh_what_was_measured(
    parts: list[tuple[str, object]],
    confirmed: str,
    expected: tuple[State, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    confirmations = {"DOC-01": confirmed} if confirmed else {}
    assert state(monkeypatch, "DOC-01", *parts, confirmed=confirmations) == expected


def test_a_provider_is_asked_by_the_school(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "The school has to ask its provider and confirm it in inventory.yml."
    assert state(monkeypatch, "DOC-03") == (State.OPEN, [asked])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("http", GOOD), ("inside", BAD)], (State.FULFILLED, ["good"])),
        ([("inside", GOOD)], (State.NOT_VISIBLE, [])),
        ([("http", silent)], (State.NOT_MEASURED, ["no answer from x"])),
        ([], (State.NOT_VISIBLE, [])),
    ],
)
def test_from_outside_only_what_is_visible_there_counts(
    parts: list[tuple[str, object]],
    expected: tuple[State, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert state(monkeypatch, "TLS-01", *parts, sections=OUTSIDE) == expected
    assert state(monkeypatch, "DOC-01", *parts, sections=OUTSIDE) == expected
