"""Judges of `browser`: what people's own browsers do, tell, offer and keep.

All are additional: the settings that the server gives were judged by `config` and `http` already.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

STEPS = ("welcome", "prejoin", "join", "talk", "leave")
"""From opening the start page to hanging up."""
KEPT = ("local", "databases", "caches", "workers", "cookies")
"""What outlives the tab."""
HARMLESS = {"language"}
"""What says nothing about a person."""
# Whoever a link leads there tells a company, or installs an app with trackers.
COMPANIES = re.compile(
    r"(^|\.)(jitsi\.org|jit\.si|jitsi\.net|8x8\.(com|vc)|apple\.com|google\.com|f-droid\.org)$|:$"
)
# Upstream's names of buttons.
RECORDING = re.compile(r"record|livestream", re.IGNORECASE)


def _of(evidence: Evidence, name: str, step: str) -> Any:
    """Return what a step found, or raise NotMeasuredError with why the step was not reached."""
    browser = evidence["browser"]
    if name not in browser:
        raise _missing(evidence, step)
    return browser[name]


def _missing(evidence: Evidence, step: str) -> NotMeasuredError:
    return NotMeasuredError(evidence["browser"]["missing"].get(step, ""))


def _deploy() -> str:
    return _("Run `provision deploy`; it restores the school's settings of the web client.")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))


@judge("THP-01", "browser", additional=True)
def no_foreign_host(evidence: Evidence) -> Finding:
    """Judge whom the browser contacted, by DevTools, from the start page to hanging up."""
    hosts = _of(evidence, "hosts", "welcome")
    own = evidence["browser"]["names"]
    contacted = {host for step in STEPS for host in hosts.get(step, ())}
    foreign = contacted - set(own)
    if foreign:
        return failed(_("The browser contacted {hosts}.").format(hosts=_list(foreign)), _deploy())
    for step in STEPS:
        if step not in hosts:
            raise _missing(evidence, step)
    return fulfilled(
        _("From the start page to hanging up, the browser contacted only {hosts}.").format(
            hosts=_list(contacted)
        )
    )


@judge("THP-02", "browser", additional=True)
def only_own_servers_for_media(evidence: Evidence) -> Finding:
    """Judge which STUN and TURN servers the browser really used in a conference."""
    given = {url for one in _of(evidence, "connections", "talk") for url in one["servers"]}
    own = {*evidence["browser"]["names"], *evidence["browser"]["addresses"]}
    foreign = [url for url in given if _server(url) not in own]
    if foreign:
        return failed(
            _("In a conference the browser asks {servers} for its own address.").format(
                servers=_list(foreign)
            ),
            _deploy(),
        )
    return fulfilled(
        _("In a conference the browser used {servers}.").format(servers=_list(given) or "-")
    )


def _server(url: str) -> str:
    """Return the host of stun:HOST:PORT or turn:HOST:PORT?transport=…, an address included."""
    return urlsplit("//" + url.partition(":")[2]).hostname or ""


@judge("THP-06", "browser", additional=True)
def no_foreign_host_by_a_link(evidence: Evidence) -> Finding:
    """Judge whom the browser contacted when a link had turned the protections off."""
    hosts = _of(evidence, "hosts", "welcome")
    if "crafted" not in hosts:
        raise _missing(evidence, "crafted")
    foreign = set(hosts["crafted"]) - set(evidence["browser"]["names"])
    if foreign:
        return failed(
            _("A crafted link made the browser contact {hosts}.").format(hosts=_list(foreign)),
            _deploy(),
        )
    return fulfilled(_("A crafted link made the browser contact nobody else."))


@judge("THP-07", "browser", additional=True)
def no_setting_by_a_link(evidence: Evidence) -> Finding:
    """Judge which protecting settings a link could turn round."""
    changed = _of(evidence, "crafted", "crafted")
    if changed:
        return failed(
            _("A link could change these settings: {names}.").format(names=_list(changed)),
            _deploy(),
        )
    return fulfilled(
        _("A link that sets {count} settings against people changed none of them.").format(
            count=len(evidence["browser"]["settings"])
        )
    )


@judge("THP-09", "browser", additional=True)
def phones_stay(evidence: Evidence) -> Finding:
    """Judge what phones and tablets are led to, and where the pages link."""
    phones = _of(evidence, "phones", "phones")
    own = set(evidence["browser"]["names"])
    linked = {link for phone in phones.values() for link in phone["links"]}
    linked |= {link for links in evidence["browser"]["links"].values() for link in links}
    asked = {host for phone in phones.values() for host in phone["hosts"]} - own
    foreign = asked | {link for link in linked if COMPANIES.search(link)}
    if foreign:
        return failed(
            _("Start page, preview or a phone's page lead to {hosts}.").format(
                hosts=_list(foreign)
            ),
            _deploy(),
        )
    away = [name for name, phone in phones.items() if not phone["preview"]]
    if away:
        return failed(
            _("These devices get another page than the room: {devices}.").format(
                devices=_list(away)
            ),
            _deploy(),
        )
    return fulfilled(
        _("{devices} get the room itself; links lead only to: {hosts}.").format(
            devices=_list(phones), hosts=_list(linked) or "-"
        )
    )


@judge("TLS-05", "browser", additional=True)
def media_through_the_server(evidence: Evidence) -> Finding:
    """Judge whom the media of two people went to."""
    pairs = [one["pair"] for one in _of(evidence, "connections", "talk") if one["pair"]]
    if not pairs:
        raise NotMeasuredError(N_("Two people did not come together in a room in the browser."))
    partners = {pair["remote"].rpartition(" ")[0] for pair in pairs}
    # Both people are on this computer: whoever reached its own addresses went past the server.
    here = {pair["local"].rpartition(" ")[0] for pair in pairs}
    direct = (partners & here) - set(evidence["browser"]["addresses"])
    if direct:
        return failed(
            _(
                "Two people's media went from one to the other, past the server: {addresses}."
            ).format(addresses=_list(direct)),
            _deploy(),
        )
    return fulfilled(
        _("Two people's media went to the server, {addresses}, and not to each other.").format(
            addresses=_list(partners)
        )
    )


@judge("MIN-02", "browser", additional=True)
def no_field_for_an_address(evidence: Evidence) -> Finding:
    """Judge whether the profile asks for an e-mail address."""
    if _of(evidence, "email", "profile"):
        return failed(_("The profile page has a field for an e-mail address."), _deploy())
    return fulfilled(_("The profile page asks for a name only."))


@judge("MIN-03", "browser", additional=True)
def silent_at_first(evidence: Evidence) -> Finding:
    """Judge which of camera and microphone are on after joining."""
    live = _of(evidence, "live", "join")
    if live:
        return failed(
            _("After joining, these were on: {devices}.").format(
                devices=_list(
                    _("the microphone") if kind == "audio" else _("the camera") for kind in live
                )
            ),
            _deploy(),
        )
    return fulfilled(_("After joining, camera and microphone were off."))


@judge("MIN-04", "browser", additional=True)
def no_list_of_rooms(evidence: Evidence) -> Finding:
    """Judge whether the browser remembers the room."""
    if any("features/recent-list" in stored["local"] for stored in _left(evidence)):
        return failed(_("The browser keeps a list of visited rooms."), _deploy())
    return fulfilled(_("After the conference, the browser kept no list of rooms."))


def _left(evidence: Evidence) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return what stays in the browser after hanging up, and after closing the tab instead."""
    return _of(evidence, "stored", "leave"), _of(evidence, "abandoned", "close")


