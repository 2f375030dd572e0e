"""Judges of `config`: what the web client is told, as an engine evaluates it.

The same settings are read on several pages; every one of them has to be right, because a browser
reads another than a mobile app does.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge
from provision.verify.outside.services import STUN
from provision.verify.outside.settings_rules import MISSING, RULES, Rule, value_of
from provision.verify.outside.words import listed, printable
from provision.verify.probes.config import stun_hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding
    from provision.verify.probes.config import Config, Settings

LEGAL = ("privacy", "terms", "helpCentre", "security")
FOREIGN = (
    "8x8.com", "8x8.vc", "jitsi.net", "jitsi.org", "jit.si", "google.com", "googleapis.com",
    "youtube.com", "youtu.be", "dropbox.com", "microsoft.com", "live.com", "gravatar.com",
    "giphy.com",
)  # fmt: skip
"""Domains of services that Jitsi Meet knows how to use."""
HOST = re.compile(r"(?:^|[a-z]:)//([a-z0-9.-]+)|^(?:stuns?|turns?):([a-z0-9.-]+)", re.IGNORECASE)
CONNECTING = (
    "bosh", "websocket", "websocketKeepAliveUrl", "conferenceRequestUrl", "brandingDataUrl",
    "dynamicBrandingUrl",
)  # fmt: skip
"""Settings whose addresses the browser contacts by itself."""
VIDEO_BUTTONS = ("sharedvideo", "etherpad")
BLUR_BUTTON = "select-background"
LONGEST = 60


def pages_of(evidence: Evidence) -> Iterator[tuple[str, Settings]]:
    """Yield each page with its settings."""
    config: Config = evidence["config"]  # type: ignore[assignment]
    yield from config["pages"].items()


def written(value: Any) -> str:
    """Return a value as it stands in config.js, shortened."""
    text = str(value) if value is MISSING else json.dumps(value, ensure_ascii=False)
    return printable(text) if len(text) <= LONGEST else f"{printable(text, LONGEST)}…"


def wrong(page: str, key: str, value: Any, wanted: str) -> Finding:
    """Return the finding that one setting is not as it must be."""
    if value is MISSING:
        sentence = _("{page} does not set {key}.").format(page=page, key=key)
    else:
        sentence = _("In {page} {key} is {value}.").format(page=page, key=key, value=written(value))
    return failed(sentence, remedy(key, wanted))


def remedy(key: str, wanted: str) -> str:
    """Return how to set it right."""
    return _(
        "Set {key} to {wanted} in config.js. `provision deploy` does, unless a file in"
        " /etc/jitsi-provision/local says something else."
    ).format(key=key, wanted=wanted)


def broken(evidence: Evidence, rules: tuple[Rule, ...]) -> Finding | None:
    """Return the finding of the first rule that a page breaks."""
    for page, settings in pages_of(evidence):
        for rule in rules:
            value = value_of(settings["config"], rule.key)
            if not rule.good(value):
                return wrong(page, rule.key, value, rule.wanted)
    return None


def said(evidence: Evidence, rules: tuple[Rule, ...]) -> Finding:
    """Return the finding that all pages agree on what is right."""
    pages = dict(pages_of(evidence))
    config = next(iter(pages.values()))["config"]
    found = {rule.key: value_of(config, rule.key) for rule in rules}
    settings = [f"{key} {written(value)}" for key, value in found.items() if value is not MISSING]
    if settings:
        return fulfilled(
            _("Set on {pages}: {settings}.").format(pages=listed(pages), settings=listed(settings))
        )
    return fulfilled(
        _("Set on none of {pages}: {keys}.").format(pages=listed(pages), keys=listed(found))
    )


def _by_rules(control: str) -> Callable[[Evidence], Finding]:
    rules = RULES[control]

    def judged(evidence: Evidence) -> Finding:
        return broken(evidence, rules) or said(evidence, rules)

    return judged


for _control in (
    "MIN-02", "MIN-03", "MIN-04", "MIN-05", "MIN-06", "THP-05", "TLS-05", "MOD-04", "MOD-05",
    "MOD-06", "REC-01", "REC-03", "STA-01",
):  # fmt: skip
    judge(_control, "config")(_by_rules(_control))


@judge("MIN-07", "config")
def blur_without_pictures(evidence: Evidence) -> Finding:
    """Judge that the background can be blurred, and that nobody can add a picture of their own."""
    if found := broken(evidence, RULES["MIN-07"]):
        return found
    key = "virtualBackground.disableAddingImages"
    for page, settings in pages_of(evidence):
        config = settings["config"]
        old = value_of(config, "disableAddingBackgroundImages")
        if value_of(config, key) is not True and old is not True:
            return wrong(page, key, value_of(config, key), "true")
        buttons = config.get("toolbarButtons")
        if isinstance(buttons, list) and BLUR_BUTTON not in buttons:
            return failed(
                _("{page} offers no blurred background.").format(page=page),
                remedy("toolbarButtons", f"[…, '{BLUR_BUTTON}', …]"),
            )
    return fulfilled(_("Backgrounds can be blurred; nobody can add a picture of their own."))


@judge("THP-01", "config")
def no_third_party(evidence: Evidence) -> Finding:
    """Judge that the client is told to contact nobody else."""
    if found := broken(evidence, RULES["THP-01"]):
        return found
    domain = evidence["config"]["domain"]
    for page, settings in pages_of(evidence):
        for key in CONNECTING:
            value = settings["config"].get(key)
            host = urlsplit(value).hostname if isinstance(value, str) else None
            if host and not _own(host, domain):
                return wrong(page, key, value, _("an address of {domain}").format(domain=domain))
    return said(evidence, RULES["THP-01"])


@judge("THP-02", "config")
def own_stun_servers(evidence: Evidence) -> Finding:
    """Judge that browsers ask the school's own STUN server."""
    config: Config = evidence["config"]  # type: ignore[assignment]
    domain, key = config["domain"], "p2p.stunServers"
    wanted = f"[ {{ urls: 'stun:{domain}:{STUN}' }} ]"
    hosts: list[str] = []
    for page, settings in pages_of(evidence):
        value = value_of(settings["config"], key)
        if not isinstance(value, list):
            # Without the list the client asks a server of 8x8.
            return wrong(page, key, value, wanted)
        hosts = stun_hosts(settings["config"])
        if foreign := [h for h in hosts if not _own(h, domain) and h not in config["own_hosts"]]:
            return failed(
                _("By {page} browsers ask foreign STUN servers: {hosts}.").format(
                    page=page, hosts=listed(foreign)
                ),
                remedy(key, wanted),
            )
    return fulfilled(
        _("Browsers ask these STUN servers: {hosts}.").format(
            hosts=listed(dict.fromkeys(hosts)) or _("none")
        )
    )


