"""Where the playbooks and roles are: beside the program in the wheel, at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSTALLED = PACKAGE / "ansible" / "playbooks"


def playbooks() -> Path:
    """Return the directory with the playbooks, and `roles` beneath it."""
    return INSTALLED if INSTALLED.is_dir() else PACKAGE.parent / "playbooks"


def roles() -> Path:
    """Return the directory with the roles."""
    return playbooks() / "roles"


def playbook(name: str) -> Path:
    """Return the playbook of a verb, for instance `deploy`."""
    return playbooks() / f"{name}.yml"
