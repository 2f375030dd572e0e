"""Finds every sentence of the program that says what to do about something, by reading its source.

A remedy is made in few ways: as what errors and findings are given in the place of one, as the
second of what happened and what to do in a table, or by a function or under a name that says so.
What is found is the sentence as the source has it, its holes named.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from provision.paths import PACKAGE, playbooks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYWORDS = {"next", "remedy"}
"""What arguments are called that are remedies."""
PLACES = {"failed": 1, "failure": 1, "warning": 1}
"""Functions that are given one without its name, and where; errors take it as the third."""
ERROR = re.compile(r"(\w+Error|Problem)$")
NAMES = re.compile(r"remed|^next$|_next|^(put|take|use)_")
TABLES = {"KINDS", "SSH", "NOT_SERVED", "STEP", "step"}
"""Tables of what happened and what to do: names of the second are not said."""
MARKERS = {"_", "N_", "ngettext"}


@cache
def all_remedies() -> dict[str, str]:
    """Return each remedy and where it stands first."""
    found: dict[str, str] = {}
    for root in (PACKAGE, playbooks() / "roles"):
        for path in sorted(root.rglob("*.py")):
            for sentence, line in in_source(path):
                found.setdefault(sentence, f"{path.relative_to(root)}:{line}")
    return found


def in_source(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the remedies in a source, and their lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _places(tree):
        for sentence in _sentences(node):
            if " " in sentence or "{" in sentence:
                yield sentence, node.lineno


def _places(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions that become a remedy."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (word.value for word in node.keywords if word.arg in KEYWORDS)
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = 2 if ERROR.search(name) and name != "Problem" else PLACES.get(name)
            if place is not None and len(node.args) > place:
                yield node.args[place]
        elif isinstance(node, ast.Assign):
            names = [name for target in node.targets for name in _names(target)]
            if any(NAMES.search(name) for name in names):
                yield node.value
            elif any(name in TABLES for name in names):
                yield from _seconds(node.value)
        elif isinstance(node, ast.FunctionDef) and NAMES.search(node.name):
            yield from (
                one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value
            )


def _names(target: ast.expr) -> Iterator[str]:
    return (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _seconds(table: ast.expr) -> Iterator[ast.expr]:
    """Yield the last of each pair, or of three, in a table."""
    pairs = [one for one in ast.walk(table) if isinstance(one, ast.Tuple) and one.elts]
    for pair in pairs:
        if not any(isinstance(one, ast.Tuple) for one in pair.elts):
            yield pair.elts[-1]


def _sentences(node: ast.expr) -> Iterator[str]:
    """Yield the sentences of which an expression chooses."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield _template(node)
    for one in _choices(node):
        yield from _sentences(one)


def _choices(node: ast.expr) -> list[ast.expr]:
    """Return the expressions that an expression chooses or is made of."""
    match node:
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            return [one, other]
        case ast.BoolOp(values=several) | ast.Tuple(elts=several):
            return several
        case ast.Call(func=ast.Name(id=name), args=given) if name in MARKERS:
            return given[:2]
        case ast.Call(func=ast.Attribute(value=text, attr="format")):
            return [text]
    return []


def _template(node: ast.JoinedStr) -> str:
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}"
        for part in node.values
        if isinstance(part, ast.Constant | ast.FormattedValue)
    )