@judge("THP-07", "config")
def links_cannot_override(evidence: Evidence) -> Finding:
    """Judge that the page drops settings behind the "#" before the client reads them."""
    seen = [settings for _page, settings in pages_of(evidence) if settings["fragment"] is not None]
    if not seen:
        raise NotMeasuredError(N_("The page of a room was not evaluated, only config.js."))
    for page, settings in pages_of(evidence):
        if settings["fragment"]:
            return failed(
                _("{page} leaves settings of a crafted link to the client: {text}.").format(
                    page=page, text=written(settings["fragment"])
                ),
                _(
                    "Include a script before the client that drops config.* and interfaceConfig.*"
                    " from the address. `provision deploy` does."
                ),
            )
    return fulfilled(_("The page drops settings of a crafted link before the client starts."))


@judge("THP-08", "config")
def no_foreign_services(evidence: Evidence) -> Finding:
    """Judge that no service of somebody else's is built in."""
    if found := broken(evidence, RULES["THP-08"]):
        return found
    for page, settings in pages_of(evidence):
        config = settings["config"]
        buttons = config.get("toolbarButtons")
        shown = [b for b in VIDEO_BUTTONS if isinstance(buttons, list) and b in buttons]
        if not isinstance(buttons, list) and not config.get("disableThirdPartyRequests"):
            shown = [VIDEO_BUTTONS[0]]  # texts need an address, too
        if shown:
            return failed(
                _("{page} offers videos and texts of other services: {buttons}.").format(
                    page=page, buttons=listed(shown)
                ),
                _("Set toolbarButtons in config.js, without {buttons}.").format(
                    buttons=listed(VIDEO_BUTTONS)
                ),
            )
        for key, text in _texts(config):
            # These have controls of their own.
            if not key.startswith(("p2p.", "legalUrls.")) and _foreign(
                text, evidence["config"]["domain"]
            ):
                return wrong(page, key, text, "undefined")
    return said(evidence, RULES["THP-08"])


@judge("THP-09", "config")
def legal_links_are_own(evidence: Evidence) -> Finding:
    """Judge where legal and help links lead, and what phones are told."""
    domain = evidence["config"]["domain"]
    for page, settings in pages_of(evidence):
        config, interface = settings["config"], settings["interface_config"]
        phones = value_of(config, "deeplinking.disabled")
        if phones is not True and config.get("disableDeepLinking") is not True:
            return wrong(page, "deeplinking.disabled", phones, "true")
        for name in LEGAL:
            value = value_of(config, f"legalUrls.{name}")
            if name == "helpCentre":
                value = config.get("helpCentreURL") or value
            if not isinstance(value, str) or not value or _foreign(value, domain):
                # The client's own defaults lead to jitsi.org.
                return wrong(page, f"legalUrls.{name}", value, f"'https://{domain}/'")
        for key in ("JITSI_WATERMARK_LINK", "BRAND_WATERMARK_LINK", "SUPPORT_URL"):
            if _foreign(str(interface.get(key, "")), domain):
                return failed(
                    _("{page} links a foreign site: {key} is {value}.").format(
                        page=page, key=key, value=written(interface[key])
                    ),
                    _(
                        "Set {key} in interface_config.js to a page of your own. `provision deploy`"
                        " does."
                    ).format(key=key),
                )
    return fulfilled(
        _("No legal or help link leads to Jitsi's makers, and phones stay in the browser.")
    )


def _own(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _foreign(text: str, domain: str) -> bool:
    """Return whether a text is the address of one of the known services of others."""
    found = HOST.search(text)
    host = (found[1] or found[2]).lower() if found else ""
    return not _own(host, domain) and any(_own(host, known) for known in FOREIGN)


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in the settings with its dotted key."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
