"""What a real Chromium does with a school's server, from the start page to hanging up."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from provision.messages.i18n import N_
from provision.verify.chromium import client, trust
from provision.verify.chromium.client import Person
from provision.verify.chromium.errors import BrokenBrowserError, OverdueError
from provision.verify.chromium.program import Chromium
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside.addresses import addresses, own_hosts
from provision.verify.teacher import temporary_teacher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provision.verify.chromium.page import Page
    from provision.verify.target import Target

TIMES = 12
"""How much longer than another probe this one may take: it holds a meeting of two."""
SETTLE = 2.0
"""Seconds after which a page has loaded what it loads by itself."""
AGENTS = {
    "Android": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36",
    "iPhone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "iPad": "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
}
# What a crafted link would set (upstream's list of what an address may set holds all of them).
CRAFTED = {
    "disableThirdPartyRequests": False,
    "doNotStoreRoom": False,
    "faceLandmarks.enableFaceExpressionsDetection": True,
    "giphy.enabled": True,
    "gravatar.disabled": False,
    "localRecording.disable": False,
    "p2p.enabled": True,
    "speakerStats.disabled": False,
    "startWithAudioMuted": False,
    "startWithVideoMuted": False,
}
EMBEDDED = "jitsi_meet_external_api_id"
"""By this the client believes to be a part of another page, and takes its orders."""
TAKES_ORDERS = "!!(window.APP && APP.API && APP.API._enabled)"
ADDRESS = "provision-verify@example.org"
PREVIEW = N_("A room's page did not show the preview of Jitsi's web client.")
REASONS = {
    "welcome": N_("The start page did not load in the browser."),
    "prejoin": PREVIEW,
    "crafted": PREVIEW,
    "phones": N_("A phone's browser got no page."),
    "join": N_("Nobody could join a room in the browser."),
    "menus": N_("The menu of a room could not be opened in the browser."),
    "profile": N_("The settings of a room could not be opened in the browser."),
    "talk": N_("Two people did not come together in a room in the browser."),
    "leave": N_("Hanging up led to no other page in the browser."),
    "close": N_("The start page did not load in the browser."),
}
"""Why a step's findings are missing when it was not finished."""
Teacher = tuple[str, str]
"""Name and password of somebody who may open rooms."""
IN_A_ROOM = ("join", "menus", "profile", "talk", "leave", "close")


def measure(target: Target, teacher: Teacher | None = None) -> dict[str, Any]:
    """Return what a browser showed; steps that were not reached, with the reason, in `missing`.

    Where only teachers open rooms, `teacher` opens one, or else a temporary account.
    """
    option, verified = trust.pin(target)
    visit = _Visit(target, teacher, verified=verified)
    options = [option, f"--host-resolver-rules={rules(target)}"]
    try:
        with Chromium(time.monotonic() + TIMES * target.seconds, options) as browser:
            visit.found["program"] = browser.version
            visit.run(browser)
    except (BrokenBrowserError, OverdueError) as error:
        raise NotMeasuredError(N_("No browser: Chromium does not start here.")) from error
    return visit.found


def rules(target: Target) -> str:
    """Return where names lead: the server's to the server, and every other nowhere.

    So a foreign host is seen to be asked for, and learns nothing of the asking.
    """
    if not target.address:
        return f"MAP * ~NOTFOUND,EXCLUDE {target.domain}"
    own = f"[{target.address}]" if ":" in target.address else target.address
    # Chromium looks up the hosts of STUN and TURN with a dot at the end.
    names = f"MAP {target.domain} {own},MAP {target.domain}. {own}"
    # A second name leads to the relay only where the name service says so.
    second = target.school.turn_domain if target.school else ""
    known = f",EXCLUDE {second},EXCLUDE {second}." if second else ""
    return f"{names},MAP * ~NOTFOUND,EXCLUDE {own}{known}"


