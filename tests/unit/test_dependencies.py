"""What the program imports is declared, and nothing else is."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = [Requirement(line) for line in PROJECT["dependencies"]]
OF_THE_SERVER = {"apt", "apt_pkg", "prosody_store"}
"""What is there, of Debian and of our roles, for the parts that run on it."""


def normal(name: str) -> str:
    """Return a distribution's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


class AtRunTime(ast.NodeTransformer):
    """Leaves out what is imported for the type checker alone."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Leave out `if TYPE_CHECKING:`."""
        is_for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if is_for_types else self.generic_visit(node)


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of others that a file imports, by their first name."""
    tree = AtRunTime().visit(ast.parse(path.read_text(encoding="utf-8")))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_what_is_imported_is_declared_and_nothing_else() -> None:
    names = {name for path in (ROOT / "provision").rglob("*.py") for name in imported(path)}
    names -= {*sys.stdlib_module_names, *OF_THE_SERVER, "provision"}
    owners = packages_distributions()
    needed = {normal(owners[name][0]) for name in names}
    assert needed == {normal(requirement.name) for requirement in DECLARED}
