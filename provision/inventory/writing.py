"""Writes into inventory.yml: new schools, and single settings.

What a person wrote there (comments, order, quotes) survives every edit, and nothing is written
that does not read back exactly as intended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.inventory import ansible_names, edits, reading
from provision.inventory.file import Document
from provision.inventory.reading import GROUP
from provision.messages.errors import Problem, RefusedError, SettingsError, UsageError
from provision.messages.i18n import _
from provision.settings import values
from provision.settings.validation import check_value, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def add_school(path: Path, key: str, settings: Mapping[str, Any], header: str = "") -> None:
    """Write a new school into the file, which is created with the header if there is none."""
    add_schools(path, {key: settings}, header)


def add_schools(
    path: Path,
    schools: Mapping[str, Mapping[str, Any]],
    header: str = "",
    shared: Mapping[str, Any] | None = None,
) -> None:
    """Write new schools, and what all share, into the file in one step: all of it, or nothing."""
    document = Document.read(path) if path.exists() else Document.new(path, header)
    for key, settings in schools.items():
        if key in _hosts(document):
            raise RefusedError(
                _("{path} already has the school {key}").format(path=path, key=key),
                _("nothing was changed"),
                _("change its lines in {path}, or choose another short name").format(path=path),
            )
        values.school_key(key)
        _refuse_wrong(path, settings)
    _save(edits.add_hosts(edits.add_shared(document, GROUP, shared or {}), GROUP, schools))


def set_value(path: Path, key: str, name: str, value: Any) -> None:
    """Write one setting of a school."""
    document = Document.read(path)
    if key not in _hosts(document):
        raise UsageError(_("There is no school {name} in {path}").format(name=key, path=path))
    _refuse_wrong(path, {name: value})
    _save(edits.set_value(document, GROUP, key, name, value))


def _refuse_wrong(path: Path, settings: Mapping[str, Any]) -> None:
    """Raise what is wrong with values that are about to be written."""
    problems = []
    for name, value in settings.items():
        if name.startswith(ansible_names.PREFIX):
            continue
        try:
            check_value(name, value)
        except ValueError as error:
            problems.append(Problem(str(error), setting=name, value=shown(value)))
    if problems:
        raise SettingsError(str(path), problems, next=_("nothing was written; correct this first"))


def _save(document: Document) -> None:
    """Write the file unless the edit would leave problems in it."""
    if problems := reading.problems(document):
        raise SettingsError(
            str(document.path), problems, next=_("nothing was written; correct this first")
        )
    document.save()


def _hosts(document: Document) -> Mapping[str, Any]:
    group = document.data.get(GROUP) if isinstance(document.data, dict) else None
    hosts = group.get("hosts") if isinstance(group, dict) else None
    return hosts if isinstance(hosts, dict) else {}
