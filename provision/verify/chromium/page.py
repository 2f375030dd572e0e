"""One page of one person: what it loads, whom it contacts, and hands to use it."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from provision.verify.chromium.errors import BrokenBrowserError, OverdueError

LOOK_AGAIN = 0.2
"""Seconds between two looks at something that is waited for."""
LOCAL = ("", "data", "blob", "about", "chrome", "chrome-extension", "devtools")
# What DevTools does not tell: whom WebRTC asks, and what cameras and microphones do. Runs before
# the page's own scripts, in every document.
WITNESS = """(() => {
  const seen = { connections: [], streams: [] };
  Object.defineProperty(window, '__provision', { value: seen });
  const Native = window.RTCPeerConnection;
  if (Native) {
    window.RTCPeerConnection = class RTCPeerConnection extends Native {
      constructor(...given) { super(...given); seen.connections.push(this); }
    };
  }
  const devices = window.MediaDevices && window.MediaDevices.prototype;
  if (devices) {
    const native = devices.getUserMedia;
    devices.getUserMedia = async function (...given) {
      const stream = await native.apply(this, given);
      seen.streams.push(stream);
      return stream;
    };
  }
})()"""
# An expression's value, an element as `true` (as JSON it would be nothing), an error as nothing.
LOOK = """async look => {
  try {
    const value = await look();
    return value instanceof Node ? true : value;
  } catch {
    return null;
  }
}"""
# What a page lets the browser connect to, or look up, before it asks for anything.
HINTS = """[...document.querySelectorAll('link[rel~=preconnect], link[rel~=dns-prefetch]')]
  .map(link => link.href)"""
# Sent to the page and to each of its frames and workers.
LISTENING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Network.enable", {}),
    (
        "Target.setAutoAttach",
        {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True},
    ),
)


class Browser(Protocol):
    """What a page needs of the program that it is in."""

    pages: dict[str, Page]

    def page(self, agent: str = "", person: str = "") -> Page:
        """Return another page, of a new person unless one is given."""

    def command(
        self, method: str, parameters: dict[str, Any] | None = None, session: str = ""
    ) -> dict[str, Any]:
        """Return the result of a DevTools command."""

    def tell(self, method: str, parameters: dict[str, Any], session: str) -> None:
        """Send a command whose result nobody waits for."""

    def listen(self, seconds: float) -> bool:
        """Take in one batch of messages; return whether there was any within the time."""


class Page:
    """A tab of a fresh person."""

    def __init__(self, browser: Browser, session: str, person: str) -> None:
        self.browser, self.session, self.person = browser, session, person
        self._asked: dict[str, list[str]] = {}
        """By request: its hosts, one after the other where it was redirected."""

    def prepare(self, agent: str) -> None:
        """Listen to everything; with another user agent where one is given."""
        for method, parameters in LISTENING:
            self.command(method, parameters)
        self.command("Page.enable")
        if agent:
            self.command("Emulation.setUserAgentOverride", {"userAgent": agent})
            touch = {"width": 800, "height": 1100, "deviceScaleFactor": 1, "mobile": True}
            self.command("Emulation.setDeviceMetricsOverride", touch)
            self.command("Emulation.setTouchEmulationEnabled", {"enabled": True})
        self.command("Page.addScriptToEvaluateOnNewDocument", {"source": WITNESS})

    def command(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of a DevTools command for this page."""
        return self.browser.command(method, parameters, self.session)

    def event(self, method: str, parameters: dict[str, Any], session: str) -> None:
        """Take note of what the page, or a frame or worker of it, does."""
        match method:
            case "Network.requestWillBeSent":
                self._ask(parameters["requestId"], parameters["request"]["url"])
            case "Network.webSocketCreated":
                self._ask(parameters["requestId"], parameters["url"])
            case "Network.webTransportCreated":
                self._ask(parameters["transportId"], parameters["url"])
            case "Network.loadingFailed" if parameters.get("blockedReason"):
                # The page's own policy forbade it: nothing was sent.
                self._asked.get(parameters["requestId"], [""]).pop()
            case "Target.attachedToTarget":
                child = parameters["sessionId"]
                self.browser.pages[child] = self
                for name, values in LISTENING:
                    self.browser.tell(name, values, child)
                self.browser.tell("Runtime.runIfWaitingForDebugger", {}, child)
            case "Target.detachedFromTarget":
                self.browser.pages.pop(parameters["sessionId"], None)
            case "Page.javascriptDialogOpening":
                self.browser.tell("Page.handleJavaScriptDialog", {"accept": True}, session)

    def _ask(self, request: str, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in LOCAL and parts.hostname:
            self._asked.setdefault(request, []).append(parts.hostname)

    def contacted(self) -> set[str]:
        """Return every host that was asked for something since the last call."""
        found = {host for hosts in self._asked.values() for host in hosts}
        self._asked.clear()
        with suppress(BrokenBrowserError):
            found |= {urlsplit(url).hostname or "" for url in self.evaluate(HINTS)} - {""}
        return found

    def visit(self, url: str) -> None:
        """Open an address; the answer has begun when this returns."""
        answer = self.command("Page.navigate", {"url": url})
        if answer.get("errorText"):
            raise BrokenBrowserError(f"{url}: {answer['errorText']}")

    def evaluate(self, expression: str) -> Any:
        """Return the JSON value of a JavaScript expression, awaited."""
        answer = self.command(
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "returnByValue": True},
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrokenBrowserError(
                details.get("exception", {}).get("description", details["text"])
            )
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float) -> Any:
        """Return the first true value of an expression, or raise OverdueError."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = self.evaluate(f"({LOOK})(() => {expression})")
            except BrokenBrowserError:  # between two documents
                value = None
            if value:
                return value
            if time.monotonic() > end:
                raise OverdueError(expression)
            self.rest(LOOK_AGAIN)

    def rest(self, seconds: float) -> None:
        """Only listen, for this long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.browser.listen(left)

    def has(self, selector: str) -> bool:
        """Return whether an element is there."""
        return bool(self.evaluate(f"!!document.querySelector({json.dumps(selector)})"))

    def click(self, selector: str, seconds: float = 10) -> None:
        """Press an element, as soon as it is there."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.until(f"{found} && !{found}.disabled", seconds)
        self.evaluate(f"{found}.click()")

    def write(self, selector: str, text: str, seconds: float = 10) -> None:
        """Type into a field, as soon as it is there."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.until(found + " && true", seconds)
        self.evaluate(f"({found}.focus(), {found}.select(), true)")
        self.command("Input.insertText", {"text": text})

    def cookies(self) -> list[str]:
        """Return the names of this person's cookies, each with its host."""
        found = self.browser.command("Storage.getCookies", {"browserContextId": self.person})
        return sorted(f"{cookie['name']} ({cookie['domain']})" for cookie in found["cookies"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(BrokenBrowserError, OverdueError):
            self.close()

    def close(self) -> None:
        """Let the person go, with all that was stored."""
        self.browser.command("Target.disposeBrowserContext", {"browserContextId": self.person})
