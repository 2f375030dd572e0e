"""Looks at the certificate that a school brings itself, as its settings name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.errors import Problem, RefusedError
from provision.messages.i18n import _
from provision.messages.result import Result, failures
from provision.settings.validation import file_path, shown

if TYPE_CHECKING:
    from pathlib import Path

    from provision.settings.table import School


def refuse_elsewhere(key: str, named: str | None, inventory: Path) -> None:
    """Raise RefusedError for a secret key that does not belong to this project.

    It goes to the server that `inventory` names; somebody else's file could name a key of this
    user. ``key`` is what the school is called there, ``named`` the key's file.
    """
    folder = inventory.resolve().parent
    if named and not file_path(named, folder).resolve().is_relative_to(folder):
        raise RefusedError(
            _("{key}: the key {file} lies outside the folder of {path}.").format(
                key=key, file=shown(named), path=inventory
            ),
            _("The server that {path} names would receive it, whoever wrote that.").format(
                path=inventory
            ),
            _("copy certificate and key into this folder, and name the copies"),
        )


def results(school: School, base: Path) -> list[Result]:
    """Return what is to be said about the school's own certificate, nothing where it has none."""
    if not (school.certificate_file and school.certificate_key_file):
        return []
    from provision.certificates.pair import check_files  # noqa: PLC0415 - slow, and seldom needed

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
