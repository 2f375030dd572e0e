"""How a mutation is declared: the controls that must fail, and the change that breaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Change = Callable[[dict[str, dict[str, Any]]], None]


class Mutation(NamedTuple):
    """One way to break a server, seen in its evidence."""

    change: Change
    """Changes the data of the sections in place."""
    fails: frozenset[str]
    """Exactly these controls fail afterwards."""


MUTATIONS: dict[str, Mutation] = {}
"""Every mutation by the section and the name of its function."""
DARKENINGS: dict[str, Mutation] = {}
"""The same of what only hides something: exactly these controls are not measured any more."""


def breaks(*controls: str) -> Callable[[Change], Change]:
    """Declare a function of mutations/<section>.py: it makes exactly these controls fail."""
    return _declare(MUTATIONS, controls)


def hides(*controls: str) -> Callable[[Change], Change]:
    """Declare a function of mutations/<section>.py: of these controls nobody knows any more."""
    return _declare(DARKENINGS, controls)


def _declare(kind: dict[str, Mutation], controls: Collection[str]) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        section = change.__module__.rpartition(".")[2]
        kind[f"{section}: {change.__name__}"] = Mutation(change, frozenset(controls))
        return change

    return register


def parts(evidence: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What was seen on the server, by part."""
    found: dict[str, Any] = evidence["inside"]["parts"]
    return found


def hosts(evidence: dict[str, dict[str, Any]], start: str) -> list[dict[str, Any]]:
    """Prosody's hosts whose name begins so; an empty start means those of people."""
    every: dict[str, dict[str, Any]] = parts(evidence)["prosody"]["hosts"]
    return [host for name, host in every.items() if name.startswith(start)]
