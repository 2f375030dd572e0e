"""The text of inventory.yml: lines for every key, edits that keep comments, safe writing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml as ansible_yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from provision.atomic import write_at_once
from provision.errors import Problem, RefusedError, SettingsError
from provision.i18n import _
from provision.school_settings import shown

if TYPE_CHECKING:
    from pathlib import Path

Place = tuple[Any, ...]
"""The keys that lead to something in the file, for instance ("schools", "hosts", "nord")."""

DEPTH = 4
NEW_FILE_MODE = 0o644
_STRING = "tag:yaml.org,2002:str"
_INTEGER = "tag:yaml.org,2002:int"


class Document:
    """The file as it was read, and as it will be written."""

    def __init__(self, path: Path, text: str, on_disk: bytes | None) -> None:
        self.path = path
        self.text = text
        self.on_disk = on_disk
        self.data: Any = None
        self.problems: list[Problem] = []
        self._lines: dict[Place, int] = {}
        self._spans: dict[Place, tuple[Node, Node]] = {}
        try:
            root = _parser().compose(text)
            self.data = _parser().load(text)
        except YAMLError as error:
            raise SettingsError(
                str(path), [_syntax(error, text)], next=_("correct this line first")
            ) from error
        if root is not None:
            self._walk(root, ())

    @classmethod
    def read(cls, path: Path) -> Document:
        """Return the file, or raise why it cannot be read."""
        try:
            content = path.read_bytes()
            return cls(path, content.decode("utf-8-sig"), content)
        except FileNotFoundError as error:
            raise SettingsError(
                str(path),
                [Problem(_("There is no such file."))],
                next=_("`provision new` writes one"),
            ) from error
        except OSError as error:
            sentence = _("It cannot be read: {reason}.").format(reason=error.strerror)
            raise SettingsError(str(path), [Problem(sentence)]) from error
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            sentence = _("This is not UTF-8 text; save the file as UTF-8 in your editor.")
            raise SettingsError(str(path), [Problem(sentence, line=line)]) from error

    @classmethod
    def new(cls, path: Path, header: str) -> Document:
        """Return a file that does not exist yet."""
        return cls(path, header, None)

    def line(self, place: Place) -> int:
        """Return the line of a key, or of what surrounds it."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def _walk(self, node: Node, place: Place) -> None:
        """Note where every key is, which keys stand twice, and what Ansible would misread."""
        if not isinstance(node, MappingNode) or len(place) >= DEPTH:
            return
        for key, value in node.value:
            here = (*place, key.value)
            line = key.start_mark.line + 1
            if here in self._lines:
                sentence = _("It stands in line {first} and again in line {line}; remove one.")
                sentence = sentence.format(first=self._lines[here], line=line)
                school = here[-2] if len(here) == DEPTH else ""
                self.problems.append(Problem(sentence, here[-1], "", school, line))
                continue
            self._lines[here] = line
            self._spans[here] = (key, value)
            self.problems += [
                Problem(
                    _("Ansible would not read this as text; put it in quotes."),
                    school=here[-2] if len(here) > 1 else "",
                    setting=here[-1],
                    value=scalar.value,
                    line=scalar.start_mark.line + 1,
                )
                for scalar in (key, value)
                if _misread(scalar)
            ]
            self._walk(value, here)

    def add_host(self, group: str, key: str, settings: Mapping[str, Any]) -> None:
        """Append a school to the group."""
        host = CommentedMap((name, quoted(value)) for name, value in settings.items())
        if self.data is None:
            # ruamel would drop a text that consists of comments only
            block = _dump({group: {"hosts": {quoted(key): host}}}, _parser())
            self._change(self.text + block)
            return
        hosts = self.data.setdefault(group, CommentedMap())
        if hosts is None:
            hosts = self.data[group] = CommentedMap()
        if hosts.get("hosts") is None:
            hosts["hosts"] = CommentedMap()
        hosts["hosts"][quoted(key)] = host
        self._change(_dump(self.data, self._writer()))

    def set_value(self, group: str, key: str, name: str, value: Any) -> None:
        """Write one setting of a school."""
        hosts = self.data[group]["hosts"]
        if hosts[key] is None:
            hosts[key] = CommentedMap()
        hosts[key][name] = quoted(value)
        self._change(_dump(self.data, self._writer()))

    def remove_host(self, group: str, key: str) -> None:
        """Take out a school's lines; comments around them stay."""
        node, value = self._spans[(group, "hosts", key)]
        hosts = self._spans[(group, "hosts")][1]
        if getattr(hosts, "flow_style", False) or value.anchor:
            raise RefusedError(
                _("{key} cannot be taken out of {path}").format(key=key, path=self.path),
                _("its lines hang together with those of other schools"),
                _("take them out yourself with an editor"),
            )
        lines = self.text.splitlines(keepends=True)
        del lines[node.start_mark.line : _last_line(node, value) + 1]
        self._change("".join(lines))

    def _change(self, text: str) -> None:
        """Take over a new text, with the line ends of the old one."""
        crlf = "\r\n" in self.text
        text = text.replace("\r\n", "\n")
        changed = Document(self.path, text, self.on_disk)
        changed.text = text.replace("\n", "\r\n") if crlf else text
        self.__dict__.update(changed.__dict__)

    def _writer(self) -> YAML:
        """Return a writer that indents as the person did."""
        writer = _parser()
        writer.explicit_start = bool(re.search(r"^---", self.text, re.MULTILINE))
        mapping = next(
            (
                value.value[0][0].start_mark.column - key.start_mark.column
                for key, value in self._spans.values()
                if isinstance(value, MappingNode) and value.value and not value.flow_style
            ),
            2,
        )
        offset = next(
            (
                value.start_mark.column - key.start_mark.column
                for key, value in self._spans.values()
                if isinstance(value, SequenceNode) and not value.flow_style
            ),
            2,
        )
        writer.indent(mapping=mapping, sequence=offset + 2, offset=offset)
        return writer

    def save(self) -> None:
        """Write the file in one step, unless somebody else changed it since it was read."""
        target = self.path.resolve()
        changed = RefusedError(
            _("{path} was changed by someone else just now").format(path=self.path),
            _("nothing was written"),
            _("run the same command again"),
        )
        try:
            on_disk = target.read_bytes() if target.exists() else None
            if on_disk != self.on_disk:
                raise changed
            mode = NEW_FILE_MODE if on_disk is None else target.stat().st_mode & 0o7777
            write_at_once(target, self.text.encode("utf-8"), mode, new=on_disk is None)
        except FileExistsError as error:
            raise changed from error
        except OSError as error:
            raise RefusedError(
                _("{path} cannot be written").format(path=self.path), str(error.strerror)
            ) from error


