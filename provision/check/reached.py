"""Whether people get in, looked at from this computer before a deployment says: ready."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from provision.access import host_keys
from provision.access.connect import key_file
from provision.check import ports, probe
from provision.check.judges import names, network
from provision.check.judges import ports as port_checks
from provision.check.probe import Aim, Reach
from provision.declared import listening
from provision.messages import console
from provision.messages.errors import CheckFailedError
from provision.messages.i18n import _
from provision.messages.result import failures
from provision.settings.hosts import as_ip
from provision.settings.public_address import is_inner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from provision.check.ports import Ports
    from provision.messages.errors import ProvisionError
    from provision.messages.result import Result
    from provision.play.runner import Outcome
    from provision.settings.table import School


def shut(
    path: Path, schools: Mapping[str, School], outcomes: Mapping[str, Outcome], busy: set[str]
) -> dict[str, ProvisionError]:
    """Return for each school what keeps people out although everything is installed.

    `busy` are the schools where a deployment changed something; elsewhere one knock may do.
    """
    seen = {key: outcome.server for key, outcome in outcomes.items()}
    wanted = {
        key: schools[key]
        for key, outcome in outcomes.items()
        if not outcome.failure
        and seen[key]
        and not _is_side_entrance(schools[key], seen[key] or {})
        and (key in busy or not _answers(schools[key]))
    }
    if not wanted:
        return {}
    step = console.Step(_("look at the ports, from this computer"))
    try:
        ports_seen = asyncio.run(_all(path, wanted))
    finally:
        step.drop()
    found = {}
    for key, school in wanted.items():
        results = port_checks.check(ports_seen[key], _around(school, seen[key] or {}))
        if closed := failures(results):
            found[key] = _error(closed)
    return found


def _error(findings: list[Result]) -> ProvisionError:
    return CheckFailedError(
        _("Everything is installed, but people do not get in yet."),
        "\n".join(one.sentence for one in findings),
        "\n".join(dict.fromkeys(one.remedy for one in findings)),
    )


async def _all(path: Path, schools: Mapping[str, School]) -> dict[str, Ports]:
    looks = []
    for key, school in schools.items():
        looks.append(ports.look(school, path.parent / host_keys.FILE, key_file(path, key)))
    return dict(zip(schools, await asyncio.gather(*looks), strict=True))


def _around(school: School, seen: dict[str, Any]) -> port_checks.Around:
    """Return what the deployment's own look shows; which certificate is served, it has changed."""
    where = names.located(seen, school.reached_at)
    return port_checks.Around(
        filters=seen["packet_filters"],
        behind=network.translated(seen, where.entered),
        letsencrypt=school.certificate == "letsencrypt",
    )


def _is_side_entrance(school: School, seen: dict[str, Any]) -> bool:
    """Return whether the technician comes in where nobody else does, as through a VPN.

    What is reached there says nothing about the address at which people come.
    """
    if school.public_address or not is_inner(school.address):
        return False
    others = {seen.get("address4"), seen.get("address6")}
    return school.address in seen.get("addresses", ()) and school.address not in others


def _answers(school: School) -> bool:
    """Return whether the page's port answers: a knock that costs nothing where all is well."""
    known = as_ip(school.reached_at)
    if known is None:
        return True  # a name is looked up by the thorough look alone
    aim = Aim(*listening.ours()["https"].key, known.version, str(known), held=True)
    reading = asyncio.run(probe.reach(aim, secrets.token_bytes(16), school.domain))
    return reading.reach in {Reach.OPEN, Reach.NO_WAY}
