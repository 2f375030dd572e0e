"""Judges of `http`: what its Content-Security-Policy lets a page do, and who may embed it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge
from provision.verify.judges.http import OK, header, of_jitsi
from provision.verify.outside.policy import LOADING, Policy, policies
from provision.verify.outside.unused_names import ROOM
from provision.verify.outside.words import listed
from provision.verify.probes.http import CLOSE_PAGES, PAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding
    from provision.verify.probes.http import Http

PROTECTED = (*PAGES, *CLOSE_PAGES, "/config.js")
"""Where a Content-Security-Policy has to stand."""
ANYBODY = re.compile(r"^(https?:|\*|https?://\*(\.\w+)?)$")


@judge("THP-06", "http")
def policy_forbids_foreign_content(evidence: Evidence) -> Finding:
    """Judge the Content-Security-Policy of every page."""
    http: Http = evidence["http"]  # type: ignore[assignment]
    remedy = _(
        "Send a Content-Security-Policy with default-src 'self', without 'unsafe-inline' for"
        " scripts and without foreign hosts. `provision deploy` does."
    )
    checked = 0
    for path in PROTECTED:
        found = http["paths"].get(path)
        if not found or found["status"] != OK:
            continue
        checked += 1
        known = policies(header(found, "content-security-policy"))
        if not known:
            return failed(_("{path} has no Content-Security-Policy.").format(path=path), remedy)
        if all(policy.inline_scripts for policy in known):
            return failed(
                _("The policy of {path} lets any script inside the page run.").format(path=path),
                remedy,
            )
        if all("'unsafe-eval'" in (policy.sources("script-src") or ()) for policy in known):
            return failed(
                _("The policy of {path} lets any text become a script.").format(path=path), remedy
            )
        for directive in (*LOADING, "base-uri", "form-action"):
            # A source counts where every policy allows it.
            foreign = _least(policy.foreign(directive, http["domain"]) for policy in known)
            if foreign or (directive == "script-src" and _data(known)):
                return failed(
                    _("The policy of {path} allows foreign hosts in {directive}: {hosts}.").format(
                        path=path, directive=directive, hosts=listed(foreign or ["data:"])
                    ),
                    remedy,
                )
    if not checked:
        raise NotMeasuredError(N_("No page answered whose policy could be read."))
    return fulfilled(
        _("The policy of {number} pages allows only what comes from this server.").format(
            number=checked
        )
    )


def _least(lists: Iterable[list[str]]) -> list[str]:
    return min(lists, key=len)


def _data(known: list[Policy]) -> bool:
    return all("data:" in (policy.sources("script-src") or ()) for policy in known)


@judge("MOD-07", "http")
def foreign_pages_cannot_embed(evidence: Evidence) -> Finding:
    """Judge who may show the meeting inside a page."""
    http = of_jitsi(evidence)
    allowed: set[str] = set()
    for path in (f"/{ROOM}", "/"):
        found = http["paths"][path]
        ancestors = [
            sources
            for policy in policies(header(found, "content-security-policy"))
            if (sources := policy.directives.get("frame-ancestors")) is not None
        ]
        old = header(found, "x-frame-options").strip().lower() in {"deny", "sameorigin"}
        open_to = [min((_anybody(sources) for sources in ancestors), key=len)] if ancestors else []
        if (ancestors and open_to[0]) or not (ancestors or old):
            return failed(
                _("Any page may embed {path}.").format(path=path),
                _(
                    "Send Content-Security-Policy: frame-ancestors 'self', and the school's own"
                    " sites. `provision deploy` does."
                ),
            )
        allowed.update(s for sources in ancestors for s in sources if not s.startswith("'"))
    if allowed:
        return fulfilled(
            _("Only the server itself and these sites may embed the conference: {sites}.").format(
                sites=listed(sorted(allowed))
            )
        )
    return fulfilled(_("No other site may embed the conference."))


def _anybody(sources: tuple[str, ...]) -> list[str]:
    """Return the sources that let any page in."""
    return [source for source in sources if ANYBODY.match(source)]
