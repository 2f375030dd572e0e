"""What stands beside inventory.yml: of `host_vars` and `group_vars` the program takes little.

Plain Ansible reads both, and lets them outweigh inventory.yml. A setting there, or a variable that
could run a program, is refused: it would count for Ansible and be unknown to the program. What the
roles let a project set may stand in `group_vars/schools.yml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from provision.inventory import ansible_names
from provision.inventory.file import Document, plain
from provision.messages.errors import Problem, SettingsError
from provision.messages.i18n import _
from provision.settings.table import TABLE
from provision.settings.validation import shown

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("group_vars", "host_vars")
ENDINGS = {"", ".yml", ".yaml", ".json"}
OURS = "group_vars/schools.yml"
"""The one file beside inventory.yml that the program reads."""
MOST_FILES = 1000


def variables(inventory: Path) -> dict[str, Any]:
    """Return what the roles let a project set, and a project has set."""
    path = inventory.parent / OURS
    found = plain(Document.read(path).data) if path.is_file() else None
    names = ansible_names.ALLOWED | ansible_names.ROLES.keys()
    return {name: value for name, value in (found or {}).items() if name in names}


def refuse_settings(inventory: Path) -> None:
    """Raise SettingsError where a file beside the inventory says what it must not."""
    for folder in FOLDERS:
        for path in sorted(islice((inventory.parent / folder).rglob("*"), MOST_FILES)):
            if path.suffix not in ENDINGS or not path.is_file():
                continue
            if problems := _problems(path, ours=path == inventory.parent / OURS):
                raise SettingsError(
                    str(path),
                    problems,
                    next=_("move it to {path}, then run the same command again").format(
                        path=inventory.name
                    ),
                )


def _problems(path: Path, *, ours: bool) -> list[Problem]:
    """Return what is wrong with a file beside the inventory."""
    try:
        document = Document.read(path)
    except SettingsError:
        if ours:
            raise
        return []  # nobody reads it but plain Ansible, whose business it is
    if not isinstance(document.data, Mapping):
        return []
    problems = list(document.problems) if ours else []
    for name, value in plain(document.data).items():
        if sentence := _wrong(str(name), value, ours=ours):
            line = document.line((name,))
            problems.append(Problem(sentence, shown(str(name), quotes=False), line=line))
    return problems


def _wrong(name: str, value: Any, *, ours: bool) -> str:
    """Return what is wrong with a variable beside inventory.yml, or nothing."""
    if name in TABLE:
        return _("Settings of a school count only in inventory.yml; here Ansible alone sees them.")
    if not name.startswith(ansible_names.PREFIX) and name not in ansible_names.ROLES:
        return ""
    if not ours and (name in ansible_names.ALLOWED or name in ansible_names.ROLES):
        return _("It counts only in {path}.").format(path=OURS)
    return ansible_names.wrong(name, value)
