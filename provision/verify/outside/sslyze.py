"""sslyze, where it is installed: an external judge of TLS, run as a program.

Not one of our dependencies: its licence (AGPL) wants a program of its own, and it holds back
`cryptography`, which our program needs new. `pipx install sslyze` puts it beside.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from provision.verify.outside.connection import addresses, families

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provision.verify.outside.deadline import Deadline
    from provision.verify.target import Target

PROFILE = "intermediate"
VERDICT = re.compile(r"^ {4}\S+:(?P<port>\d+): (?P<word>OK|FAILED|ERROR)\b")
ISSUE = re.compile(r"^ {8}\* (?P<criterion>\w+): (?P<text>.*)")
CERTIFICATE = re.compile(r"certificate|rsa_key_size")
"""Criteria that are the business of the certificates' own probe."""


class Compliance(TypedDict):
    """What sslyze says of one port."""

    compliant: bool
    """With Mozilla's intermediate profile, but for what only concerns the certificate."""
    issues: dict[str, str]
    """By criterion, in sslyze's English."""


def program() -> str | None:
    """Return where sslyze is, beside this Python or on the path."""
    beside = Path(sys.executable).with_name("sslyze")
    return str(beside) if beside.exists() else shutil.which("sslyze")


def compliance(target: Target, ports: Sequence[int], deadline: Deadline) -> dict[int, Compliance]:
    """Return what sslyze says of those ports that it could scan; nothing where it is missing."""
    found = program()
    if not found or not ports:
        return {}
    place = families(addresses(target.host, deadline)).get("IPv4")
    targets = [f"{target.domain}:{port}" + (f"{{{place}}}" if place else "") for port in ports]
    authority = [f"--certinfo_ca_file={target.ca_file}"] if target.ca_file else []
    try:
        done = subprocess.run(
            [found, f"--mozilla_config={PROFILE}", *authority, *targets],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=deadline.left(),
        )
    except (OSError, subprocess.TimeoutExpired, TimeoutError):
        return {}  # our own handshakes have judged already
    return read(done.stdout)


def read(output: str) -> dict[int, Compliance]:
    """Return the verdicts in what sslyze printed."""
    verdicts: dict[int, Compliance] = {}
    port: int | None = None
    for line in output.splitlines():
        if verdict := VERDICT.match(line):
            port = int(verdict["port"]) if verdict["word"] != "ERROR" else None
            if port is not None:
                verdicts[port] = {"compliant": True, "issues": {}}
        elif (issue := ISSUE.match(line)) and port is not None:
            verdicts[port]["issues"][issue["criterion"]] = issue["text"]
            if not CERTIFICATE.search(issue["criterion"]):
                verdicts[port]["compliant"] = False
    return verdicts
