"""Everything that one thorough look at a server shows; apart from it, nothing is needed here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from provision.check.judges import clock, in_force, machine, packages, protection, server, sources
from provision.messages.i18n import _
from provision.messages.result import Level, Result, failure, ok

if TYPE_CHECKING:
    from collections.abc import Mapping


def on_server(settings: Mapping[str, Any], seen: dict[str, Any]) -> dict[str, list[Result]]:
    """Return what the server itself shows; `seen` is a thorough look just taken (server_facts)."""
    repository = seen["repository"]
    return {
        "server": [
            *machine.check(seen, settings["domain"]),
            # Who signs in with a key, as every command of the program does.
            *protection.check(seen | {"key_sign_in": True}, dict(settings)),
            *in_force.to_come(seen),
            *clock.check(seen["time"], time.time(), repository.get("time", 0)),
            *(server.check(seen, settings) or [ok(_("Nothing that runs there is in the way."))]),
        ],
        "packages": (
            packages.check(seen, settings["repository"])
            + _updates(sources.check_repository(seen, settings["repository"]))
            + _updates(sources.key_to_come(seen))
            + sources.check_packages(seen, settings["repository"])
            or [ok(_("Packages can be installed."))]
        ),
    }


def _updates(results: list[Result]) -> list[Result]:
    """Return what stops updates as what has to be repaired, though a deployment would go on."""
    return [
        failure(one.sentence, one.remedy) if one.level is Level.WARNING else one for one in results
    ]
