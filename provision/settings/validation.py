"""Validates the settings of one school; usable from an Ansible plugin, so nothing here prints."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from provision.messages.errors import Problem, SettingsError
from provision.messages.i18n import _
from provision.messages.words import closest
from provision.settings.setting import RENAMED
from provision.settings.table import TABLE, School

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

SHOWN_CHARACTERS = 60


def validate(
    values: Mapping[str, Any], base: Path | None = None
) -> tuple[School | None, list[Problem]]:
    """Return the school, or nothing and every problem of its settings.

    With `base`, the directory of inventory.yml, files that are named must exist and be readable.
    """
    problems = [unknown(name) for name in values if name not in TABLE]
    known = {name: value for name, value in values.items() if name in TABLE}
    school = None
    try:
        school = School.model_validate(known)
    except ValidationError as error:
        problems += _translated(error.errors(), known)
    wrong = {problem.setting for problem in problems}
    problems += [problem for problem in _conditions(known) if problem.setting not in wrong]
    if base is not None:
        problems += [
            Problem(sentence, setting=name, value=shown(value))
            for name, value in known.items()
            if TABLE[name].setting.is_file and isinstance(value, str) and name not in wrong
            for sentence in _unreadable(value, base)
        ]
    return (None if problems else school), problems


def validate_host_vars(host_name: str, vars: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002
    """Return all settings of an Ansible host with their defaults, or raise all problems at once.

    Ansible mixes its own variables and those of roles with ours, so other names are passed over;
    the program refuses them when it reads inventory.yml.
    """
    school, problems = validate({name: vars[name] for name in TABLE if name in vars})
    if school is None:
        raise SettingsError(
            host_name, problems, next=_("correct the file, then run the same command again")
        )
    return school.model_dump()


def check_value(name: str, value: Any, base: Path | None = None) -> Any:
    """Return one value in its right form, or raise ValueError with what is wrong with it."""
    field = TABLE[name].field
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(
            Annotated[(field.annotation, *field.metadata)]  # type: ignore[arg-type]
        )
        checked = adapter.validate_python(value)
    except ValidationError as error:
        raise ValueError(_sentence(name, error.errors()[0])) from error
    if base is not None and checked is not None and TABLE[name].setting.is_file:
        for sentence in _unreadable(checked, base):
            raise ValueError(sentence)
    return checked


def file_path(value: str, base: Path) -> Path:
    """Return the file that a setting names, relative to the directory of inventory.yml."""
    return base / Path(value).expanduser()


def unknown(name: object) -> Problem:
    """Return the problem of a name that is no setting, with the one that was probably meant."""
    text = str(name)
    if text in RENAMED:
        sentence = _("This setting is called {right} here.").format(right=RENAMED[text])
    elif near := closest(text, TABLE):
        sentence = _("There is no such setting. Did you mean {right}?").format(right=near)
    else:
        sentence = _("There is no such setting; docs/settings.md lists all of them.")
    return Problem(sentence, setting=shown(text, quotes=False))


def shown(value: object, *, quotes: bool = True) -> str:
    """Return a value as a sentence can hold it: quoted, on one line, not too long."""
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        text = text if quotes else text[1:-1]
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def example(name: str) -> str:
    """Return the sentence that shows a right value."""
    return _("For instance: {example}").format(example=TABLE[name].setting.example)


def from_text(name: str, text: str) -> Any:
    """Return what a person typed in the setting's type and form; checks nothing else."""
    kind = _without_none(TABLE[name].field.annotation)
    if kind is int and re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    if getattr(kind, "__origin__", None) is list:
        return [part for part in re.split(r"[,\s]+", text) if part]
    if getattr(kind, "__origin__", None) is dict:
        pairs = [part.partition(":") for part in text.split(";") if part.strip()]
        return {key.strip(): value.strip() for key, _colon, value in pairs}
    if not text and not TABLE[name].required:
        return TABLE[name].default
    return TABLE[name].setting.as_typed(text)


def _without_none(kind: Any) -> Any:
    """Return the type of a setting that may be empty, or any other as it is."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    (some,) = set(get_args(kind)) - {NoneType}
    return some


def _translated(errors: Iterable[ErrorDetails], values: Mapping[str, Any]) -> list[Problem]:
    """Return pydantic's errors in our words, one per setting."""
    problems: dict[str, Problem] = {}
    for error in errors:
        name = str(error["loc"][0])
        value = shown(values[name]) if values.get(name) is not None else ""
        problems.setdefault(name, Problem(_sentence(name, error), setting=name, value=value))
    return list(problems.values())


def _sentence(name: str, error: ErrorDetails) -> str:
    """Return what is wrong with a value and what a right one looks like."""
    row, value, kind = TABLE[name], error["input"], error["type"]
    if kind == "missing":
        wrong = _("It is missing.")
    elif value is None:
        wrong = _("It is empty.")
    elif kind == "value_error":
        wrong = str(error["ctx"]["error"])
    elif row.choices:
        near = closest(str(value).lower(), row.choices)
        choices = ", ".join(row.choices)
        if near:
            return _("Possible values: {choices}. Did you mean {near}?").format(
                choices=choices, near=near
            )
        return _("Possible values: {choices}.").format(choices=choices)
    elif kind in {"greater_than_equal", "less_than_equal"}:
        limits = {key: item for part in row.field.metadata for key, item in _limits(part)}
        return _("It must be between {ge} and {le}.").format(**limits)
    elif kind.startswith("int"):
        wrong = _("It must be a whole number, without quotes.")
    elif kind == "dict_type":
        wrong = _("It must hold indented lines of the form `name: value`.")
    elif kind == "list_type":
        wrong = _("It must be a list.")
    else:
        wrong = _("It must be text; put it in quotes.")
    return f"{wrong} {example(name)}"


def _limits(part: object) -> list[tuple[str, int]]:
    """Return the limits that an annotation sets."""
    return [(key, getattr(part, key)) for key in ("ge", "le") if hasattr(part, key)]


def _conditions(values: Mapping[str, Any]) -> list[Problem]:
    """Return the settings that are missing or pointless because of another one."""
    problems = []
    for name, row in TABLE.items():
        other = row.setting.differs_from
        if other and values.get(name) and values[name] == values.get(other):
            sentence = _("It must be another name than {other}.").format(other=other)
            problems.append(
                Problem(f"{sentence} {example(name)}", setting=name, value=shown(values[name]))
            )
        if row.setting.needs is None:
            continue
        other, wanted = row.setting.needs
        actual = values.get(other, TABLE[other].default)
        if actual == wanted and not values.get(name):
            sentence = _("It is needed, because {other} is {wanted}.").format(
                other=other, wanted=wanted
            )
            problems.append(Problem(f"{sentence} {example(name)}", setting=name))
        elif actual != wanted and values.get(name):
            sentence = _("It only counts with {other}: {wanted}. Change one of them.").format(
                other=other, wanted=wanted
            )
            problems.append(Problem(sentence, setting=name, value=shown(values[name])))
    return problems


def _unreadable(value: str, base: Path) -> list[str]:
    """Return why a file cannot be read, or nothing."""
    path = file_path(value, base)
    if not path.exists():
        return [_("There is no file {path}.").format(path=path)]
    if not path.is_file():
        return [_("{path} is not a file.").format(path=path)]
    if not os.access(path, os.R_OK):
        return [_("You may not read {path}.").format(path=path)]
    return []
