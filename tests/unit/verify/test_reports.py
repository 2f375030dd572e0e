"""The directory of reports, and what is new since the last one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from provision.verify import archive
from provision.verify.evidence import Evidence, NotMeasuredError
from provision.verify.finding import State
from provision.verify.judges import history as judge
from provision.verify.probes import history
from provision.verify.reporting import reports
from provision.verify.reporting.report import as_data
from provision.verify.target import Target
from tests.unit.verify import invented

if TYPE_CHECKING:
    from pathlib import Path

DAY = invented.MOMENT.date()


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    return tmp_path / "inventory.yml"


def test_page_and_data_of_a_day_lie_beside_each_other(
    inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented.judges(monkeypatch)
    report = invented.made()
    page = reports.write(report, "<html>", inventory)
    assert page == inventory.parent / "reports" / "nord" / "2026-11-26.html"
    assert page.read_text() == "<html>"
    data = json.loads(page.with_suffix(".json").read_text())
    assert data.pop("evidence") == {
        "sha256": report.digest,
        "sections": ["http", "tls", "inside"],
        "data": {"http": {"status": 200}, "tls": {}, "inside": {}},
    }
    expected = as_data(report)
    del expected["evidence"]
    assert data == expected
    assert data["date"] == "2026-11-26T07:30:00+00:00"
    assert data["missing"] == {"browser": "It needs a browser: run it again with --browser."}
    assert [entry for entry in data["controls"] if entry["id"] == "TLS-02"] == [
        {
            "id": "TLS-02",
            "severity": "must",
            "state": "failed",
            "findings": [{"state": "failed", "sentence": "seen", "remedy": "mend seen"}],
        }
    ]


def test_another_run_of_the_same_day_takes_its_place_and_compares_with_the_day_before(
    inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented.judges(monkeypatch)
    report = invented.made()
    for days in (9, 1, 0):
        moment = report.moment - timedelta(days=days)
        reports.write(replace(report, moment=moment), "first", inventory)
    assert reports.write(report, "second", inventory).read_text() == "second"
    assert archive.earlier(inventory, "nord", DAY) == DAY - timedelta(days=1)
    day, states = reports.states_before(inventory, "nord", DAY) or (None, {})
    assert (day, states["TLS-02"], len(states)) == (DAY - timedelta(days=1), State.FAILED, 70)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"controls": [{"id": "TLS-01"}]}', "\xff"])
def test_a_report_that_cannot_be_read_is_none(inventory: Path, content: str) -> None:
    folder = archive.directory(inventory, "nord")
    folder.mkdir(parents=True)
    (folder / "2026-11-25.json").write_bytes(content.encode("latin-1"))
    (folder / "notes.json").write_text("{}")
    assert reports.states_before(inventory, "nord", DAY) is None


def test_what_changed_is_told_worst_first(monkeypatch: pytest.MonkeyPatch) -> None:
    invented.judges(monkeypatch)
    before = {"TLS-01": State.FAILED, "TLS-02": State.FULFILLED, "TLS-03": State.NOT_MEASURED}
    changes = invented.made(before=before).changes
    assert [(change.control.id, change.before, change.now) for change in changes] == [
        ("TLS-02", State.FULFILLED, State.FAILED),
        ("TLS-01", State.FAILED, State.FULFILLED),
    ]


def test_the_digest_depends_on_the_evidence_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    invented.judges(monkeypatch)
    report = invented.made()
    later = replace(report, moment=report.moment + timedelta(days=1))
    other = replace(report, evidence=Evidence({"http": {"status": 404}, "tls": {}, "inside": {}}))
    assert report.digest == later.digest != other.digest


@pytest.mark.parametrize(
    ("days", "state"), [(1, State.FULFILLED), (8, State.FULFILLED), (9, State.FAILED)]
)
def test_a_check_every_week_is_regular(inventory: Path, days: int, state: State) -> None:
    folder = archive.directory(inventory, "nord")
    folder.mkdir(parents=True)
    today = date.today()  # noqa: DTZ011 - as the technician's calendar says
    for ago in (0, days, 30):
        (folder / f"{(today - timedelta(days=ago)).isoformat()}.json").write_text("{}")
    found = history.measure(Target("meet.example.org", key="nord", inventory=inventory))
    assert found == {"last": (today - timedelta(days=days)).isoformat(), "days": days}
    assert judge.checked_every_week(Evidence({"history": found})).state is state


def test_the_first_report_cannot_say_whether_checks_are_regular(inventory: Path) -> None:
    with pytest.raises(NotMeasuredError, match="This is the first report"):
        history.measure(Target("meet.example.org", key="nord", inventory=inventory))
