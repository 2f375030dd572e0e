"""Why a service does not run, in its own last words."""

from __future__ import annotations

import re

from ansible.module_utils.school_server import run

TAKEN = re.compile(
    r"Address (?:already )?in use|EADDRINUSE|bind\(\) to \S+ failed \(98", re.IGNORECASE
)


def unit_failure(unit: str) -> dict[str, str]:
    """Return what a module's failure says of a unit: its kind, which unit, and the reason."""
    said = run("journalctl", "-u", unit, "-n", "15", "--no-pager", "-o", "cat").stdout.strip()
    kind = "port_taken" if TAKEN.search(said) else "unit_failed"
    return {"kind": kind, "unit": unit, "reason": said[-1500:]}
