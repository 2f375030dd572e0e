"""Everything that would go wrong in a deployment, found before anything is installed.

Three looks at the same time, for all schools: the server itself (through Ansible), its ports and
its names (from this computer). The checks judge what was seen; nothing is changed anywhere.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any

from provision.check import lookups
from provision.check.judges import caa, names, network
from provision.check.judges.facts import on_server
from provision.messages.errors import ExitCode, ProvisionError
from provision.messages.i18n import N_, _
from provision.messages.result import Level, Result
from provision.settings.hosts import as_ip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from provision.check.lookups import Names
    from provision.check.ports import Ports
    from provision.settings.table import School

GROUPS = {
    "server": N_("the server"),
    "packages": N_("packages"),
    "names": N_("names"),
    "ports": N_("ports, from this computer"),
}
SERVED = "/etc/jitsi-provision/tls/fullchain.pem"


@dataclass
class Examination:
    """What was found for one school."""

    school: School
    findings: dict[str, list[Result]] = field(default_factory=dict)
    """By group, as in GROUPS; the worst last."""
    error: ProvisionError | None = None
    """Why nothing could be found."""
    system: str = ""
    """The server's operating system in a few words."""

    def level(self, level: Level) -> list[Result]:
        """Return the findings of one level."""
        return [one for group in self.findings.values() for one in group if one.level is level]

    @property
    def code(self) -> ExitCode:
        """Return what a script should know."""
        if self.error:
            return self.error.exit_code
        wrong = self.level(Level.FAILURE)
        if any(one.refusal for one in wrong):
            return ExitCode.REFUSED
        return ExitCode.CHECK_FAILED if wrong else ExitCode.OK


def examine(
    inventory: Path, schools: Mapping[str, School], *, ask: bool = True
) -> dict[str, Examination]:
    """Return what is found for each school; one school's failure stops no other's look.

    With `ask`, a person at a terminal may make the first contact with a new server.
    """
    from provision.access import connect  # noqa: PLC0415 - the action plugins need neither
    from provision.messages import console  # noqa: PLC0415 - the action plugins need neither
    from provision.play import runner  # noqa: PLC0415 - the action plugins need neither
    from provision.play.failures import explain  # noqa: PLC0415 - as above

    found = {key: Examination(school) for key, school in schools.items()}
    for key, school in schools.items() if ask else ():
        try:
            connect.ensure(inventory, {key: school})
        except ProvisionError as error:
            found[key].error = error
    wanted = {key: school for key, school in schools.items() if not found[key].error}
    if not wanted:
        return found
    outside = _Outside(inventory, wanted)
    outside.start()
    step = console.Step(_("look at server, names and ports"))
    try:
        outcomes = runner.run("check", inventory, wanted)
        outside.join()
    except BaseException:
        outside.cancel()
        raise
    finally:
        step.drop()
    for key, outcome in outcomes.items():
        seen = outcome.server
        if seen is None:
            failure = outcome.failure or {"unreachable": True, "msg": ""}
            found[key].error = explain(failure, schools[key], key)
        else:
            _judge(found[key], seen, *outside.seen[key])
    return found


def _judge(found: Examination, seen: dict[str, Any], ports: Ports, known: Names) -> None:
    """Put everything that was seen of a school together."""
    from provision.check.judges import ports as port_checks  # noqa: PLC0415 - as above

    school = found.school
    settings = school.model_dump()
    where = names.located(seen, school.reached_at)
    named = {version for version, kind in ((4, "ipv4"), (6, "ipv6"))
             for name in known.names if getattr(name, kind).values}  # fmt: skip
    around = port_checks.Around(
        listeners=seen["listeners"],
        certificate=seen["certificates"].get(SERVED, {}).get("fingerprint", ""),
        filters=seen["packet_filters"],
        behind=network.translated(seen, where.entered),
        letsencrypt=school.certificate == "letsencrypt",
        # Without any record yet, the families are those that the server has.
        named=frozenset(named or {4, 6}),
    )
    results = on_server(settings, seen)
    results["names"] = names.check(known, where)
    if not school.turn_domain:
        results["names"].append(names.no_second_name())
    if school.certificate == "letsencrypt":
        for name in known.names:
            results["names"] += caa.check(name, school.acme_directory)
    results["ports"] = [
        *network.check(seen, where.entered, port_checks.forwarded()),
        *port_checks.check(ports, around),
    ]
    order = list(Level)
    for group, members in results.items():
        found.findings[group] = sorted(members, key=lambda one: order.index(one.level))
    found.system = seen["os_name"].split(" (")[0].replace("GNU/Linux ", "")


class _Outside(Thread):
    """The looks from this computer, all in one loop beside Ansible."""

    def __init__(self, inventory: Path, schools: Mapping[str, School]) -> None:
        super().__init__(daemon=True)
        self.inventory = inventory
        self.schools = schools
        self.seen: dict[str, tuple[Ports, Names]] = {}
        self.bug: BaseException | None = None
        self.loop = asyncio.new_event_loop()
        self.task = self.loop.create_task(self._look())

    def run(self) -> None:
        """Look, then close the loop; what goes wrong in it, `join` raises."""
        try:
            self.loop.run_until_complete(self.task)
        except asyncio.CancelledError:
            pass
        except Exception as bug:  # noqa: BLE001 - it belongs to whoever waits
            self.bug = bug
        finally:
            self.loop.close()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        super().join(timeout)
        if self.bug:
            raise self.bug

    def cancel(self) -> None:
        """End everything now, above all the listeners on the servers."""
        if self.is_alive():
            self.loop.call_soon_threadsafe(self.task.cancel)
        super().join()

    async def _look(self) -> None:
        found = await asyncio.gather(*(self._one(*pair) for pair in self.schools.items()))
        self.seen.update(zip(self.schools, found, strict=True))

    async def _one(self, key: str, school: School) -> tuple[Ports, Names]:
        from provision.access import connect, host_keys  # noqa: PLC0415 - as above
        from provision.check import ports  # noqa: PLC0415 - as above

        wanted = [name for name in (school.domain, school.turn_domain) if name]
        known = as_ip(school.reached_at)
        return await asyncio.gather(
            ports.look(
                school,
                self.inventory.parent / host_keys.FILE,
                connect.key_file(self.inventory, key),
            ),
            lookups.look(wanted, [str(known)] if known else []),
        )
