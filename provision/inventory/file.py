"""The text of inventory.yml: where every key stands, what Ansible would misread, safe writing."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml as ansible_yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from provision.common.atomic import write_at_once
from provision.common.bounded_files import UnfitError, read_bytes
from provision.common.yaml_bounds import unbounded
from provision.messages import legible
from provision.messages.errors import Problem, RefusedError, SettingsError
from provision.messages.i18n import _
from provision.messages.reasons import reason
from provision.settings.validation import shown

if TYPE_CHECKING:
    from pathlib import Path

Place = tuple[Any, ...]
"""The keys that lead to something in the file, for instance ("schools", "hosts", "nord")."""

DEPTH = 4
NEW_FILE_MODE = 0o644
_TAG = "tag:yaml.org,2002:"
STRING, _INTEGER = f"{_TAG}str", f"{_TAG}int"


class Document:
    """The file as it was read, and as it will be written."""

    def __init__(self, path: Path, text: str, on_disk: bytes | None) -> None:
        self.path = path
        self.text = text
        self.on_disk = on_disk
        self.problems: list[Problem] = []
        self.spans: dict[Place, tuple[Node, Node]] = {}
        try:
            if problem := unbounded(text):
                raise SettingsError(str(path), [problem], next=_("correct this line first"))
            root = parser().compose(text)
            self.data: Any = parser().load(text)
        except YAMLError as error:
            raise SettingsError(
                str(path), [_syntax(error, text)], next=_("correct this line first")
            ) from error
        except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
            # A date that there is not, a tag with a wrong word behind it, a mapping as a name.
            sentence = _("A value in this file cannot be read: {reason}.").format(
                reason=shown(str(error), quotes=False)
            )
            raise SettingsError(str(path), [Problem(sentence)]) from error
        if root is not None:
            self._walk(root, ())

    @classmethod
    def read(cls, path: Path) -> Document:
        """Return the file, or raise why it cannot be read."""
        try:
            content = read_bytes(path)
            return cls(path, _as_utf8(content), content)
        except UnfitError as error:
            raise SettingsError(str(path), [Problem(str(error))]) from error
        except FileNotFoundError as error:
            raise SettingsError(
                str(path),
                [Problem(_("There is no such file."))],
                next=_("`provision new` writes one"),
            ) from error
        except OSError as error:
            sentence = _("It cannot be read: {reason}.").format(reason=reason(error))
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
        while place and place not in self.spans:
            place = place[:-1]
        return _line(self.spans[place][0]) if place else 1

    def _walk(self, node: Node, place: Place) -> None:
        """Note where every key is, which keys stand twice, and what Ansible would misread."""
        if not isinstance(node, MappingNode) or len(place) >= DEPTH:
            return
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                sentence = _("A name must be a single word, not a list or a mapping.")
                self.problems.append(Problem(sentence, line=_line(key)))
                continue
            here = (*place, key.value)
            school = here[-2] if len(here) == DEPTH else ""
            if here in self.spans:
                sentence = _("It stands in line {first} and again in line {line}; remove one.")
                sentence = sentence.format(first=self.line(here), line=_line(key))
                self.problems.append(Problem(sentence, here[-1], "", school, _line(key)))
                continue
            self.spans[here] = (key, value)
            for scalar in (key, value):
                if sentence := _misread(scalar):
                    problem = Problem(sentence, here[-1], scalar.value, school, _line(scalar))
                    self.problems.append(problem)
            self._walk(value, here)

    def save(self) -> None:
        """Write the file in one step, unless somebody else changed it since it was read."""
        target = self.path.resolve()
        changed = RefusedError(
            _("{path} was changed by someone else just now").format(path=self.path),
            _("nothing was written"),
            _("run the same command again"),
        )
        try:
            on_disk = read_bytes(target) if target.exists() else None
            if on_disk != self.on_disk:
                raise changed
            mode = NEW_FILE_MODE if on_disk is None else target.stat().st_mode & 0o7777
            write_at_once(target, self.text.encode("utf-8"), mode, new=on_disk is None)
        except (FileExistsError, UnfitError) as error:
            raise changed from error
        except OSError as error:
            raise RefusedError(
                _("{path} cannot be written").format(path=self.path), reason(error)
            ) from error


def parser() -> YAML:
    """Return a reader of YAML that forgives what we report ourselves, with its line."""
    yaml = YAML()
    yaml.allow_duplicate_keys = True
    return yaml


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


def ansible_tag(word: str) -> str:
    """Return what Ansible's YAML 1.1 takes a bare word for."""
    resolver = ansible_yaml.resolver.Resolver()
    tag = resolver.resolve(ansible_yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
    return str(tag)


def _as_utf8(content: bytes) -> str:
    """Return the text of a file in UTF-8: in anything else Ansible alone would not read it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnicodeDecodeError("utf-8", content, 0, 1, "UTF-16")
    return legible.text(content)


def _misread(node: Node) -> str:
    """Return how to write a bare word that Ansible, with YAML 1.1, takes for something else."""
    ours = str(node.tag)
    if not isinstance(node, ScalarNode) or node.style is not None or not ours.startswith(_TAG):
        return ""
    theirs = ansible_tag(node.value)
    if ours == theirs == _INTEGER:
        same = bool(re.fullmatch(r"0|-?[1-9][0-9]*", node.value))
    else:
        same = ours == theirs or STRING not in {ours, theirs}
    if same:
        return ""
    return _("Ansible would read this differently; put text in quotes, begin no number with 0.")


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax(error: YAMLError, text: str) -> Problem:
    """Return what keeps the file from being YAML, in words for people."""
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    number = mark.line if mark else 0
    lines = text.split("\n")
    for nearby in range(max(number - 1, 0), min(number + 1, len(lines))):
        if "\t" in re.match(r"\s*", lines[nearby])[0]:  # type: ignore[index]
            sentence = _("This line begins with a tab; YAML wants spaces.")
            return Problem(sentence, line=nearby + 1)
    said = (error.problem if isinstance(error, MarkedYAMLError) else "") or str(error)
    sentence = _("This is not YAML: {reason}.").format(reason=said.strip().rstrip("."))
    value = lines[number].strip() if number < len(lines) else ""
    return Problem(sentence, value=shown(value, quotes=False), line=number + 1)