class _Visit:
    """One visit to a server, step by step, and what it found."""

    def __init__(self, target: Target, teacher: Teacher | None, *, verified: bool) -> None:
        self.target, self.teacher, self.verified = target, teacher, verified
        self.domain, self.patience = target.domain, target.seconds
        self.closed = False
        """Whether the server tells guests from those who have an account."""
        self.room = f"provision-verify-{secrets.token_hex(8)}"
        self.found: dict[str, Any] = {
            "names": [target.domain],
            "addresses": sorted(
                addresses(target.host, self.patience) | addresses(target.domain, self.patience)
            ),
            "hosts": {},
            "links": {},
            "missing": {},
        }

    def run(self, browser: Chromium) -> None:
        """Take all steps; one that fails costs itself and those that need it."""
        with self._step("welcome"):
            self._welcome(browser)
        with self._step("phones"):
            self._phones(browser)
        with self._step("prejoin", "crafted", *IN_A_ROOM):
            self._prejoin(browser)
            with self._step("crafted"):
                self._crafted(browser)
            with self._step(*IN_A_ROOM):
                self._meeting(browser)

    @contextmanager
    def _step(self, *names: str) -> Iterator[None]:
        """Note why findings are missing, of the first step and of those that depend on it."""
        try:
            yield
        except (BrokenBrowserError, OverdueError):
            self._skip(REASONS[names[0]], *names)

    def _skip(self, reason: str, *names: str) -> None:
        for name in names:
            self.found["missing"].setdefault(name, reason)

    def _note(self, step: str, *pages: Page) -> None:
        """Keep whom the pages contacted since the last time."""
        self.found["hosts"][step] = sorted(set().union(*(page.contacted() for page in pages)))

    def _links(self, page: Page) -> list[str]:
        """Return where the page links to that is not this server: a host, or an app's scheme."""
        found = set()
        for link in page.evaluate(client.LINKS):
            parts = urlsplit(link)
            if parts.scheme in {"http", "https"}:
                found.add(parts.hostname or "")
            elif parts.scheme not in {"mailto", "tel", "javascript", "blob", "data", ""}:
                found.add(f"{parts.scheme}:")
        return sorted(found - {self.domain, ""})

    def _welcome(self, browser: Chromium) -> None:
        with browser.page() as page:
            page.visit(f"https://{self.domain}/")
            page.until("document.readyState === 'complete'", self.patience)
            page.rest(SETTLE)
            self._note("welcome", page)
            self.found["links"]["welcome"] = self._links(page)

    def _phones(self, browser: Chromium) -> None:
        phones = {}
        for name, agent in AGENTS.items():
            with browser.page(agent) as page:
                page.visit(f"https://{self.domain}/{self.room}")
                page.until("document.readyState === 'complete'", self.patience)
                with suppress(OverdueError):
                    page.until(client.SETTLED, self.patience)
                phones[name] = {
                    "preview": page.has(client.PREVIEW),
                    "hosts": sorted(page.contacted()),
                    "links": self._links(page),
                }
        self.found["phones"] = phones

    def _prejoin(self, browser: Chromium) -> None:
        with browser.page() as page:
            person = Person(page, self.domain, self.room)
            person.open()
            page.rest(SETTLE)
            self._note("prejoin", page)
            self.found["links"]["prejoin"] = self._links(page)
            self.found["settings"] = person.settings(CRAFTED)
            self.closed = bool(person.settings(["hosts.anonymousdomain"])["hosts.anonymousdomain"])

    def _crafted(self, browser: Chromium) -> None:
        """Open a link that switches every protection off."""
        usual = self.found["settings"]
        parts = [f"config.{name}={json.dumps(value)}" for name, value in CRAFTED.items()]
        # With an address the client asks a service of avatars for a picture, where it may.
        parts.append(f"userInfo.email={quote(json.dumps(ADDRESS))}")
        parts.append(f"{EMBEDDED}=0")
        with browser.page() as page:
            person = Person(page, self.domain, self.room)
            person.open(fragment="#" + "&".join(parts))
            page.rest(SETTLE)
            self._note("crafted", page)
            now = person.settings(CRAFTED)
            steered = [EMBEDDED] if page.evaluate(TAKES_ORDERS) else []
        self.found["crafted"] = [name for name in CRAFTED if now[name] != usual[name]] + steered

    def _meeting(self, browser: Chromium) -> None:
        with ExitStack() as stack:
            try:
                teacher = self._opener(stack)
            except NotMeasuredError as reason:
                self._skip(str(reason) if reason.values else reason.message, *IN_A_ROOM)
                return
            one, other = (stack.enter_context(browser.page()) for _ in range(2))
            self._hold(
                Person(one, self.domain, self.room), Person(other, self.domain, self.room), teacher
            )

    def _opener(self, stack: ExitStack) -> Teacher | None:
        """Return who opens the room, None where anybody may."""
        if self.teacher or not self.closed:
            return self.teacher
        if not self.verified:
            raise NotMeasuredError(
                N_("The certificate does not verify: no password is typed into such a page.")
            )
        if self.target.school is None:
            raise NotMeasuredError(N_("Joining a room needs a teacher's account."))
        seconds = round(TIMES * self.target.seconds)
        account = stack.enter_context(temporary_teacher(self.target, seconds))
        return account.user, account.password

    def _hold(self, host: Person, guest: Person, teacher: Teacher | None) -> None:
        """Hold a meeting of two and look at it with the guest's eyes."""
        self._gather(host, guest, teacher)
        guest.page.rest(SETTLE)
        self.found["live"] = guest.live()
        self._note("join", host.page, guest.page)
        with self._step("menus"):
            self.found["buttons"] = guest.offers()
        with self._step("profile"):
            self.found["backgrounds"] = guest.backgrounds()
            self.found["email"] = guest.asks_for_address()
        with self._step("talk"):
            self._talk(host, guest)
        with self._step("leave"):
            guest.leave()
            guest.page.rest(SETTLE)
            self._note("leave", guest.page)
            self.found["stored"] = guest.stored()
        with self._step("close"):
            self.found["abandoned"] = host.stored_without_hanging_up()

    @staticmethod
    def _gather(host: Person, guest: Person, teacher: Teacher | None) -> None:
        """Bring two people into the room, through the lobby if there is one."""
        host.open(login=bool(teacher))
        stage = host.join("provision verify")
        if stage == client.SIGN_IN and teacher:
            host.sign_in(*teacher)
        elif stage != client.JOINED:
            raise OverdueError(stage)
        guest.open()
        if guest.join("provision verify 2") != client.JOINED:
            host.admit()
            guest.inside()

    def _talk(self, host: Person, guest: Person) -> None:
        for person in (host, guest):
            person.connected()
            person.talk()
        with suppress(OverdueError):
            guest.hears_and_sees()
        self._note("talk", host.page, guest.page)
        self.found["connections"] = host.connections() + guest.connections()
        # A second name of the same server, such as that of TURN on port 443.
        servers = {url for one in self.found["connections"] for url in one["servers"]}
        hosts = {urlsplit("//" + url.partition(":")[2]).hostname or "" for url in servers}
        own = own_hosts(self.target, hosts - {""}, self.patience)
        self.found["names"] = sorted({self.domain, *own})
