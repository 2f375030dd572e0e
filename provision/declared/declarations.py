"""What the roles declare in their `provides.yml`, as it stands there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

# Ten times as quick, where PyYAML was built with it; each pass reads these files several times.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def of_role(folder: Path) -> dict[str, Any]:
    """Return what one role declares, {} for one that declares nothing; not to be changed."""
    return _parsed((folder / "provides.yml").read_text(encoding="utf-8"))


def of_all(roles: Path) -> dict[str, dict[str, Any]]:
    """Return what each role declares, by its name and in the order of names."""
    return {path.parent.name: of_role(path.parent) for path in sorted(roles.glob("*/provides.yml"))}


@cache
def _parsed(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(text, _LOADER) or {}  # noqa: S506 - a safe loader, see above
    return found
