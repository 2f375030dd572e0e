"""The server that probes look at."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provision.settings.validation import file_path

if TYPE_CHECKING:
    from pathlib import Path

    from provision.settings.table import School

OWN_SECONDS = 20
"""What a probe of a school's own server gets: several are looked at on a busy computer."""
USER_AGENT = "jitsi-provision-verify"
"""Without an address: nobody owns a place on the web for this program yet (CONTRIBUTING.md)."""


@dataclass(frozen=True)
class Target:
    """Where to go, and nothing about what should be found there."""

    domain: str
    """The host name that people type."""
    address: str = ""
    """Connect there instead of to what DNS says; empty for a stranger's server."""
    ca_file: Path | None = None
    """Root certificates to trust beside the system's, for an ACME service of the school's own."""
    seconds: float = 10
    """How long one probe may take in all."""
    key: str = ""
    """The school's short name; empty for a stranger's server."""
    school: School | None = None
    """How to sign in over SSH, and after how many days the school wants logs deleted. A probe uses
    nothing else of it."""
    inventory: Path | None = None
    """Beside it lies known_hosts."""
    private: bool = True
    """Whether its names may lead into private networks; a stranger's may not, unless asked."""
    begun: float = field(default_factory=time.monotonic)
    """When this run began; what it left in logs is looked for from then on."""

    @property
    def host(self) -> str:
        """Where connections go."""
        return self.address or self.domain


def of_school(inventory: Path, key: str, school: School) -> Target:
    """Return a school's own server as a target."""
    ca_file = file_path(school.acme_ca_file, inventory.parent) if school.acme_ca_file else None
    return Target(school.domain, school.address, ca_file, OWN_SECONDS, key, school, inventory)
