"""One module a group of controls, and the register of what they judge; see provision.verify."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, NamedTuple

from provision.verify.evidence import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding


class Part(NamedTuple):
    """One judge of (a part of) a control."""

    section: str
    function: Callable[[Evidence], Finding]
    additional: bool


_parts: dict[str, list[Part]] = {}


def judge(
    control: str, section: str, *, additional: bool = False
) -> Callable[[Callable[[Evidence], Finding]], Callable[[Evidence], Finding]]:
    """Declare a function as the judge of (a part of) a control, by what a section holds.

    A part that is `additional` tells more where it was measured, and is not missed otherwise: the
    browser's view of something that was proven from outside already. The function raises
    NotMeasuredError where the evidence does not suffice; a section that is missing does so itself.
    """
    assert section in SECTIONS, section

    def register(function: Callable[[Evidence], Finding]) -> Callable[[Evidence], Finding]:
        _parts.setdefault(control, []).append(Part(section, function, additional))
        return function

    return register


def parts() -> dict[str, list[Part]]:
    """Return the registered parts of every control that has a judge."""
    for module in pkgutil.iter_modules(__path__, __name__ + "."):
        importlib.import_module(module.name)
    return _parts
