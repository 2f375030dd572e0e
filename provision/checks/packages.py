"""Whether packages can be installed on a server now."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from provision.checks.result import Result, failure, warning
from provision.i18n import _


def check(server: dict[str, Any]) -> list[Result]:
    """Return what stands between apt and an installation."""
    seen = server["preflight"]
    return [*_state(server, seen), *_sources(seen["sources"])]


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
    elif seen["apt_broken"]:
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


def _sources(sources: list[dict[str, str]]) -> list[Result]:
    """Return which package sources cannot be reached, each server once."""
    wrong: dict[tuple[str, str], str] = {}
    for source in sources:
        if source["reason"]:
            wrong.setdefault((urlsplit(source["url"]).netloc, source["reason"]), source["url"])
    findings = []
    for (_host, reason), url in wrong.items():
        if not url:
            sentence = _("apt does not understand its list of package sources: {reason}")
            remedy = _("on the server, correct what is below /etc/apt/sources.list.d")
        else:
            sentence = _("The server cannot reach the package source {url}: {reason}.")
            remedy = _("in the provider's firewall, allow outgoing TCP, ports 80 and 443; or "
                       "correct this source below /etc/apt/sources.list.d")  # fmt: skip
        findings.append(failure(sentence.format(url=url, reason=reason), remedy))
    return findings
