"""What Ansible would read beside inventory.yml: `host_vars` and `group_vars` outweigh that file.

A setting there would count for Ansible and be unknown to the program, so it is refused. Ansible's
own variables, and those of the roles, may stand there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode

from provision.errors import Problem, SettingsError
from provision.i18n import _
from provision.inventory_file import parser
from provision.settings import TABLE

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("group_vars", "host_vars")
ENDINGS = {"", ".yml", ".yaml", ".json"}


def refuse_settings(inventory: Path) -> None:
    """Raise SettingsError where a file beside the inventory holds a setting of a school."""
    for folder in FOLDERS:
        for path in sorted((inventory.parent / folder).rglob("*")):
            if path.suffix in ENDINGS and path.is_file() and (problems := _settings(path)):
                raise SettingsError(
                    str(path),
                    problems,
                    next=_("move it to {path}, then run the same command again").format(
                        path=inventory.name
                    ),
                )


def _settings(path: Path) -> list[Problem]:
    """Return a problem for each setting in a file; what is no YAML is Ansible's to complain of."""
    try:
        root = parser().compose(path.read_text(encoding="utf-8"))
    except (YAMLError, OSError, UnicodeDecodeError):
        return []
    if not isinstance(root, MappingNode):
        return []
    sentence = _("Settings of a school count only in inventory.yml; here Ansible alone sees them.")
    return [
        Problem(sentence, key.value, line=key.start_mark.line + 1)
        for key, _value in root.value
        if key.value in TABLE
    ]
