"""Whether packages can be installed on a server now."""

from __future__ import annotations

from typing import Any

from provision.check.judges import sources
from provision.messages.i18n import _
from provision.messages.result import Result, failure, warning


def check(server: dict[str, Any], repository: str) -> list[Result]:
    """Return what stands between apt and an installation; `repository` is ours."""
    seen = server["preflight"]
    return [
        *_state(server, seen),
        *sources.check(seen["sources"], repository),
        *_late(seen["late"]),
    ]


def _late(programs: list[str]) -> list[Result]:
    """Return which programs did not answer in time: what they would have said, nobody knows."""
    if not programs:
        return []
    return [
        failure(
            _("The server is slow: these did not answer in time, so nobody knows what they would "
              "have said: {programs}").format(programs=", ".join(programs)),
            _("wait until it has less to do (`uptime`, `ps -ef` on the server), then run this "
              "again"),
        )
    ]  # fmt: skip


def _state(server: dict[str, Any], seen: dict[str, Any]) -> list[Result]:
    findings = []
    if seen["apt_lock"]:
        findings.append(
            warning(
                _("The program {program} is installing packages just now.").format(
                    program=seen["apt_lock"]
                ),
                _("wait until it has finished; `provision deploy` waits for two minutes"),
            )
        )
    if server["dpkg_interrupted"]:
        findings.append(
            warning(
                _("An installation was interrupted on the server."),
                _("`provision deploy` finishes it; or on the server, as root: dpkg --configure -a"),
            )
        )
    elif seen["apt_broken"] and not sources.misread(seen["sources"]):
        findings.append(
            failure(
                _("Packages on the server do not fit together: {reason}").format(
                    reason=seen["apt_broken"]
                ),
                _("on the server, as root: apt-get --fix-broken install"),
            )
        )
    if seen["held"]:
        findings.append(
            warning(
                _("Packages are held back and get no updates: {names}.").format(
                    names=", ".join(seen["held"])
                ),
                _("on the server, as root: apt-mark unhold {names}").format(
                    names=" ".join(seen["held"])
                ),
            )
        )
    if seen["reboot"]:
        findings.append(
            warning(
                _("The server waits for a reboot."),
                _("on the server, as root: reboot; then run this again"),
            )
        )
    return findings
