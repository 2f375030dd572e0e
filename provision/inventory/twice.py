"""Schools of one inventory.yml that would get into each other's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.errors import Problem
from provision.messages.i18n import _
from provision.settings.validation import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.inventory.file import Document, Place
    from provision.settings.table import School


def same_twice(schools: Mapping[str, School], document: Document, place: Place) -> list[Problem]:
    """Return the schools that would get into each other's way."""
    problems = []
    first: dict[tuple[str, str], str] = {}
    for key, school in schools.items():
        server = f"{school.address} {school.ssh_port}"
        own = (("domain", school.domain), ("address", server), ("turn_domain", school.turn_domain))
        for name, value in own:
            if value is None:
                continue
            other = first.setdefault((name, value), key)
            if other != key:
                sentence = _("{other} in line {line} has the same; each school needs its own.")
                sentence = sentence.format(other=other, line=document.line((*place, other, name)))
                line = document.line((*place, key, name))
                shown_value = shown(getattr(school, name))
                problems.append(Problem(sentence, name, shown_value, key, line))
    return problems
