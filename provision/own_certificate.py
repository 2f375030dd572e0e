"""Looks at the certificate that a school brings itself, as its settings name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.checks.result import Result, failures
from provision.errors import Problem
from provision.school_settings import file_path

if TYPE_CHECKING:
    from pathlib import Path

    from provision.settings import School


def results(school: School, base: Path) -> list[Result]:
    """Return what is to be said about the school's own certificate, nothing where it has none."""
    if not (school.certificate_file and school.certificate_key_file):
        return []
    from provision.checks.certificate import check_files  # noqa: PLC0415 - slow, and seldom needed

    return check_files(
        file_path(school.certificate_file, base),
        file_path(school.certificate_key_file, base),
        school.domain,
        turn_domain=school.turn_domain,
    )


def certificate_problems(school: School, base: Path) -> list[Problem]:
    """Return what must be repaired before the certificate can be used."""
    return [
        Problem(f"{result.sentence}\n{result.remedy}", setting="certificate_file")
        for result in failures(results(school, base))
    ]
