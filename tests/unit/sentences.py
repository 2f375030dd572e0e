"""Finds every sentence of the program that a person may read."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.ext import extract_from_ast

from provision.cli import COMMANDS, verbs
from provision.paths import PACKAGE, roles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLES = roles()
MARKERS = {"_", "N_", "ngettext"}


def all_messages() -> dict[str, str]:
    """Return each sentence and where it stands first."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if "ansible" in path.relative_to(PACKAGE).parts:
            continue
        for message, line in in_source(path):
            found.setdefault(message, f"{path.relative_to(PACKAGE)}:{line}")
    for path in templates():
        for message, line in in_template(path):
            found.setdefault(message, f"{path.relative_to(ROLES)}:{line}")
    for verb in COMMANDS:
        for message in in_command(verbs.load(verb)):
            found.setdefault(message, f"cli/commands/{verb}.py")
    return found


def in_source(path: Path) -> Iterator[tuple[str, int]]:
    """Yield what the source marks for translation."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKERS:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value, node.lineno


def templates() -> list[Path]:
    """Return every template of the roles, and the pages that they share."""
    folders = [*ROLES.glob("*/templates"), *ROLES.glob("*/pages")]
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def in_template(path: Path) -> Iterator[tuple[str, int]]:
    """Yield what a template of a role marks for translation."""
    parsed = jinja2.Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for line, _function, message in extract_from_ast(parsed, ("_",)):
        if isinstance(message, str):
            yield message, line


def in_command(command: Any) -> Iterator[str]:
    """Yield the help texts of a command and those below it."""
    if command.help:
        yield inspect.cleandoc(command.help)
    for param in command.params:
        if "--help" not in param.opts and getattr(param, "help", None):
            yield param.help
            if param.param_type_name == "argument" or not param.is_flag:
                yield param.metavar or "VALUE"
    for below in getattr(command, "commands", {}).values():
        yield from in_command(below)


def as_po(message: str, translation: str = "") -> str:
    """Return an entry of a .po file."""
    return f"msgid {_quoted(message)}\nmsgstr {_quoted(translation)}\n"


def _quoted(text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    quoted = ['"' + _escaped(line) + '"' for line in lines]
    return quoted[0] if len(quoted) == 1 else "\n".join(['""', *quoted])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
