"""Reads and checks inventory.yml: a plain Ansible inventory with the group `schools`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from provision.certificates.own_certificate import refuse_elsewhere
from provision.inventory import ansible_names, beside
from provision.inventory.file import Document, Place, plain
from provision.inventory.twice import same_twice
from provision.messages.errors import Problem, RefusedError, SettingsError, UsageError
from provision.messages.i18n import _
from provision.messages.words import closest
from provision.settings import values as checks
from provision.settings.table import TABLE, School
from provision.settings.validation import check_value, shown, unknown, validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GROUP = "schools"
HOSTS = (GROUP, "hosts")
SECTIONS = ("vars", "hosts")
ANSIBLE_PREFIX = ansible_names.PREFIX
_QUOTES = "'\"\\$"


@dataclass(frozen=True)
class Inventory:
    """A file without problems, and the schools in it by their short names."""

    path: Path
    schools: Mapping[str, School]
    shared: Mapping[str, Any] = field(default_factory=dict)
    """What `vars` says for all schools."""


@dataclass
class _Reading:
    """What is found while a file is checked: schools and problems, never only the first one."""

    schools: dict[str, School] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    """Shared settings with a problem, which is told once and not for every school."""
    problems: list[Problem] = field(default_factory=list)


def load(path: Path, *, files: bool = True) -> Inventory:
    """Return the schools of inventory.yml, or raise all problems of it, or of a file beside it.

    With `files`, certificate files that are named there must be readable.
    """
    _refuse_folder(path)
    document = Document.read(path)
    reading = _check(document, path.parent if files else None)
    if reading.problems:
        raise SettingsError(
            str(path),
            reading.problems,
            next=_("correct the file, then run the same command again"),
        )
    beside.refuse_settings(path)
    for key, school in reading.schools.items():
        refuse_elsewhere(key, school.certificate_key_file, path)
    return Inventory(path, reading.schools, reading.shared)


def _refuse_folder(path: Path) -> None:
    """Raise RefusedError for a folder whose name would be more than a name to ssh."""
    folder = str(path.resolve().parent)
    if any(sign in folder for sign in _QUOTES) or not folder.isprintable():
        raise RefusedError(
            _("The folder of {path} has a name that ssh would take for more.").format(path=path),
            _("Its path contains a quotation mark, a backslash, a $ or an invisible character."),
            _("move the project to another folder, then run this again"),
        )


def select(inventory: Inventory, names: Sequence[str], *, everyone: bool = False) -> list[str]:
    """Return the schools a command is meant for: those named, all, or the only one there is."""
    known = list(inventory.schools)
    if not known:
        raise UsageError(
            _("{path} has no school yet").format(path=inventory.path), next="provision new"
        )
    for name in names:
        if name not in inventory.schools:
            near = closest(name, known)
            raise UsageError(
                _("There is no school {name} in {path}").format(
                    name=shown(name), path=inventory.path
                ),
                "" if near else _("these are there: {known}").format(known=", ".join(known)),
                _("did you mean {near}?").format(near=near) if near else "",
            )
    if names and everyone:
        raise UsageError(_("Name schools or write --all, not both"))
    if names:
        return list(dict.fromkeys(names))
    if everyone or len(known) == 1:
        return known
    raise UsageError(
        _("Which school?"),
        _("{path} has several: {known}").format(path=inventory.path, known=", ".join(known)),
        _("name one or more of them, or write --all"),
    )


def chosen(path: Path, names: Sequence[str], *, everyone: bool = False) -> dict[str, School]:
    """Return the schools of a file that a command is meant for; see `load` and `select`."""
    inventory = load(path)
    return {key: inventory.schools[key] for key in select(inventory, names, everyone=everyone)}


def taken(inventory: Inventory, name: str, value: Any, port: int) -> str:
    """Return why a domain or address cannot be used a second time, or nothing."""
    for key, school in inventory.schools.items():
        same_server = name == "address" and (school.address, school.ssh_port) == (value, port)
        if same_server or (name == "domain" and school.domain == value):
            return _("{key} has the same; each school needs its own.").format(key=key)
    return ""


def variable(path: Path, key: str, name: str) -> Any:
    """Return what the file says of a school, or for all, in one of Ansible's own variables."""
    return ansible_variables(path, [key])[key].get(name, "")


