"""Evaluates a stranger's scripts without trusting them: in a process of its own, with limits."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provision.verify.outside.deadline import Deadline

ENGINE = Path(__file__).with_name("engine.py")
SECONDS = 2.0
"""How long the scripts of one page may compute."""
FRAGMENT = (
    "config.disableThirdPartyRequests=false&interfaceConfig.SHOW_JITSI_WATERMARK=true"
    "&jitsi_meet_external_api_id=0&jwt=%22x%22&iceServers.replace=%5B%5D&userInfo.email=%22x%22"
    "&devices.audioInput=%22x%22&appData.localStorageContent=%22x%22"
)
"""What a crafted link looks like behind its "#": the client takes each of these."""
QUERY = "jwt=x&release=x&jitsi_meet_external_api_id=0"
"""The same behind its "?"."""
INTERRUPTED = "interrupted"
"""What the engine calls scripts that computed longer."""


@dataclass(frozen=True)
class Source:
    """One script."""

    name: str
    """Where it came from, for people."""
    text: str


@dataclass(frozen=True)
class Result:
    """What the scripts of one page left behind."""

    values: Mapping[str, Any]
    """`config` and `interfaceConfig` where they are defined, as JSON has them."""
    errors: Sequence[tuple[str, str]]
    """For each script that broke its name and the engine's message."""
    fragment: str | None
    """What was left of query and fragment when the client would have started; None without one."""


@dataclass(frozen=True)
class World:
    """One page as the engine sees it."""

    address: str
    scripts: Sequence[Source]
    before: int | None = None
    """How many of the scripts run before the client; None where there is no client."""


def evaluate(pages: Mapping[str, World], deadline: Deadline) -> dict[str, Result]:
    """Return by page what its scripts, run one after the other at its address, left behind.

    Each page has a world of its own. Raise NotMeasuredError where the engine itself breaks.
    """
    request = {
        "seconds": SECONDS,
        "pages": {
            name: {
                "address": _location(world.address),
                "scripts": [{"name": s.name, "text": s.text} for s in world.scripts],
                "before": world.before,
            }
            for name, world in pages.items()
        },
    }
    try:
        done = subprocess.run(
            # -I: neither the user's own modules nor variables have a say.
            [sys.executable, "-I", str(ENGINE)],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
            timeout=deadline.left(),
        )
        found = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    except (subprocess.CalledProcessError, ValueError) as error:
        raise NotMeasuredError(
            N_("The JavaScript engine broke at this server's scripts.")
        ) from error
    return {
        name: Result(
            page["values"], [(e["script"], e["error"]) for e in page["errors"]], page["fragment"]
        )
        for name, page in found.items()
    }


def _location(address: str) -> dict[str, str]:
    """Return `window.location` of a page that somebody reached by a crafted link."""
    scheme, _separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return {
        "protocol": f"{scheme}:",
        "host": host,
        "hostname": host,
        "origin": f"{scheme}://{host}",
        "pathname": f"{slash}{path}",
        "port": "",
        "search": f"?{QUERY}",
        "hash": f"#{FRAGMENT}",
    }
