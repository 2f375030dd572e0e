"""One deployed school and what was seen while it was deployed, before any test changed it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.system.convergence import look
from tests.system.project import Done, Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Bench, Host

SERVICES = ("prosody", "jicofo", "jitsi-videobridge2", "nginx", "coturn")
UNITS = [f"{name}.service" for name in SERVICES]


@dataclass
class Record:
    """What `plan`, then the first `deploy` did, on a bare server."""

    before: str
    """The state hash of the bare host."""
    planned: str
    """The state hash after `plan`."""
    plan: Done
    rehearsal: Done
    """Plain `ansible-playbook --check` on the bare host."""
    deploy: Done
    starts: dict[str, int]
    """How often each unit was started, by systemd's own journal."""
    strangers: list[list[Any]]
    """Packets to addresses outside the bench during the deployment: address, protocol, port."""
    converged: dict[str, str]
    """What a second host must become as well, without what is each host's own."""


@dataclass
class School:
    """A host with everything on it."""

    bench: Bench
    host: Host
    project: Project
    record: Record

    @property
    def domain(self) -> str:
        """The school's host name."""
        return self.project.domain

    def invocations(self, *names: str) -> dict[str, str]:
        """Return what identifies the present run of each service."""
        return {
            name: self.host.run(
                ["systemctl", "show", "--value", "--property=InvocationID", f"{name}.service"]
            ).stdout.strip()
            for name in names or SERVICES
        }

    def restart(self, *units: str) -> None:
        """Restart units, more often than systemd lets a person do it."""
        self.host.run(["systemctl", "reset-failed", *units], check=False)
        self.host.run(["systemctl", "restart", *units])

    def secrets(self) -> dict[str, str]:
        """Return the secrets that were born on the server."""
        folder = "/etc/jitsi-provision/secrets"
        names = self.host.run(["ls", folder]).stdout.split()
        return {name: self.host.read(f"{folder}/{name}").decode().strip() for name in names}


def settings(bench: Bench, host: Host) -> dict[str, Any]:
    """Return what a school on the bench has in inventory.yml."""
    return {
        "address": host.address,
        "domain": f"meet.{host.name}.school.test",
        "school": "Gymnasium Nord & Söhne",
        "contact": "it@gymnasium-nord.example.org",
        "imprint_url": "https://gymnasium-nord.example.org/impressum",
        "privacy_url": "https://gymnasium-nord.example.org/datenschutz",
        "acme_directory": bench.acme.directory,
        "acme_ca_file": str(bench.acme.ca_file),
        "repository": bench.packages.url,
        "repository_fingerprint": bench.packages.fingerprint,
    }


def deploy(bench: Bench, host: Host, project: Project) -> School:
    """Return the school that becomes of a bare host."""
    before = host.state_hash()
    plan = project.run("plan")
    rehearsal = project.playbook("--check")
    planned = host.state_hash()
    host.packets.start()
    deployed = project.run("deploy", "--json")
    strangers = [[flow.destination, flow.protocol, flow.port] for flow in host.packets.read()]
    record = Record(
        before=before,
        planned=planned,
        plan=plan,
        rehearsal=rehearsal,
        deploy=deployed,
        starts=host.journal_starts(UNITS),
        strangers=strangers,
        converged=look(host, project.domain) if deployed.code == 0 else {},
    )
    return School(bench, host, project, record)


def save(record: Record, path: Path) -> None:
    """Keep a record for the next session, which uses the same host."""
    path.write_text(json.dumps(asdict(record)))


def load(path: Path) -> Record:
    """Return a kept record."""
    kept = json.loads(path.read_text())
    for name in ("plan", "rehearsal", "deploy"):
        kept[name] = Done(*kept[name])
    return Record(**kept)
