"""Windows of a real Chromium or Firefox that open and hold each other, as pages can make them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect

from provision.verify.chromium.errors import BrokenBrowserError
from provision.verify.chromium.installed import chromium
from provision.verify.chromium.program import Chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

SECONDS = 60.0
LOOK_AGAIN = 0.05
NAMES = ("chromium", "firefox")
# What Firefox would ask its makers, and would keep from a test.
PREFERENCES = {
    "dom.disable_open_during_load": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "services.settings.server": "data:,",
    "extensions.getAddons.cache.enabled": False,
    "toolkit.telemetry.enabled": False,
}


class Windows(ABC):
    """A browser of one person, without a cookie of anybody."""

    @abstractmethod
    def open(self, url: str) -> str:
        """Return a new window that nobody holds, on its way to an address."""

    @abstractmethod
    def all(self) -> dict[str, str]:
        """Return all windows that are open, and what they show."""

    @abstractmethod
    def close(self, window: str) -> None:
        """Close a window, as somebody does with the cross in its corner."""

    @abstractmethod
    def kill(self) -> None:
        """End the browser at once, as a crash does."""

    @abstractmethod
    def evaluate(self, window: str, expression: str) -> Any:
        """Return the JSON value of an expression, as if somebody had just clicked there."""

    def until(self, window: str, expression: str) -> Any:
        """Return the first true value of an expression; while a page loads there is none."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with suppress(LookupError):
                if value := self.evaluate(window, expression):
                    return value
            time.sleep(LOOK_AGAIN)
        raise AssertionError(f"{self.all()}: never {expression}")

    def opened_by(self, window: str, url: str) -> str:
        """Let a page open another in a window that it holds as `held`; return that window."""
        before = set(self.all())
        self.evaluate(window, f"(window.held = window.open({json.dumps(url)})) !== null")
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if new := set(self.all()) - before:
                return new.pop()
            time.sleep(LOOK_AGAIN)
        raise AssertionError(f"{url} was not opened")


class _Chromium(Windows):
    def __init__(self, browser: Chromium, *, profile: bool) -> None:
        self.browser = browser
        # A person without a profile leaves nothing, whatever a page does.
        self.person = {} if profile else browser.command("Target.createBrowserContext")
        self._sessions: dict[str, str] = {}

    def open(self, url: str) -> str:
        wanted = {"url": url} | self.person
        return str(self.browser.command("Target.createTarget", wanted)["targetId"])

    def all(self) -> dict[str, str]:
        found = self.browser.command("Target.getTargets")["targetInfos"]
        return {one["targetId"]: one["url"] for one in found
                if one["type"] == "page" and self.person.items() <= one.items()}  # fmt: skip

    def close(self, window: str) -> None:
        self.browser.command("Target.closeTarget", {"targetId": window})

    def kill(self) -> None:
        os.killpg(self.browser.process.pid, signal.SIGKILL)
        self.browser.process.wait()

    def evaluate(self, window: str, expression: str) -> Any:
        if window not in self._sessions:
            wanted = {"targetId": window, "flatten": True}
            answer = self.browser.command("Target.attachToTarget", wanted)
            self._sessions[window] = answer["sessionId"]
        wanted = {"expression": expression, "returnByValue": True, "userGesture": True}
        try:
            found = self.browser.command("Runtime.evaluate", wanted, self._sessions[window])
        except BrokenBrowserError as error:  # between two documents
            raise LookupError from error
        if "exceptionDetails" in found:
            raise LookupError(found["exceptionDetails"])
        return found["result"].get("value")


class _Firefox(Windows):
    """Through WebDriver BiDi, which Firefox itself speaks."""

    def __init__(self, connection: ClientConnection, process: subprocess.Popen[bytes]) -> None:
        self.connection, self.process = connection, process
        self._number = 0
        wanted = {"alwaysMatch": {"acceptInsecureCerts": True}}
        self.command("session.new", capabilities=wanted)

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the result of a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self.connection.send(json.dumps(message))
        while True:
            answer = json.loads(self.connection.recv(SECONDS))
            if answer.get("id") == self._number:
                break
        if answer["type"] != "success":
            raise LookupError(answer)
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> str:
        window = str(self.command("browsingContext.create", type="tab")["context"])
        self.command("browsingContext.navigate", context=window, url=url, wait="none")
        return window

    def all(self) -> dict[str, str]:
        found = self.command("browsingContext.getTree", maxDepth=0)["contexts"]
        return {one["context"]: one["url"] for one in found}

    def close(self, window: str) -> None:
        self.command("browsingContext.close", context=window)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def evaluate(self, window: str, expression: str) -> Any:
        found = self.command(
            "script.evaluate",
            expression=f"JSON.stringify(({expression}))",
            target={"context": window},
            awaitPromise=False,
            userActivation=True,
        )
        if found["type"] != "success":
            raise LookupError(found)
        return json.loads(found["result"].get("value") or "null")


def missing(name: str) -> bool:
    """Tell whether a browser is not installed on this computer."""
    return not (chromium() if name == "chromium" else shutil.which("firefox-esr"))


@contextmanager
def windows(
    name: str, host: str = "", address: str = "", profile: Path | None = None
) -> Iterator[Windows]:
    """A browser that finds a host at an address, and takes whatever certificate it shows.

    With a profile it remembers what a pupil's browser does, and finds it there the next time.
    """
    if name == "chromium":
        options = ["--ignore-certificate-errors", "--disable-popup-blocking"]
        if host:
            options.append(f"--host-resolver-rules=MAP {host} {address}")
        if profile:
            options.append(f"--user-data-dir={profile}")
        with Chromium(time.monotonic() + 10 * SECONDS, options) as browser:
            yield _Chromium(browser, profile=bool(profile))
        return
    with _firefox(host, address, profile) as running:
        yield running


@contextmanager
def _firefox(host: str, address: str, profile: Path | None) -> Iterator[_Firefox]:
    folder = profile or Path(tempfile.mkdtemp(prefix="provision-firefox-"))
    folder.mkdir(exist_ok=True)
    preferences: dict[str, Any] = dict(PREFERENCES)
    if host:
        preferences["network.dns.forceResolve"] = address
    (folder / "user.js").write_text(
        "".join(f"user_pref({json.dumps(key)}, {json.dumps(value)});\n"
                for key, value in preferences.items())
    )  # fmt: skip
    command = ["firefox-esr", "--headless", "--no-remote", "--profile", str(folder),
               "--remote-debugging-port=0", "about:blank"]  # fmt: skip
    with (folder / "said").open("w") as said:
        # Firefox is many processes: their group is ended as one.
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
    try:
        with connect(f"{_listening(folder)}/session", max_size=None) as connection:
            yield _Firefox(connection, process)
            with suppress(Exception):
                connection.send('{"id": 0, "method": "browser.close", "params": {}}')
    finally:
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not profile:
            shutil.rmtree(folder, ignore_errors=True)


def _listening(folder: Path) -> str:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for line in (folder / "said").read_text().splitlines():
            if "ws://" in line:
                return "ws://" + line.partition("ws://")[2].strip()
        time.sleep(LOOK_AGAIN)
    raise AssertionError((folder / "said").read_text())
