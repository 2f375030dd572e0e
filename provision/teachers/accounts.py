"""Teachers' accounts: the only ones that may open rooms. Passwords are made here and shown once."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provision.access import connect
from provision.access.unreachable import never_inside
from provision.declared.phases import Task
from provision.messages import console
from provision.messages.errors import ProvisionError, RefusedError, UsageError
from provision.messages.i18n import _
from provision.play import runner
from provision.play.failures import explain
from provision.settings.text import transliterated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from provision.settings.table import School

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
NOTHING: dict[str, Any] = {"added": [], "updated": [], "removed": []}
TEMPORARY = "provision-verify-"
"""How the names of accounts begin that `provision verify` makes for its lesson."""
# Without letters and digits that look alike on paper: 16 of these are worth 79 bits.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass
class Passwords:
    """New passwords by name. None is ever lost, whatever came in between."""

    passwords: dict[str, str]
    """Those that are in force."""
    unsure: dict[str, str] = field(default_factory=dict)
    """Those of which nobody here knows."""
    stopped: BaseException | None = None
    """Why not all is done."""


@dataclass
class Removed:
    """Whose accounts were removed, and why not all were."""

    names: list[str]
    stopped: ProvisionError | None = None


class _StoppedError(Exception):
    """Something came in between: `reported` is what the server said of that, if it did."""

    def __init__(self, error: BaseException, reported: dict[str, Any] | None) -> None:
        super().__init__()
        self.error, self.reported = error, reported


def password() -> str:
    """Return a new password in four groups, easy to copy from paper."""
    return "-".join("".join(secrets.choice(LETTERS) for _n in range(4)) for _group in range(4))


def check_names(names: Sequence[str]) -> None:
    """Raise UsageError where a name cannot be an account's."""
    for name in names:
        if name.startswith(TEMPORARY):
            raise UsageError(
                _("{name} cannot be a teacher's account").format(name=name),
                _("Such names belong to `provision verify`, which removes these accounts."),
            )
        if NAME.fullmatch(name):
            continue
        plain = transliterated(name.partition("@")[0])
        # A letter of another alphabet would be lost, and the name be another one.
        lost = any(
            not sign.isascii() and (sign.isalpha() or not sign.isprintable()) for sign in plain
        )
        simple = "" if lost else re.sub(r"[^a-z0-9._-]+", ".", plain).strip("._-")
        raise UsageError(
            _("{name} cannot be a teacher's account").format(name=name),
            _("A name has small letters, digits, dots, hyphens and underscores."),
            _("did you mean {near}?").format(near=simple) if NAME.fullmatch(simple) else "",
        )


def add(inventory: Path, key: str, school: School, names: Sequence[str]) -> Passwords:
    """Make accounts and return their first passwords; raises RefusedError for existing ones."""
    check_names(names)
    made = {name: password() for name in dict.fromkeys(names)}
    wanted = _present(made) | {"teachers_keep_password": True}
    try:
        result = _change(inventory, key, school, wanted)
    except _StoppedError as stop:
        return _kept(made, stop, "added")
    there = [name for name in made if name not in result["added"]]
    if there and len(there) == len(made):
        raise RefusedError(
            _("{names}: there is such an account already").format(names=", ".join(there)),
            _("Its password was not changed."),
            f"provision teachers password {key} {' '.join(there)}",
        )
    if there:
        console.warning(
            _("{names}: there already, not changed").format(names=", ".join(there)), indent=2
        )
    return Passwords({name: word for name, word in made.items() if name in result["added"]})


def renew(inventory: Path, key: str, school: School, names: Sequence[str]) -> Passwords:
    """Give existing accounts new passwords, end their sessions, and return the passwords."""
    check_names(names)
    _known(accounts(inventory, key, school), names, key)
    made = {name: password() for name in dict.fromkeys(names)}
    try:
        _change(inventory, key, school, _present(made))
    except _StoppedError as stop:
        return _kept(made, stop, "updated")
    return Passwords(made)


def _kept(made: dict[str, str], stop: _StoppedError, verb: str) -> Passwords:
    """Return what is in force of new passwords, as far as it is known."""
    if stop.reported is None:
        return Passwords({}, made, stop.error)
    done = {name: word for name, word in made.items() if name in stop.reported[verb]}
    return Passwords(done, {}, stop.error)


def remove(inventory: Path, key: str, school: School, names: Sequence[str]) -> Removed:
    """Remove accounts with all that the server keeps of them, and end their sessions."""
    check_names(names)
    _known(accounts(inventory, key, school), names, key)
    try:
        result = _change(inventory, key, school, {"teachers_absent": list(names)})
    except _StoppedError as stop:
        if not isinstance(stop.error, ProvisionError):
            raise stop.error from None
        return Removed((stop.reported or {}).get("removed", []), stop.error)
    return Removed(result["removed"])


def accounts(inventory: Path, key: str, school: School) -> list[str]:
    """Return the names of the teachers' accounts, sorted."""
    try:
        names: list[str] = _change(inventory, key, school, {})["accounts"]
    except _StoppedError as stop:
        raise stop.error from None
    return names


def _known(there: Sequence[str], names: Sequence[str], key: str) -> None:
    """Raise UsageError for names without an account."""
    if missing := [name for name in names if name not in there]:
        raise UsageError(
            _("{names}: there is no such account").format(names=", ".join(missing)),
            next=f"provision teachers list {key}",
        )


def _present(passwords: dict[str, str]) -> dict[str, Any]:
    return {
        "teachers_present": [
            {"user": name, "password": secret} for name, secret in passwords.items()
        ]
    }


def _change(inventory: Path, key: str, school: School, variables: dict[str, Any]) -> dict[str, Any]:
    """Run the playbook and return what it says of the accounts; raises _StoppedError.

    Whoever stops it before the server was asked to change anything, stops the program.
    """
    connect.ensure(inventory, {key: school})
    phases: list[str] = []
    try:
        outcome = runner.run(
            "teachers",
            inventory,
            {key: school},
            observe=lambda _school, phase: phases.append(phase),
            variables=variables,
        )[key]
    except KeyboardInterrupt as interrupt:
        raise _StoppedError(interrupt, None if len(phases) > 1 else NOTHING) from interrupt
    if outcome.failure is None:
        return outcome.results[Task.TEACHERS]
    reported = outcome.failure if "updated" in outcome.failure else None
    if Task.SETTINGS not in outcome.results or never_inside(outcome.failure):
        reported = NOTHING
    raise _StoppedError(explain(outcome.failure, school, key), reported)