def as_written(path: Path, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what the file says of each school, for itself or for all, as it stands there."""
    group = plain(Document.read(path).data)[GROUP]
    shared = beside.variables(path) | (group.get("vars") or {})
    return {key: {**shared, **(group["hosts"][key] or {})} for key in keys}


def ansible_variables(path: Path, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return Ansible's own variables that the file has for each school, all of them allowed."""
    names = ansible_names.ALLOWED | ansible_names.ROLES.keys()
    return {
        key: {name: value for name, value in values.items() if name in names}
        for key, values in as_written(path, keys).items()
    }


def problems(document: Document) -> list[Problem]:
    """Return everything that is wrong with a file, without a look at those that it names."""
    return _check(document, base=None).problems


def _check(document: Document, base: Path | None) -> _Reading:
    """Return everything that a file says, and everything that is wrong with it."""
    reading = _Reading()
    reading.problems += document.problems
    group = _section(reading, document, document.data, (), (GROUP,)).get(GROUP)
    sections = _section(reading, document, group, (GROUP,), SECTIONS)
    shared = reading.shared = _shared(reading, document, sections.get("vars"))
    for key in _section(reading, document, sections.get("hosts"), (GROUP, "hosts"), None):
        _school(reading, document, key, shared, base)
    reading.problems += same_twice(reading.schools, document, HOSTS)
    return reading


def _section(
    reading: _Reading,
    document: Document,
    data: object,
    place: Place,
    allowed: Sequence[str] | None,
) -> Mapping[str, Any]:
    """Return a part of the file as a mapping; anything else there becomes a problem."""
    if data is None:
        return {}
    line = document.line(place)
    if not isinstance(data, dict):
        name = place[-1] if place else _("The file")
        sentence = _("{name} must hold indented lines of the form `name: value`.")
        reading.problems.append(Problem(sentence.format(name=name), line=line))
        return {}
    for name in data if allowed else ():
        if allowed and name not in allowed:
            sentence = _("{name} does not belong here; possible here: {allowed}.")
            sentence = sentence.format(name=shown(name), allowed=", ".join(allowed))
            reading.problems.append(Problem(sentence, line=document.line((*place, name))))
    return data


def _shared(reading: _Reading, document: Document, data: object) -> dict[str, Any]:
    """Return the settings that hold for all schools, those with problems left out."""
    place = (GROUP, "vars")
    section = _section(reading, document, data, place, None)
    _refuse_ansible(reading, document, section, place)
    shared = _ours(section)
    for name, value in list(shared.items()):
        problem = None
        if name not in TABLE:
            problem = unknown(name)
        elif TABLE[name].setting.one_school_only:
            problem = Problem(
                _("Two schools cannot share this; write it below each school."), setting=name
            )
        else:
            try:
                check_value(name, value)
            except ValueError as error:
                problem = Problem(str(error), setting=name, value=shown(value))
        if problem:
            reading.faulty.add(name)
            line = document.line((*place, name))
            reading.problems.append(replace(problem, school="vars", line=line))
    return shared


def _school(
    reading: _Reading, document: Document, key: Any, shared: Mapping[str, Any], base: Path | None
) -> None:
    """Check one school, with what it shares with the others."""
    place = (GROUP, "hosts", str(key))
    try:
        checks.school_key(key)
    except ValueError as error:
        problem = Problem(str(error), value=shown(key), line=document.line(place))
        reading.problems.append(problem)
    data = document.data[GROUP]["hosts"][key]
    section = _section(reading, document, data, place, None)
    _refuse_ansible(reading, document, section, place)
    own = _ours(section)
    if data is not None and not isinstance(data, dict):
        return
    school, problems = validate({**shared, **own}, base)
    for problem in problems:
        if problem.setting in own or problem.setting not in reading.faulty:
            line = document.line((*place, problem.setting))
            reading.problems.append(replace(problem, school=str(key), line=line))
    if school:
        reading.schools[key] = school


def _refuse_ansible(
    reading: _Reading, document: Document, variables: Mapping[str, Any], place: Place
) -> None:
    """Find what is wrong with Ansible's own variables, which could run a program here."""
    school = "vars" if place[-1] == "vars" else str(place[-1])
    for name, value in variables.items():
        if not str(name).startswith(ANSIBLE_PREFIX):
            continue
        if sentence := ansible_names.wrong(str(name), plain(value)):
            line = document.line((*place, name))
            given = "" if ansible_names.is_secret(str(name)) else shown(plain(value))
            problem = Problem(sentence, shown(str(name), quotes=False), given, school, line)
            reading.problems.append(problem)


def _ours(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what concerns us; Ansible's own variables are not settings."""
    return {
        name: plain(value)
        for name, value in variables.items()
        if not str(name).startswith(ANSIBLE_PREFIX)
    }
