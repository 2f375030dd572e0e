"""Invented servers, verdicts and reports, for tests that need no host."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from provision.settings.table import School
from provision.verify.evidence import Evidence, NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import Part
from provision.verify.reporting import report
from provision.verify.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from provision.verify.finding import Finding, State
    from provision.verify.reporting.report import Report

MOMENT = datetime(2026, 11, 26, 7, 30, tzinfo=UTC)
LAST = date(2026, 11, 19)
HOSTILE = '"><script>alert(1)</script><img src="https://evil.example/x">'
"""What a server says that wants to run in the reader's browser."""


def target(**settings: Any) -> Target:
    """A school's server."""
    values = {
        "address": "203.0.113.10",
        "domain": "meet.nord.example.org",
        "school": "Gymnasium Nord & Söhne",
        "contact": "it@nord.example.org",
        "language": "en",
    }
    school = School.model_validate(values | settings)
    return Target(school.domain, school.address, key="nord", school=school)


def judges(patch: pytest.MonkeyPatch, text: str = "seen") -> None:
    """Replace all judges by three: TLS-01 fulfilled, TLS-02 failed, TLS-03 in the browser."""

    def of_browser(evidence: Evidence) -> Finding:
        return fulfilled(str(evidence["browser"]))

    known = {
        "TLS-01": [Part("http", lambda _evidence: fulfilled(text), additional=False)],
        "TLS-02": [Part("tls", lambda _evidence: failed(text, f"mend {text}"), additional=False)],
        "TLS-03": [Part("browser", of_browser, additional=False)],
        "STA-03": [Part("inside", lambda _evidence: fulfilled(text), additional=False)],
    }
    patch.setattr("provision.verify.judges.parts", lambda: known)


def made(before: Mapping[str, State] | None = None, **settings: Any) -> Report:
    """A report on what these judges say."""
    evidence = Evidence(
        {"http": {"status": 200}, "tls": {}, "inside": {}},
        {"browser": NotMeasuredError("It needs a browser: run it again with --browser.")},
    )
    earlier = (LAST, before) if before is not None else None
    return report.make(target(**settings), evidence, MOMENT, before=earlier)
