"""requirements.lock: every package of an installation, once for each Python, with its hashes.

script/environment installs from it, so each run of the tests is one, too.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED = [
    Requirement(line)
    for line in (*PYPROJECT["project"]["dependencies"], *PYPROJECT["build-system"]["requires"])
]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRY = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)(?: ; (?P<marker>[^\\]+))? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)(?:    # [^\n]*\n)*"
)
PYTHONS = ["3.11", "3.13", "3.14"]


def name_of(requirement: Requirement) -> str:
    """Return a distribution's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", requirement.name).lower()


def locked(python: str) -> dict[str, Version]:
    """Return what is installed with a Python on Debian."""
    environment = {
        "python_version": python, "python_full_version": f"{python}.2", "sys_platform": "linux",
        "implementation_name": "cpython", "platform_python_implementation": "CPython",
    }  # fmt: skip
    return {
        entry["name"]: Version(entry["version"])
        for entry in ENTRY.finditer(LOCK)
        if not entry["marker"] or Marker(entry["marker"]).evaluate(environment)
    }


def test_it_holds_nothing_but_versions_with_hashes() -> None:
    lines = "".join(line for line in LOCK.splitlines(keepends=True) if not line.startswith("#"))
    assert ENTRY.sub("", lines) == ""


@pytest.mark.parametrize("python", PYTHONS)
def test_what_is_declared_is_there_within_its_bounds(python: str) -> None:
    there = locked(python)
    outside = {
        str(requirement): there.get(name_of(requirement))
        for requirement in DECLARED
        if there.get(name_of(requirement)) not in requirement.specifier
    }
    assert outside == {}


def test_every_dependency_has_an_upper_bound() -> None:
    def ends(bounds: SpecifierSet) -> bool:
        return any(bound.operator in {"<", "<=", "==", "~="} for bound in bounds)

    assert [str(one) for one in DECLARED if not ends(one.specifier)] == []


@pytest.mark.parametrize("readme", ["README.md", "README.de.md"])
def test_readers_are_told_to_install_with_hashes(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    there = "~/.local/share/jitsi-provision"
    assert (
        f"python3 -m venv {there}\n"
        f"{there}/bin/pip install --require-hashes -r jitsi-provision/requirements.lock\n"
        f"{there}/bin/pip install --no-deps --no-build-isolation ./jitsi-provision\n"
        f"ln -s {there}/bin/provision ~/.local/bin/\n"
    ) in text
