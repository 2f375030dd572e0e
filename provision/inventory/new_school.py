"""Adds a school to inventory.yml, from answers, from `--set`, or from both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from provision.certificates.own_certificate import certificate_problems
from provision.inventory.reading import Inventory, load, taken
from provision.inventory.wizard import Wizard
from provision.inventory.writing import add_school
from provision.messages import console
from provision.messages.errors import Problem, RefusedError, SettingsError, UsageError
from provision.messages.i18n import _
from provision.settings import values as checks
from provision.settings.hosts import ip_version
from provision.settings.table import TABLE
from provision.settings.text import transliterated
from provision.settings.validation import from_text, shown, unknown, validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def add(key: str | None, pairs: Sequence[str], path: Path) -> None:
    """Write a new school into the inventory and say what comes next."""
    inventory = load(path, files=False) if path.exists() else Inventory(path, {})
    given = parse(pairs)
    if key is not None:
        _check_key(key, inventory)
    missing = [
        name
        for name, row in TABLE.items()
        if row.required and name not in given and name not in inventory.shared
    ]
    if missing and console.interactive():
        key, given = Wizard(inventory, given, key, key_from_name).run()
    values = _checked(inventory, given)
    key = key or key_from_name(values["school"])
    _check_key(key, inventory)
    add_school(path, key, {name: values[name] for name in TABLE if name in given}, header())
    console.result(
        _("{school} is in {path} as {key}.").format(school=values["school"], path=path, key=key)
    )
    _say_what_comes_next(key, values)


def _say_what_comes_next(key: str, values: Mapping[str, Any]) -> None:
    """Name the two steps that follow: the name service, then the check."""
    kind = {4: "A", 6: "AAAA"}.get(ip_version(values["address"]), "")
    if kind:
        console.result(
            _("At your registrar, the {kind} record of {domain} must point to {address}.").format(
                kind=kind, domain=values["domain"], address=values["address"]
            )
        )
    console.result(_("Next: provision check {key}").format(key=key))


def parse(pairs: Sequence[str]) -> dict[str, Any]:
    """Return the settings that `--set key=value` gives, checked for their names only."""
    given: dict[str, Any] = {}
    problems = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            sentence = _("Write KEY=VALUE, for instance --set language=de")
            problems.append(Problem(sentence, value=shown(pair)))
        elif name not in TABLE:
            problems.append(unknown(name))
        elif name in given:
            problems.append(Problem(_("It is given twice."), setting=name))
        else:
            given[name] = from_text(name, text.strip())
    if problems:
        raise SettingsError("--set", problems)
    return given


def header() -> str:
    """Return the lines at the top of a new inventory.yml."""
    lines = [
        _("The schools that provision looks after. This is a plain Ansible inventory."),
        _("It holds no secret. What can be set: docs/settings.md, or `provision schema`."),
    ]
    return "".join(f"# {line}\n" for line in lines) + "\n"


def key_from_name(name: str) -> str:
    """Return a short name made from a school's name: Gymnasium Süd becomes gymnasium-sued."""
    ascii_only = transliterated(name).encode("ascii", "ignore").decode("ascii")
    key = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:63].strip("-") or "school"
    return f"school-{key}" if key in checks.RESERVED else key


def _checked(inventory: Inventory, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings of the new school, or raise everything that is wrong with them."""
    base = inventory.path.resolve().parent
    merged = {**inventory.shared, **given}
    school, problems = validate(merged, base)
    port = merged.get("ssh_port", TABLE["ssh_port"].default)
    for name in ("address", "domain"):
        if sentence := taken(inventory, name, given.get(name), port):
            problems.append(Problem(sentence, setting=name, value=shown(given[name])))
    if school:
        problems += certificate_problems(school, base)
    if problems or school is None:
        raise SettingsError(
            "provision new",
            problems,
            next=_("give what is missing and correct the rest with --set KEY=VALUE"),
        )
    return school.model_dump()


def _check_key(key: str, inventory: Inventory) -> None:
    """Refuse a short name that is not one, or is taken."""
    try:
        checks.school_key(key)
    except ValueError as error:
        raise UsageError(
            _("{key} cannot be a short name").format(key=shown(key)), str(error)
        ) from error
    if key in inventory.schools:
        raise RefusedError(
            _("{path} already has the school {key}").format(path=inventory.path, key=key),
            _("nothing was changed"),
            _("change its lines in {path}, or choose another short name").format(
                path=inventory.path
            ),
        )
