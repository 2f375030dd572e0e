"""Looks at every part of the server and answers with one line of JSON behind the given mark."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from provision.verify.inside import (
    accounts,
    java,
    logs,
    machine,
    network,
    packages,
    processes,
    prosody,
    readers,
    reading,
    relay,
    secrets,
    services,
    traces,
    web,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    # The slow ones first: they wait for programs.
    "apt": packages.asked,
    "updates": packages.updates,
    "releases": packages.releases,
    "packages": packages.installed,
    "sources": packages.sources,
    "confinement": services.confinement,
    "readers": readers.files,
    "traces": traces.search,
    "prosody": prosody.effective,
    "rotation": logs.rotation,
    "journal": logs.journal,
    "logs": logs.files,
    "shipping": logs.shipping,
    "dumps": logs.dumps,
    "bridge": java.bridge,
    "focus": java.focus,
    "endpoints": java.endpoints,
    "web": web.effective,
    "relay": relay.effective,
    "accounts": accounts.stores,
    "people": accounts.people,
    "secrets": secrets.files,
    "sockets": network.sockets,
    "firewall": network.firewall,
    "ssh": network.ssh,
    "certificates": services.certificates,
    "timers": services.timers,
    "deployment": services.deployment,
    "outdated": processes.outdated,
    "system": machine.system,
    "kernel": machine.kernel,
    "memory": machine.memory,
}
THREADS = 6


def collect(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return {"parts": what was seen, "missing": why a part is not there}.

    What takes longer than `patience` seconds, all together, is given up and the rest handed over.
    """
    parts: dict[str, Any] = {}
    missing: dict[str, str] = {}
    end = time.monotonic() + wanted["patience"]
    pool = ThreadPoolExecutor(max_workers=THREADS)
    running = {name: pool.submit(_timed, part, wanted) for name, part in PARTS.items()}
    for name, future in running.items():
        try:
            parts[name] = future.result(timeout=max(end - time.monotonic(), 0))
        except TimeoutError:
            missing[name] = "it took too long"
        except Exception as error:  # noqa: BLE001 - costs this part only
            missing[name] = f"{type(error).__name__}: {error}"[:200]
    seconds = {name: part.pop("seconds") for name, part in parts.items()}
    return {"parts": parts, "missing": missing, "seconds": seconds}


def _timed(part: Callable[[dict[str, Any]], Any], wanted: dict[str, Any]) -> dict[str, Any]:
    begun = time.monotonic()
    found: dict[str, Any] = part(wanted)
    return found | {"seconds": round(time.monotonic() - begun, 3)}


def main(wanted: dict[str, Any]) -> None:
    """Print the answer, and end at once with all that is still running."""
    os.nice(5)  # a lesson that runs goes first
    answer = json.dumps(collect(wanted) | {"root": os.geteuid() == 0})
    sys.stdout.write(f"\n{wanted['mark']}{answer}\n")
    sys.stdout.flush()
    for process in list(reading.RUNNING):
        process.kill()
    os._exit(0)
