"""A technician's project directory for hosts of the bench."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench import Bench, Host

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
PROVISION = [sys.executable, "-m", "provision.cli"]


def make(bench: Bench, place: Path, hosts: Sequence[Host]) -> Path:
    """Return a directory with inventory.yml and known_hosts, made by `provision new`."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "known_hosts").write_text("".join(host.known_hosts.read_text() for host in hosts))
    for host in hosts:
        settings = {
            "address": host.address,
            "domain": f"meet.{host.name}.school.test",
            "school": f"Schule {host.name}",
            "contact": "it@school.test",
            "certificate": "self-signed",
            "repository": bench.packages.url,
            "repository_fingerprint": bench.packages.fingerprint,
        }
        chosen = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        subprocess.run(
            [*PROVISION, "new", host.name, *chosen], cwd=place, check=True, capture_output=True
        )
    inventory = place / "inventory.yml"
    text = inventory.read_text()
    for host in hosts:
        mark = f"    {host.name}:\n"
        key = f"{mark}      ansible_ssh_private_key_file: {host.key}\n"
        text = text.replace(mark, key)
    inventory.write_text(text)
    return place


def deploy(name: str = "", *options: str) -> list[str]:
    """Return the command that deploys one school, or all of them."""
    return [*PROVISION, "deploy", name or "--all", *options]


def check(name: str = "") -> list[str]:
    """Return the command that checks one school, or all of them."""
    return [*PROVISION, "check", name or "--all"]


def verify(name: str = "") -> list[str]:
    """Return the command that proves one school, or all of them.

    It ends with 1: certificates here are self-signed, and hosts never update by themselves.
    """
    return [*PROVISION, "verify", name or "--all"]


def ansible(playbook: Path) -> list[str]:
    """Return the command that runs a playbook on the project's schools."""
    return [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventory.yml",
            str(playbook)]  # fmt: skip
