"""Edits of inventory.yml that touch the lines concerned and no other.

The text is edited, not written anew: comments, blank lines, quotes and line ends stay exactly as a
person left them. Afterwards the new text must say what was intended, or nothing is changed.
"""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from provision.inventory.file import STRING, Document, Place, ansible_tag, parser, plain
from provision.messages.errors import RefusedError, SettingsError
from provision.messages.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STEP = 2


def add_hosts(document: Document, group: str, schools: Mapping[str, Mapping[str, Any]]) -> Document:
    """Return the file with more schools at the end of the group."""
    return _below(document, group, "hosts", {key: dict(value) for key, value in schools.items()})


def add_shared(document: Document, group: str, values: Mapping[str, Any]) -> Document:
    """Return the file with more settings that hold for all schools of the group."""
    return _below(document, group, "vars", dict(values)) if values else document


def _below(document: Document, group: str, section: str, new: Mapping[str, Any]) -> Document:
    """Return the file with more lines at the end of a section, which is made where it is not."""
    expected = plain(document.data) or {}
    group_data = expected[group] = expected.get(group) or {}
    group_data[section] = (group_data.get(section) or {}) | dict(new)
    added: Mapping[str, Any] = new
    for place in ((group, section), (group,)):
        if place in document.spans:
            return _inserted(document, place, added, expected)
        added = {place[-1]: added}
    end = document.text.count("\n") + (not document.text.endswith("\n") and bool(document.text))
    return _verified(document, _with_lines(document, end, _fragment(added, 0, STEP)), expected)


def set_value(document: Document, group: str, key: str, name: str, value: Any) -> Document:
    """Return the file with another value of one setting."""
    expected = plain(document.data)
    hosts = expected[group]["hosts"]
    hosts[key] = (hosts[key] or {}) | {name: value}
    span = document.spans.get((group, "hosts", key, name))
    if span is None:
        return _inserted(document, (group, "hosts", key), {name: value}, expected)
    node = span[1]
    if isinstance(node, MappingNode) or (isinstance(node, SequenceNode) and not node.flow_style):
        raise _refusal(document)
    text, start, end = document.text, node.start_mark.index, node.end_mark.index
    if start == end:  # nothing stands behind the colon
        start = end = text.index(":", span[0].end_mark.index) + 1
    else:
        start = len(text[:start].rstrip(" "))
    fresh = _fragment({"x": value}, 0, STEP).removeprefix("x:").rstrip("\n")
    return _verified(document, text[:start] + fresh + text[end:], expected)


def _inserted(
    document: Document, place: Place, added: Mapping[str, Any], expected: Any
) -> Document:
    """Return the file with something added at the end of a mapping."""
    key, value = document.spans[place]
    if isinstance(value, MappingNode) and value.value and not value.flow_style:
        column = value.value[0][0].start_mark.column
        line = _last_line(key, value) + 1
    elif isinstance(value, ScalarNode) and not value.value:
        column = key.start_mark.column + _step(document)
        line = key.start_mark.line + 1
    else:
        raise _refusal(document)
    text = _with_lines(document, line, _fragment(added, column, _step(document)))
    return _verified(document, text, expected)


def _with_lines(document: Document, line: int, fragment: str) -> str:
    """Return the text with more lines in front of the given one, counted from zero."""
    newline = "\r\n" if "\r\n" in document.text else "\n"
    text = document.text
    if text and not text.endswith("\n"):
        text += newline
    lines = text.split("\n")
    lines[line:line] = fragment.rstrip("\n").replace("\n", newline).split("\n")
    if newline == "\r\n":
        last = line + fragment.count("\n") - 1
        lines[last] += "\r"
    result = "\n".join(lines)
    return result if result.endswith("\n") else result + newline


def _fragment(data: Mapping[str, Any], column: int, step: int) -> str:
    """Return some settings as lines that begin at a column."""
    stream = io.StringIO()
    writer = parser()
    writer.width = 10_000
    writer.indent(mapping=step)
    writer.dump(_quoted(data), stream)
    return textwrap.indent(stream.getvalue(), " " * column)


def _quoted(value: Any) -> Any:
    """Return the values in quotes wherever Ansible or a person could misread them."""
    if isinstance(value, dict):
        return CommentedMap((_quoted(key), _quoted(item)) for key, item in value.items())
    if isinstance(value, list):
        items = CommentedSeq(_quoted(item) for item in value)
        items.fa.set_flow_style()
        return items
    if isinstance(value, str) and ansible_tag(value) != STRING:
        return DoubleQuotedScalarString(value)
    return value


def _verified(document: Document, text: str, expected: Any) -> Document:
    """Return the edited file, if the edit means what was intended."""
    try:
        edited = Document(document.path, text, document.on_disk)
    except SettingsError as error:
        raise _refusal(document) from error
    if plain(edited.data) != expected:
        raise _refusal(document)
    return edited


def _refusal(document: Document) -> RefusedError:
    return RefusedError(
        _("{path} is written in a way that provision cannot edit").format(path=document.path),
        _("other lines refer to the lines concerned, or they are written in braces"),
        _("change them with an editor; nothing was written"),
    )


def _step(document: Document) -> int:
    """Return by how many spaces the person indents."""
    for key, value in document.spans.values():
        if isinstance(value, MappingNode) and value.value and not value.flow_style:
            below: int = value.value[0][0].start_mark.column - key.start_mark.column
            return below
    return STEP


def _last_line(key: Node, value: Node) -> int:
    """Return the line in which a value ends, without the comments that follow it."""
    ends = [node.end_mark for node in (key, *_leaves(value))]
    lines: list[int] = [mark.line if mark.column else mark.line - 1 for mark in ends]
    return max(lines)


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, ScalarNode) or getattr(node, "flow_style", False):
        yield node
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield from _leaves(value)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _leaves(item)
