"""Judges of `http`: what the web server's answers say and leave unsaid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge
from provision.verify.outside.words import listed
from provision.verify.probes.http import CLOSE_PAGES, LISTS, MANAGEMENT, PAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding
    from provision.verify.probes.http import Http, Path

OK = 200
SPEAKING = frozenset({*range(200, 300), 400, 405})
"""Where one of these comes back there is something behind an address."""
HEARD = frozenset({101, 200, 400})
"""How signalling answers whom it listens to; 400: nothing was said to it."""
TWO_YEARS = 63072000
ACME = "/.well-known/acme-challenge/"
REDIRECTIONS = frozenset({301, 302, 307, 308})
QUIET_REFERRERS = frozenset({"no-referrer", "same-origin", "origin", "strict-origin"})
"""With none of them another server learns the name of a room."""
DEVICES = ("camera", "microphone", "display-capture")
VERSION = re.compile(r"\d+\.\d+")
PRIVACY = re.compile(r"datenschutz|privacy|data.?protection", re.IGNORECASE)
IMPRINT = re.compile(r"impressum|imprint|legal.?notice|anbieterkenn", re.IGNORECASE)
STORAGE = re.compile(r'"(storage|\*)"')


def answered(http: Http) -> dict[str, Path]:
    """Return the paths of which something came back, over HTTPS."""
    return {path: found for path, found in http["paths"].items() if found["status"]}


def header(found: Path, name: str) -> str:
    """Return a header, or nothing."""
    return found["headers"].get(name, "")


def of_jitsi(evidence: Evidence) -> Http:
    """Return the section, or raise NotMeasuredError where the host is no Jitsi Meet."""
    http: Http = evidence["http"]  # type: ignore[assignment]
    if not http["jitsi"]:
        raise NotMeasuredError(N_("There is no Jitsi Meet: the page of a room is not its client."))
    return http


@judge("TLS-01", "http")
def https_is_remembered(evidence: Evidence) -> Finding:
    """Judge Strict-Transport-Security on every path."""
    http: Http = evidence["http"]  # type: ignore[assignment]
    paths = answered(http)
    without = [path for path, found in paths.items() if "strict-transport-security" not in
               found["headers"]]  # fmt: skip
    remedy = _(
        "Send Strict-Transport-Security with max-age={seconds} on every path, also in nginx"
        " locations that have an add_header of their own. `provision deploy` does."
    ).format(seconds=TWO_YEARS)
    if without:
        return failed(
            _("Without Strict-Transport-Security answer: {paths}.").format(paths=listed(without)),
            remedy,
        )
    short = [path for path, found in paths.items() if _hsts(found) < TWO_YEARS]
    if short:
        return failed(
            _("Strict-Transport-Security lasts less than two years on: {paths}.").format(
                paths=listed(short)
            ),
            remedy,
        )
    return fulfilled(
        _("All {number} paths that were asked answer with Strict-Transport-Security.").format(
            number=len(paths)
        )
    )


def _hsts(found: Path) -> int:
    # Several headers are joined by commas; browsers take the first.
    age = re.match(
        r"[^,]*max-age=\"?(\d+)", header(found, "strict-transport-security"), re.IGNORECASE
    )
    return int(age[1]) if age else 0


@judge("TLS-01", "http")
def plain_http_leads_to_https(evidence: Evidence) -> Finding:
    """Judge that port 80 does nothing but redirect."""
    http: Http = evidence["http"]  # type: ignore[assignment]
    if not http["plain"]:
        return fulfilled(_("Port 80 does not answer: there is HTTPS only."))
    for path, found in http["plain"].items():
        to = urlsplit(header(found, "location"))
        leads = found["status"] in REDIRECTIONS and to.scheme == "https"
        if not leads and found["status"] and not path.startswith(ACME):
            return failed(
                _(
                    "Port 80 answers {path} with status {status} and no redirection to HTTPS."
                ).format(path=path, status=found["status"]),
                _("Redirect everything on port 80 to https://{domain}.").format(
                    domain=http["domain"]
                ),
            )
    _refuse_silence(http["plain"], http["plain"])
    return fulfilled(_("Port 80 only leads to HTTPS."))


@judge("TLS-06", "http")
def headers_protect(evidence: Evidence) -> Finding:
    """Judge the other headers that protect whoever looks at a page."""
    http: Http = evidence["http"]  # type: ignore[assignment]
    remedy = _(
        "Send Referrer-Policy: no-referrer, X-Content-Type-Options: nosniff, a Permissions-Policy,"
        " Cross-Origin-Resource-Policy and Cross-Origin-Opener-Policy: same-origin, and no version."
        " `provision deploy` does."
    )
    for path in PAGES:
        found = http["paths"][path]
        if not found["status"]:
            raise NotMeasuredError(N_("{path} did not answer."), path=path)
        if wrong := _unprotected(found):
            return failed(
                _("{path} lacks, or has wrong: {headers}.").format(
                    path=path, headers=listed(wrong)
                ),
                remedy,
            )
    telling = sorted({told for found in answered(http).values() if (told := _version(found))})
    if telling:
        return failed(
            _("The server tells its version: {text}.").format(text=listed(telling)), remedy
        )
    return fulfilled(_("The pages have all headers that protect, and tell no version."))


def _unprotected(found: Path) -> list[str]:
    """Return the headers that a page lacks or has wrong."""
    permissions = header(found, "permissions-policy").replace(" ", "").lower()
    last = header(found, "referrer-policy").lower().rpartition(",")[2].strip()
    right = {
        "Referrer-Policy": last in QUIET_REFERRERS,
        "X-Content-Type-Options": header(found, "x-content-type-options").lower() == "nosniff",
        "Permissions-Policy": all(f"{name}=" in permissions for name in DEVICES)
        and not re.search(rf"({'|'.join(DEVICES)})=(\(?\*|\([^)]*\*)", permissions),
        "Cross-Origin-Resource-Policy": header(found, "cross-origin-resource-policy").lower()
        in {"same-origin", "same-site"},
        # Without it the page that opened this one may send it orders, and change its address.
        "Cross-Origin-Opener-Policy": header(found, "cross-origin-opener-policy").lower()
        in {"same-origin", "same-origin-allow-popups", "noopener-allow-popups"},
    }
    return [name for name, fine in right.items() if not fine]


def _version(found: Path) -> str:
    for name in ("server", "x-powered-by"):
        if VERSION.search(header(found, name)):
            return header(found, name)
    return ""


@judge("TLS-06", "http")
def strangers_pages_do_not_signal(evidence: Evidence) -> Finding:
    """Judge whether a page of somebody else's may use a visitor's browser to sign in here."""
    http = of_jitsi(evidence)
    asked = {path: answers for path, answers in http["signalling"].items()
             if answers["own"] in HEARD}  # fmt: skip
    if not asked:
        raise NotMeasuredError(N_("Neither BOSH nor the websocket answers a page of this server."))
    if silent := [path for path, answers in asked.items() if not answers["stranger"]]:
        raise NotMeasuredError(N_("{path} did not answer."), path=silent[0])
    if heard := [path for path, answers in asked.items() if answers["stranger"] in HEARD]:
        return failed(
            _("Pages of anybody may signal, through their visitors' browsers: {paths}.").format(
                paths=listed(heard)
            ),
            _(
                "Answer 403 there where Origin names another server than this one. `provision"
                " deploy` does."
            ),
        )
    return fulfilled(_("Only pages of this server may signal."))


@judge("MIN-05", "http")
def close_page_clears_the_browser(evidence: Evidence) -> Finding:
    """Judge whether the page after hanging up empties the browser, and whether cookies are set."""
    http = of_jitsi(evidence)
    cookies = [f"{path} ({cookie.partition(';')[0]})" for path, found in http["paths"].items()
               for cookie in found["cookies"]]  # fmt: skip
    if cookies:
        return failed(
            _("The server sets cookies: {cookies}.").format(cookies=listed(cookies)),
            _("Jitsi Meet needs no cookie: find what sets it in the web server's configuration."),
        )
    pages = [path for path in CLOSE_PAGES if http["paths"][path]["status"] == OK]
    without = [path for path in pages if not STORAGE.search(
               header(http["paths"][path], "clear-site-data"))]  # fmt: skip
    if without or not pages:
        return failed(
            _(
                "The page after hanging up leaves names and identifiers in the browser: {paths}."
            ).format(paths=listed(without or CLOSE_PAGES)),
            _('Send Clear-Site-Data: "storage" with these pages. `provision deploy` does.'),
        )
    return fulfilled(_("The pages after hanging up tell the browser to forget everything."))


@judge("ACC-03", "http")
def rooms_are_not_listed(evidence: Evidence) -> Finding:
    """Judge that no address tells who is in which room."""
    http = of_jitsi(evidence)
    if exposed := _exposed(http, LISTS):
        return failed(
            _("Something answers where rooms are listed: {paths}.").format(paths=listed(exposed)),
            _("Answer 404 there, and load neither muc_size nor muc_census in Prosody."),
        )
    _refuse_silence(http["paths"], LISTS)
    return fulfilled(_("No address of the web server lists or counts rooms."))


@judge("ACC-04", "http")
def management_is_not_served(evidence: Evidence) -> Finding:
    """Judge that no interface of bridge or focus is reachable through the web server."""
    http = of_jitsi(evidence)
    if exposed := _exposed(http, MANAGEMENT):
        return failed(
            _("Something answers where bridge or focus are managed: {paths}.").format(
                paths=listed(exposed)
            ),
            _("Answer 404 there: these interfaces belong on the server's own loopback address."),
        )
    _refuse_silence(http["paths"], MANAGEMENT)
    return fulfilled(_("No interface of bridge or focus answers through the web server."))


def _refuse_silence(seen: dict[str, Path], paths: Iterable[str]) -> None:
    """Raise NotMeasuredError where a path did not answer."""
    for path in paths:
        if path not in seen or not seen[path]["status"]:
            raise NotMeasuredError(N_("{path} did not answer."), path=path)


def _exposed(http: Http, paths: Iterable[str]) -> list[str]:
    """Return paths with an answer of their own, beyond a page of the client or "not found".

    An address with one part is a room like any other; 401 and 403 let nobody see anything, and 5xx
    means that nothing is behind it.
    """
    return [
        f"{path} ({found['status']})"
        for path in paths
        if (found := http["paths"].get(path))
        and not found["client"]
        and found["status"] in SPEAKING
    ]  # fmt: skip


@judge("DOC-01", "http")
def notices_are_one_click_away(evidence: Evidence) -> Finding:
    """Judge that the start page links a privacy notice and an imprint, without scripts."""
    http: Http = evidence["http"]  # type: ignore[assignment]
    found = {
        what: [link["address"] for link in http["links"]
               if pattern.search(link["text"]) or pattern.search(urlsplit(link["address"]).path)]
        for what, pattern in ((_("privacy notice"), PRIVACY), (_("imprint"), IMPRINT))
    }  # fmt: skip
    missing = [what for what, addresses in found.items() if not addresses]
    remedy = _(
        "Set privacy_url and imprint_url in inventory.yml and run `provision deploy`; on another"
        " server link both on the start page."
    )
    if missing:
        return failed(_("The start page links no: {what}.").format(what=listed(missing)), remedy)
    addresses = [address for found_here in found.values() for address in found_here]
    broken = [address for address in addresses if http["linked"].get(address, OK) not in {OK, 0}]
    if broken:
        return failed(
            _("A notice that the start page links is not there: {addresses}.").format(
                addresses=listed(broken)
            ),
            remedy,
        )
    if silent := [address for address in addresses if not http["linked"].get(address, OK)]:
        raise NotMeasuredError(N_("{path} did not answer."), path=listed(silent))
    return fulfilled(
        _("The start page links privacy notice and imprint: {addresses}.").format(
            addresses=listed(dict.fromkeys(addresses))
        )
    )
