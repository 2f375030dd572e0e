"""Reads HOCON, the language of the bridge's and the focus's configuration, as far as they use it.

Tolerant: what it does not understand becomes text, and never ends the reading.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from provision.verify.inside import reading

TOKEN = re.compile(
    r"(?P<space>[ \t\r]+)|(?P<comment>(?:\#|//)[^\n]*)|(?P<newline>\n)"
    r'|(?P<triple>"""(?:.|\n)*?""")|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<reference>\$\{[^}\n]*\})|(?P<mark>\+=|[{}\[\],=:()])"
    r'|(?P<word>(?:(?!//)[^\s{}\[\],=:()\#"$])+)|(?P<other>.)'
)
DEPTH = 5
Tree = dict[str, Any]


def read(text: str, folder: Path = Path("/"), depth: int = 0) -> Tree:
    """Return the tree of a configuration; included files are read from their place."""
    tokens = [
        (match.lastgroup or "", match[0])
        for match in TOKEN.finditer(text)
        if match.lastgroup != "comment"
    ]
    return _Reader(tokens, folder, depth).members(root=True)


def merge(below: Tree, above: Tree) -> Tree:
    """Return both trees as one, in which `above` decides."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = (
            merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return merged


def flat(tree: Tree, before: str = "") -> dict[str, Any]:
    """Return {"a.b.c": value} of a tree; a list stays one value."""
    values: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            values |= flat(value, f"{before}{key}.")
        else:
            values[before + key] = value
    return values


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, tokens: list[tuple[str, str]], folder: Path, depth: int) -> None:
        self.tokens = tokens
        self.folder = folder
        self.depth = depth
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def skip(self, *kinds: str) -> None:
        while self.peek()[0] in kinds or ("," in kinds and self.peek()[1] == ","):
            self.at += 1

    def members(self, *, root: bool = False) -> Tree:
        """Read `key = value` up to the closing brace, or to the end at the root."""
        tree: Tree = {}
        while True:
            self.skip("space", "newline", ",")
            kind, text = self.peek()
            if kind == "end" or (text == "}" and not root):
                self.at += 1
                return tree
            if root and text in "{}":
                self.at += 1
            elif (kind, text) == ("word", "include"):
                tree = merge(tree, self.included())
            elif kind in {"word", "string"}:
                tree = self.member(tree)
            else:
                self.at += 1

    def member(self, tree: Tree) -> Tree:
        path = self.path()
        self.skip("space", "newline")
        text = self.peek()[1]
        if text in {"=", ":", "+="}:
            self.at += 1
        self.skip("space", "newline")
        value = self.value()
        if value is None:
            return tree
        for key in reversed(path):
            value = {key: value}
        return merge(tree, value)

    def path(self) -> list[str]:
        parts = [""]
        while self.peek()[0] in {"word", "string", "space"}:
            kind, text = self.peek()
            self.at += 1
            if kind == "string":
                parts[-1] += text[1:-1]
            elif kind == "word":
                first, *others = text.split(".")
                parts[-1] += first
                parts += others
        return [part for part in parts if part]

    def value(self) -> Any:
        """Read one value; several side by side become one text."""
        parts: list[Any] = []
        while True:
            kind, text = self.peek()
            if kind in {"newline", "end"} or text in {",", "}", "]"}:
                break
            self.at += 1
            if text == "{":
                parts.append(self.members())
            elif text == "[":
                parts.append(self.elements())
            elif kind == "triple":
                parts.append(text[3:-3])
            elif kind == "string":
                parts.append(text[1:-1].replace('\\"', '"').replace("\\\\", "\\"))
            elif kind != "space":
                parts.append(text)
        return _joined(parts)

    def elements(self) -> list[Any]:
        found: list[Any] = []
        while True:
            self.skip("space", "newline", ",")
            kind, text = self.peek()
            if kind == "end" or text == "]":
                self.at += 1
                return found
            before = self.at
            value = self.value()
            if value is not None:
                found.append(value)
            if self.at == before:
                self.at += 1

    def included(self) -> Tree:
        self.at += 1
        name = ""
        while self.peek()[0] not in {"newline", "end"} and self.peek()[1] != "}":
            kind, text = self.peek()
            self.at += 1
            if kind == "string":
                name = text[1:-1]
        path = self.folder / name
        if not name or self.depth >= DEPTH or not path.is_file():
            return {}
        text = reading.text(path)
        return read(text, path.parent, self.depth + 1)


def _joined(parts: list[Any]) -> Any:
    """Return what values side by side mean; nothing for a variable that may be missing."""
    # As ${?NAME}: what stood before stays.
    if not parts or (len(parts) == 1 and str(parts[0]).startswith("${?")):
        return None
    if len(parts) == 1:
        return parts[0]
    trees = [part for part in parts if isinstance(part, dict)]
    if not trees:
        return " ".join(str(part) for part in parts)
    merged: Tree = {}
    for tree in trees:
        merged = merge(merged, tree)
    return merged
