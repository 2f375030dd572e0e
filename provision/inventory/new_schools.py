"""Adds many schools to inventory.yml from a list: all of them in one step, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provision.certificates.own_certificate import certificate_problems
from provision.inventory import csv_file
from provision.inventory.csv_file import KEY, CsvError, Row
from provision.inventory.new_school import header, key_from_name, parse
from provision.inventory.reading import Inventory, as_written, load, taken
from provision.inventory.writing import add_schools
from provision.messages import console
from provision.messages.errors import ExitCode, Problem
from provision.messages.i18n import _, ngettext
from provision.settings import values as checks
from provision.settings.table import TABLE
from provision.settings.validation import check_value, from_text, shown, validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from provision.settings.table import School


@dataclass
class _Judgement:
    """What is found while a list is read: schools and problems, never only the first one."""

    inventory: Inventory
    common: dict[str, Any]
    """What `--set` says for all rows; a cell says it better."""
    shared: dict[str, Any] = field(default_factory=dict)
    """What of this is written once, for all schools of the file."""
    faulty: set[str] = field(default_factory=set)
    """Common settings with a problem, which is told once and not for every row."""
    schools: dict[str, School] = field(default_factory=dict)
    written: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    there: int = 0
    """How many of the problems are schools that the inventory has already."""
    first: dict[tuple[str, str], int] = field(default_factory=dict)
    """In which row a short name, domain or address stands first."""


def add_list(source: Path, pairs: Sequence[str], path: Path) -> None:
    """Write all schools of a list into the inventory and say what comes next."""
    inventory = load(path, files=False) if path.exists() else Inventory(path, {})
    judgement = _Judgement(inventory, parse(pairs))
    rows, judgement.problems = csv_file.read(source)
    _judge_common(judgement)
    for row in rows:
        _judge(judgement, row)
    if judgement.problems:
        _refuse(judgement, source)
    add_schools(path, judgement.written, header(), judgement.shared)
    _say_what_comes_next(judgement)


def _refuse(judgement: _Judgement, source: Path) -> None:
    """Raise all problems; a list that was added before is not wrong, but refused."""
    error = CsvError(
        str(source),
        judgement.problems,
        next=_("nothing was written; correct the list, then run the same command again"),
    )
    if judgement.there == len(judgement.problems):
        error.exit_code = ExitCode.REFUSED
    raise error


def _judge_common(judgement: _Judgement) -> None:
    """Find what is wrong with what holds for all rows."""
    for name, value in judgement.common.items():
        sentence = ""
        if TABLE[name].setting.one_school_only:
            sentence = _("Two schools cannot share this; give it a column in the list.")
        else:
            try:
                right = judgement.common[name] = check_value(name, value)
            except ValueError as error:
                sentence = str(error)
            else:
                if name not in judgement.inventory.shared and _alters_nobody(judgement, name):
                    judgement.shared[name] = right
        if sentence:
            judgement.faulty.add(name)
            judgement.problems.append(Problem(sentence, name, shown(value), school="--set"))


def _alters_nobody(judgement: _Judgement, name: str) -> bool:
    """Return whether a common value could hold for the whole file as far as its schools go."""
    inventory, value = judgement.inventory, judgement.common[name]
    there = as_written(inventory.path, list(inventory.schools)) if inventory.schools else {}
    return all(
        getattr(school, name) == value or name in there[key]
        for key, school in inventory.schools.items()
    )


def _judge(judgement: _Judgement, row: Row) -> None:
    """Find the school of a row, and what is wrong with it."""
    inventory = judgement.inventory
    base = inventory.path.resolve().parent
    own = {name: from_text(name, text) for name, text in row.cells.items() if name in TABLE}
    said = {**judgement.common, **own}
    merged = {**inventory.shared, **said}
    key = row.cells.get(KEY) or key_from_name(str(merged.get("school", "")))
    known_as = key if KEY in row.cells or "school" in merged else ""
    school, problems = validate(merged, base)
    problems = [
        problem
        for problem in problems
        if problem.setting in own or problem.setting not in judgement.faulty
    ]
    if key in inventory.schools:
        sentence = _("{path} has this school already; take it out of the list, or rename it.")
        problems.append(Problem(sentence.format(path=inventory.path), KEY))
        judgement.there += 1
    else:
        problems += _key_problems(key)
        values = school.model_dump() if school else merged
        problems += _used_before(judgement, row.number, {**values, KEY: key if known_as else None})
    if school:
        problems += certificate_problems(school, base)
    judgement.problems += [
        Problem(item.sentence, item.setting, item.value, known_as, row.number) for item in problems
    ]
    if school:
        judgement.schools[key] = school
        values = school.model_dump()
        once = {**inventory.shared, **judgement.shared}
        judgement.written[key] = {
            name: values[name]
            for name in TABLE
            if name in own or (name in said and once.get(name) != values[name])
        }


def _key_problems(key: str) -> list[Problem]:
    """Return what is wrong with a short name."""
    try:
        checks.school_key(key)
    except ValueError as error:
        return [Problem(str(error), KEY, shown(key))]
    return []


def _used_before(judgement: _Judgement, row: int, values: Mapping[str, Any]) -> list[Problem]:
    """Return what another row, or a school of the inventory, has as well."""
    problems = []
    port = values.get("ssh_port", TABLE["ssh_port"].default)
    for name in (KEY, "address", "domain"):
        value = values.get(name)
        if value is None:
            continue
        place = f"{value} {port}" if name == "address" else str(value)
        first = judgement.first.setdefault((name, place), row)
        if first != row:
            sentence = _("Row {first} has the same; each school needs its own.")
            problems.append(Problem(sentence.format(first=first), name, shown(value)))
        elif name != KEY and (sentence := taken(judgement.inventory, name, value, port)):
            problems.append(Problem(sentence, name, shown(value)))
    return problems


def _say_what_comes_next(judgement: _Judgement) -> None:
    """List what was added, and name the two steps that follow."""
    path, schools = judgement.inventory.path, judgement.schools
    sentence = ngettext(
        "One school was added to {path}.", "{number} schools were added to {path}.", len(schools)
    )
    console.result(sentence.format(number=len(schools), path=path))
    console.table(
        [_("short name"), _("school"), _("domain"), _("address")],
        [[key, item.school, item.domain, item.address] for key, item in schools.items()],
    )
    console.result(
        _("At your registrar, each domain must point to the address beside it (A or AAAA record).")
    )
    everyone = "--all" if len(schools) > 1 and not judgement.inventory.schools else ""
    console.result(_("Next: provision check {key}").format(key=everyone or " ".join(schools)))
