"""Deployments killed at random moments: does the next run end in the same state each time?"""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from tests.figures import project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Bench, Host

# What is different on every host, with the reason; the names of these are compared all the same.
OWN = re.compile(
    "|".join(  # noqa: FLY002 - one reason a line
        (
            r"/etc/ssh/ssh_host_|/etc/(hostname|hosts)$",
            r"/etc/jitsi-provision/(secrets|tls)/|/etc/coturn-tls/",
            # Key pairs and accounts, ours and those that Debian's ssl-cert makes.
            r"/(?:var/lib/prosody|etc/prosody/certs)/.*\.(dat|crt|key)$|auth\..*\.crt$|/etc/ssl/(certs|private)/",
            r"/etc/.*\.(pem|jks)$|\.example\.com|/etc/prosody/certs/localhost",
            # Files with a secret in them.
            r"jicofo\.conf$|jvb\.conf$|turnserver\.conf$|\.cfg\.lua$",
            # Numbers of users depend on the order in which packages are set up.
            r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$",
        )
    )
)
NAME = "interrupted"


def table(bench: Bench, place: Path, number: int) -> int:
    """Print a line for each killed deployment; 1 if any does not converge."""
    wanted = _state(_deployed(bench, place / "whole", kill_after=None)[0])
    whole = _deployed.took
    print(f"uninterrupted: {whole:.0f} s, {len(wanted)} paths")
    wrong = 0
    for attempt in range(1, number + 1):
        moment = random.uniform(0.5, whole)
        host, folder = _deployed(bench, place / str(attempt), kill_after=moment)
        begun = time.monotonic()
        subprocess.run(project.deploy(NAME), cwd=folder, check=False, capture_output=True)
        second = subprocess.run(
            project.deploy(NAME, "--json"), cwd=folder, check=False, capture_output=True, text=True
        )
        lines = second.stdout.splitlines() or ["{}"]
        quiet = json.loads(lines[-1]).get("changed") == []
        found = _state(host)
        different = sorted(
            path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path)
        )
        wrong += bool(different) or not quiet
        print(
            f"killed after {moment:5.1f} s: continued in {time.monotonic() - begun:5.1f} s, "
            f"{'same state' if not different else 'differs: ' + ', '.join(different[:5])}"
            f"{'' if quiet else ', second run changes something'}"
        )
    bench.destroy(NAME)
    print(f"{number - wrong} of {number} converged")
    return int(wrong > 0)


def _deployed(bench: Bench, place: Path, kill_after: float | None) -> tuple[Host, Path]:
    """Return a new host with a deployment on it that ended or was killed, and its project."""
    bench.destroy(NAME)
    host = bench.create(NAME, "13")
    folder = project.make(bench, place, [host])
    begun = time.monotonic()
    process = subprocess.Popen(
        project.deploy(NAME), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(timeout=kill_after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    _deployed.took = time.monotonic() - begun  # type: ignore[attr-defined]
    return host, folder


def _state(host: Host) -> dict[str, str]:
    """Return the host's state with what is its own left out."""
    return {
        path: entry.rsplit(" ", 1)[0] if OWN.search(path) else entry
        for path, entry in host.state().items()
    }
