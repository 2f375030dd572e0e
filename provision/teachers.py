"""Teachers' accounts: the only ones that may open rooms. Passwords are made here and shown once."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from provision import connect, console, runner
from provision.checks.text import transliterated
from provision.errors import RefusedError, UsageError
from provision.failures import explain
from provision.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from provision.settings import School

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
TEMPORARY = "provision-verify-"
"""How the names of accounts begin that `provision verify` makes for its lesson."""
# Without letters and digits that look alike on paper: 16 of these are worth 79 bits.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


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


def add(inventory: Path, key: str, school: School, names: Sequence[str]) -> dict[str, str]:
    """Make accounts and return their first passwords; raises RefusedError for existing ones."""
    check_names(names)
    made = {name: password() for name in dict.fromkeys(names)}
    result = _change(inventory, key, school, _present(made) | {"teachers_keep_password": True})
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
    return {name: word for name, word in made.items() if name in result["added"]}


def renew(inventory: Path, key: str, school: School, names: Sequence[str]) -> dict[str, str]:
    """Give existing accounts new passwords, end their sessions, and return the passwords."""
    check_names(names)
    _known(accounts(inventory, key, school), names, key)
    made = {name: password() for name in dict.fromkeys(names)}
    _change(inventory, key, school, _present(made))
    return made


def remove(inventory: Path, key: str, school: School, names: Sequence[str]) -> None:
    """Remove accounts with all that the server keeps of them, and end their sessions."""
    check_names(names)
    _known(accounts(inventory, key, school), names, key)
    _change(inventory, key, school, {"teachers_absent": list(names)})


def accounts(inventory: Path, key: str, school: School) -> list[str]:
    """Return the names of the teachers' accounts, sorted."""
    names: list[str] = _change(inventory, key, school, {})["accounts"]
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
    """Run the playbook and return what it says of the accounts."""
    connect.ensure(inventory, {key: school})
    outcome = runner.run("teachers", inventory, {key: school}, variables=variables)[key]
    if outcome.failure:
        raise explain(outcome.failure, school, key)
    return outcome.results["Change teachers' accounts"]