def plain(value: Any) -> Any:
    """Return YAML's own types as Python's plain ones."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def quoted(value: Any) -> Any:
    """Return the value in quotes wherever Ansible or a person could take it for something else."""
    if isinstance(value, list):
        return [quoted(item) for item in value]
    if not isinstance(value, str):
        return value
    return value if _ansible_tag(value) == _STRING else DoubleQuotedScalarString(value)


def _ansible_tag(word: str) -> str:
    """Return what Ansible's YAML 1.1 takes a bare word for."""
    resolver = ansible_yaml.resolver.Resolver()
    tag = resolver.resolve(ansible_yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
    return str(tag)


def _misread(node: Node) -> bool:
    """Return whether Ansible, which reads YAML 1.1, takes a bare word for something else."""
    if not isinstance(node, ScalarNode) or node.style is not None:
        return False
    theirs = _ansible_tag(node.value)
    if theirs == _INTEGER:
        return not re.fullmatch(r"0|-?[1-9][0-9]*", node.value)
    return theirs != str(node.tag) and _STRING in {theirs, str(node.tag)}


def _parser() -> YAML:
    parser = YAML()
    parser.preserve_quotes = True
    parser.allow_duplicate_keys = True
    parser.width = 10_000
    return parser


def _dump(data: Any, writer: YAML) -> str:
    stream = io.StringIO()
    writer.dump(data, stream)
    return stream.getvalue()


def _last_line(key: Node, value: Node) -> int:
    """Return the line in which a value ends, without the comments that follow it."""
    return max(mark for node in (key, *_leaves(value)) for mark in [_end(node)])


def _end(node: Node) -> int:
    line, column = node.end_mark.line, node.end_mark.column
    return int(line if column else line - 1)


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


def _syntax(error: YAMLError, text: str) -> Problem:
    """Return what keeps the file from being YAML, in words for people."""
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    number = mark.line if mark else 0
    lines = text.split("\n")
    for nearby in range(max(number - 1, 0), min(number + 1, len(lines))):
        if "\t" in re.match(r"\s*", lines[nearby])[0]:  # type: ignore[index]
            sentence = _("This line begins with a tab; YAML wants spaces.")
            return Problem(sentence, line=nearby + 1)
    reason = (error.problem if isinstance(error, MarkedYAMLError) else "") or str(error)
    sentence = _("This is not YAML: {reason}.").format(reason=reason.strip().rstrip("."))
    value = lines[number].strip() if number < len(lines) else ""
    return Problem(sentence, value=shown(value, quotes=False), line=number + 1)
