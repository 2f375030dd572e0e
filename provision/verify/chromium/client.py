"""Jitsi's web client in a page: the few things that a person does in it.

Elements are found by the ids that upstream's own browser tests use; buttons, which have none, by
labels that the client's own dictionary has for them, in whatever language it speaks.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from provision.verify.chromium.errors import OverdueError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.verify.chromium.page import Page

PREVIEW = "[data-testid='prejoin.screen'], [data-testid='lobby.nameField']"
SETTLED = f"document.querySelector({json.dumps(PREVIEW + ', #react a[href]')})"
MENU, CLOSE = "#overflow-context-menu", "#modal-header-close-button"
# "None" and the blurred ones; pictures are <img>.
CHOICE = "[aria-describedby=virtual-background-current-info] div[role=radio]"
EFFECTS = f"document.querySelectorAll('{CHOICE}')"
JOINED, SIGN_IN, WAITING, LOBBY = "joined", "sign in", "waiting", "lobby"
STAGE = """(() => {
  const conference = APP.conference;
  if (conference.isJoined && conference.isJoined()) return 'joined';
  if (document.querySelector('#login-dialog-username')) return 'sign in';
  const room = conference._room && conference._room.room;
  if (room && room.getLobby && room.getLobby() && room.getLobby().lobbyRoom) return 'lobby';
  if (document.querySelector('#modal-dialog-ok-button')) return 'waiting';
})()"""
CONNECTED = "APP.conference.isJoined() && APP.conference.getConnectionState() === 'connected'"
SETTINGS = "APP.store.getState()['features/base/config']"
CONNECTIONS = """(async () => {
  const found = [];
  const at = candidate => candidate ? `${candidate.address || ''} ${candidate.port}` : '';
  for (const connection of __provision.connections) {
    const servers = (connection.getConfiguration().iceServers || []).flatMap(s => s.urls);
    const one = { servers, pair: null, sound: 0, picture: 0 };
    found.push(one);
    if (connection.connectionState === 'closed') continue;
    const stats = await connection.getStats();
    for (const entry of stats.values()) {
      if (entry.type === 'transport' && entry.selectedCandidatePairId) {
        const pair = stats.get(entry.selectedCandidatePairId);
        const remote = stats.get(pair.remoteCandidateId);
        one.pair = { local: at(stats.get(pair.localCandidateId)), remote: at(remote),
                     kind: remote.candidateType, protocol: remote.protocol };
      }
      if (entry.type === 'inbound-rtp') {
        one[entry.kind === 'audio' ? 'sound' : 'picture'] += entry.bytesReceived || 0;
      }
    }
  }
  return found;
})()"""
LIVE = """__provision.streams.flatMap(stream => stream.getTracks())
  .filter(track => track.readyState === 'live' && track.enabled).map(track => track.kind)"""
# Upstream's keys of all labels that buttons can have, by label.
WORDS = """(async () => {
  const language = localStorage.getItem('language')
    || APP.store.getState()['features/base/config'].defaultLanguage || 'en';
  const read = async name => (await fetch(`/lang/${name}.json`)).json();
  const dictionaries = [await read('main')];
  if (language !== 'en') dictionaries.push(await read(`main-${language}`));
  const found = {};
  for (const words of dictionaries) {
    for (const group of [words.dialog, words.toolbar, words.toolbar.accessibilityLabel]) {
      for (const [key, text] of Object.entries(group || {})) {
        if (typeof text === 'string') found[text] = key;
      }
    }
  }
  return found;
})()"""
LABELS = """[...new Set([...document.querySelectorAll('button, [role=button], [role=menuitem]')]
  .map(item => item.getAttribute('aria-label') || item.textContent.trim()))].filter(Boolean)"""
LINKS = """[...new Set([...document.querySelectorAll('a[href], iframe[src]')]
  .map(item => item.href || item.src))]"""
STORED = """(async () => {
  const empty = value => ['', '[]', '{}', 'null', '""'].includes(value);
  const names = store => Object.keys(store).filter(key => !empty(store.getItem(key)));
  const workers = navigator.serviceWorker ? await navigator.serviceWorker.getRegistrations() : [];
  return {
    page: location.pathname,
    local: names(localStorage),
    session: names(sessionStorage),
    databases: (await indexedDB.databases()).map(base => base.name),
    caches: window.caches ? await caches.keys() : [],
    workers: workers.map(worker => worker.scope),
  };
})()"""


class Person:
    """Somebody in a room of a domain."""

    def __init__(self, page: Page, domain: str, room: str) -> None:
        self.page, self.domain, self.room = page, domain, room

    def open(self, *, login: bool = False, fragment: str = "", seconds: float = 30) -> None:
        """Open the room's address; back when the client shows its preview."""
        query = "?login=true" if login else ""
        self.page.visit(f"https://{self.domain}/{quote(self.room)}{query}{fragment}")
        self.page.until("document.readyState === 'complete'", seconds)
        if not self.page.evaluate("!!window.APP"):
            raise OverdueError("this page is not Jitsi's web client")
        self.page.until(f"document.querySelector({json.dumps(PREVIEW)}) && {SETTINGS}", seconds)

    def settings(self, names: Iterable[str]) -> dict[str, Any]:
        """Return settings of config.js as they are in force; None where there is none."""
        paths = {name: "?.".join(name.split(".")) for name in names}
        parts = ", ".join(f"{json.dumps(name)}: all.{path}" for name, path in paths.items())
        found = self.page.evaluate(f"(all => ({{ {parts} }}))({SETTINGS})")
        return {name: found.get(name) for name in paths}

    def join(self, name: str, seconds: float = 30) -> str:
        """Press "Join"; return JOINED, SIGN_IN, WAITING or LOBBY, whatever comes."""
        self.page.write("#premeeting-name-input", name)
        self.page.click("[data-testid='prejoin.joinMeeting']")
        return str(self.page.until(STAGE, seconds))

    def sign_in(self, name: str, password: str, seconds: float = 30) -> None:
        """Fill in the log-in dialog; back when the room is joined."""
        self.page.write("#login-dialog-username", name)
        self.page.write("#login-dialog-password", password)
        self.page.click("#modal-dialog-ok-button")
        self.inside(seconds)

    def admit(self, seconds: float = 30) -> None:
        """Let in somebody who waits in the lobby."""
        self.page.click("[data-testid='participantsPane.actions.admit']", seconds)

    def inside(self, seconds: float = 30) -> None:
        """Back when the room is joined."""
        self.page.until("APP.conference.isJoined()", seconds)

    def connected(self, seconds: float = 30) -> None:
        """Back when media flows, or could."""
        self.page.until(CONNECTED, seconds)

    def talk(self) -> None:
        """Switch microphone and camera on."""
        self.page.evaluate("(APP.conference.muteAudio(false), APP.conference.muteVideo(false), 1)")

    def connections(self) -> list[dict[str, Any]]:
        """Return servers, chosen partner and received media of each peer connection."""
        found: list[dict[str, Any]] = self.page.evaluate(CONNECTIONS)
        return found

    def hears_and_sees(self, seconds: float = 15) -> None:
        """Back when sound and picture of somebody else have arrived."""
        self.page.until(
            f"{CONNECTIONS}.then(all => all.some(one => one.sound && one.picture))", seconds
        )

    def live(self) -> list[str]:
        """Return the kinds of local tracks that take in sound or picture."""
        return sorted(self.page.evaluate(LIVE))

    def offers(self) -> list[str]:
        """Return upstream's names of all buttons that are there, the menu's included."""
        self._open_menu()
        labels = self.page.evaluate(LABELS)
        return sorted({self._words[label] for label in labels if label in self._words})

    def backgrounds(self) -> dict[str, bool]:
        """Return whether a blurred background is offered, and whether own pictures are."""
        self._choose("selectBackground")
        self.page.until(f"{EFFECTS}.length", 10)
        found = {
            "blur": self.page.evaluate(f"{EFFECTS}.length > 1"),
            "upload": self.page.has("#file-upload"),
        }
        self._close_dialog()
        return found

    def asks_for_address(self) -> bool:
        """Return whether the profile page has a field for an e-mail address."""
        self._choose("profile")
        self.page.until("document.querySelector('#setDisplayName')", 10)
        found = self.page.has("#setEmail")
        self._close_dialog()
        return found

    @cached_property
    def _words(self) -> dict[str, str]:
        found: dict[str, str] = self.page.evaluate(WORDS)
        return found

    def _choose(self, entry: str) -> None:
        """Press an entry of the menu, by upstream's name of it."""
        self._open_menu()
        labels = [label for label, name in self._words.items() if name == entry]
        self.page.click(
            ", ".join(
                f"{MENU} [aria-label={json.dumps(label, ensure_ascii=False)}]" for label in labels
            )
        )

    def _open_menu(self) -> None:
        if not self.page.has(MENU):
            self.page.click(".toolbox-button-wth-dialog.context-menu [role=button]")
            self.page.until(f"document.querySelector('{MENU}')", 10)

    def _close_dialog(self) -> None:
        self.page.click(CLOSE)
        self.page.until(f"!document.querySelector('{CLOSE}')", 5)

    def stored(self) -> dict[str, Any]:
        """Return the names of what this person's browser holds now, by kind; nothing empty."""
        found: dict[str, Any] = self.page.evaluate(STORED)
        return found | {"cookies": self.page.cookies()}

    def stored_without_hanging_up(self, seconds: float = 20) -> dict[str, Any]:
        """Close the tab; return what is stored for who opens the start page there later."""
        self.page.command("Page.close")
        self.page = self.page.browser.page(person=self.page.person)
        self.page.visit(f"https://{self.domain}/")
        self.page.until("document.readyState === 'complete'", seconds)
        return self.stored()

    def leave(self, seconds: float = 20) -> None:
        """Hang up; back when another page has come."""
        before = self.page.evaluate("location.pathname")
        self.page.evaluate("void APP.conference.hangup(false)")
        self.page.until(f"location.pathname !== {json.dumps(before)} && document.body", seconds)
