"""The ports on which Jitsi's services listen: each is declared by the role that brings its service.

`ports` in `roles/<role>/provides.yml` is a list of {name, protocol, number}, with `local: true` for
a port to which nobody comes from outside, and `only_with` for one that a setting brings. Whoever
else needs a number (the firewall, other roles' templates, `provision check`) has it from here by
its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from provision import paths
from provision.declared import declarations
from provision.messages.errors import BugError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Port:
    """One port that Jitsi needs."""

    role: str
    unit: str
    """The service that listens. Not its program: many a one is called java."""
    name: str
    protocol: str
    """tcp or udp."""
    number: int
    local: bool = False
    """True for a port on loopback, which the firewall keeps closed."""
    only_with: str = ""
    """The setting without which nobody listens there."""

    @property
    def key(self) -> tuple[str, int]:
        """What no two services can share."""
        return self.protocol, self.number

    def __str__(self) -> str:
        """Return how people write a port."""
        return f"{self.number}/{self.protocol}"


def declared(roles: Path) -> dict[str, Port]:
    """Return all ports of all roles by their names; raises BugError for a wrong declaration."""
    found: dict[str, Port] = {}
    for role, provides in declarations.of_all(roles).items():
        for entry in provides.get("ports") or []:
            port = _port(role, list(provides.get("units") or ()), entry)
            if port.name in found or port.key in {one.key for one in found.values()}:
                raise BugError(f"{role}: the port {port.name} ({port}) is declared twice")
            found[port.name] = port
    return found


def _port(role: str, units: list[str], entry: dict[str, Any]) -> Port:
    try:
        (unit,) = units
        return Port(role, unit, **entry)
    except ValueError as error:
        raise BugError(f"{role}: whose ports are they? It declares {len(units)} units") from error
    except TypeError as error:
        raise BugError(f"{role}: an entry under `ports` of provides.yml: {error}") from error


@cache
def ours() -> dict[str, Port]:
    """Return all ports that this program's own roles declare, by their names."""
    return declared(paths.roles())


def outside() -> list[Port]:
    """Return those that people's browsers and the certificate authority reach, by number."""
    return sorted((p for p in ours().values() if not p.local), key=lambda port: port.number)


def needed(settings: Mapping[str, Any]) -> dict[tuple[str, int], Port]:
    """Return by protocol and number those that a school with these settings needs."""
    return {p.key: p for p in ours().values() if not p.only_with or settings[p.only_with]}


def at(protocol: str, number: int) -> Port | None:
    """Return the port of this number, whether or not a school's settings bring it."""
    return next((port for port in ours().values() if port.key == (protocol, number)), None)