@judge("MIN-05", "browser", additional=True)
def nothing_linkable(evidence: Evidence) -> Finding:
    """Judge what stays in the browser after hanging up, or closing the tab instead."""
    hung_up, closed = (
        {name for kind in KEPT for name in stored[kind]} - {"features/recent-list"}
        for stored in _left(evidence)
    )
    if linkable := hung_up - HARMLESS:
        return failed(
            _("After hanging up, this stays in the browser: {names}.").format(
                names=_list(linkable)
            ),
            _deploy(),
        )
    if linkable := closed - HARMLESS:
        return failed(
            _("After closing the tab, this stays in the browser: {names}.").format(
                names=_list(linkable)
            ),
            _deploy(),
        )
    return fulfilled(
        _("After hanging up or closing the tab, this stays in the browser: {names}.").format(
            names=_list(hung_up | closed) or _("nothing")
        )
    )


@judge("MIN-07", "browser", additional=True)
def blur_is_offered(evidence: Evidence) -> Finding:
    """Judge whether the own background can be blurred, and whether pictures can be added."""
    offered = _of(evidence, "backgrounds", "profile")
    if not offered["blur"]:
        return failed(_("The web client offers no blurred background."), _deploy())
    if offered["upload"]:
        return failed(
            _("People can add pictures of their own as backgrounds, and these are stored."),
            _deploy(),
        )
    return fulfilled(_("A blurred background is offered; adding pictures is not."))


@judge("REC-03", "browser", additional=True)
def no_record_button(evidence: Evidence) -> Finding:
    """Judge what a guest is offered."""
    offered = [label for label in _of(evidence, "buttons", "menus") if RECORDING.search(label)]
    if offered:
        return failed(_("A guest is offered: {buttons}.").format(buttons=_list(offered)), _deploy())
    return fulfilled(
        _("Among {count} buttons of a guest, none records.").format(
            count=len(evidence["browser"]["buttons"])
        )
    )
