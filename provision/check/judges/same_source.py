"""Whether somebody has written down our package source already, as Jitsi's handbook says."""

from __future__ import annotations

import shlex
from typing import Any

from provision.messages.i18n import _
from provision.messages.result import Result, failure


def check(server: dict[str, Any]) -> list[Result]:
    """Return each file with a source of the same address.

    Beside ours, with a key of its own, it would keep apt from every update, Debian's included.
    """
    return [
        failure(
            _("Jitsi's package source stands in {path} already; two of them stop apt.").format(
                path=found["path"]
            ),
            _remedy(found["path"], found["sed"]),
            refusal=True,
        )
        for found in server["same_sources"]
    ]


def _remedy(path: str, sed: str | None) -> str:
    if sed is None:
        return _("on the server, take this address out of {path}").format(path=path)
    command = f"sed -i {shlex.quote(sed)} {path}" if sed else f"rm {path}"
    return _("on the server, as root: {command}").format(command=command)
