"""What Ansible is given to read: an inventory of our own, in memory alone.

The person's file is never shown to Ansible: it would take templates in it for orders, obey some two
hundred variables, and read folders beside it. It gets the checked settings instead, each marked as
mere data, with what may be a secret among them; nothing of it is ever on a disk.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from provision.settings.table import School

DIRECTORY = "provision_directory"
"""The variable that tells the roles where inventory.yml, known_hosts and certificates are."""


def text(
    directory: Path,
    schools: Mapping[str, School],
    own: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, Any],
) -> str:
    """Return an inventory: settings, Ansible's own variables of each school, those of the run."""
    hosts = {
        key: school.model_dump()
        | dict(own.get(key, {}))
        | dict(variables)
        | {DIRECTORY: str(directory.resolve()), "ansible_connection": "ssh"}
        for key, school in schools.items()
    }
    return _marked({"schools": {"hosts": hosts}})


def _marked(value: Any) -> str:
    """Return a value as YAML in which no text is a template."""
    if isinstance(value, str):
        return f"!unsafe {_quoted(value)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(k)}: {_marked(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_marked, value)) + "]"
    return json.dumps(value)


def _quoted(value: str) -> str:
    # YAML knows JSON's escapes, but no pairs of them for one sign.
    return '"' + "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in '"\\'
        else f"\\U{ord(sign):08x}" for sign in value
    ) + '"'  # fmt: skip
