"""One Chromium with a profile of its own, that ends and is removed with the block."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from provision.messages.i18n import N_
from provision.verify.chromium.errors import BrokenBrowserError, OverdueError
from provision.verify.chromium.installed import chromium
from provision.verify.chromium.page import Page
from provision.verify.evidence import NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# DevTools over file descriptors 3 and 4, which the shell ties to our two ordinary pipes.
START = 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null'
OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    # Nothing that the browser itself would tell or ask its makers.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=MediaRouter,OptimizationHints,Translate,CertificateTransparencyComponentUpdater",
    "--no-pings",
    "--password-store=basic",
    # A picture and a tone of its own instead of this computer's camera and microphone.
    "--use-fake-device-for-media-stream=device-count=1,fps=15",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--renderer-process-limit=4",
    "--disk-cache-size=50000000",
)
END = 5.0
"""Seconds for Chromium to end by itself."""


def find() -> str:
    """Return the path of a Chromium on this computer, or raise NotMeasuredError."""
    program = chromium()
    if not program:
        raise NotMeasuredError(N_("No browser: Chromium is not installed on this computer."))
    return program


class Chromium:
    """A running Chromium. All waiting for it ends at `deadline` (of time.monotonic)."""

    def __init__(self, deadline: float, options: Sequence[str] = ()) -> None:
        self.deadline = deadline
        self.pages: dict[str, Page] = {}
        self.version = ""
        self._folder = Path(tempfile.mkdtemp(prefix="provision-browser-"))
        self._unread = b""
        self._number = 0
        self._answer: dict[str, Any] | None = None
        try:
            self.process = subprocess.Popen(
                ["sh", "-c", START, find(), f"--user-data-dir={self._folder}", *self._all(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Chromium is many processes: their group is ended as one.
                start_new_session=True,
            )
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    @staticmethod
    def _all(options: Sequence[str]) -> Iterator[str]:
        yield from OPTIONS
        if os.geteuid() == 0:
            # Chromium refuses to run as root with its sandbox.
            yield "--no-sandbox"
        yield from options
        yield "about:blank"

    def __enter__(self) -> Self:
        try:
            self.version = self.command("Browser.getVersion")["product"]
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End Chromium and remove its profile."""
        with suppress(BrokenBrowserError):
            self._send("Browser.close", {}, "")
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()
        end = time.monotonic() + END
        # Killed children of it may still be writing.
        while self._folder.exists() and time.monotonic() < end:
            shutil.rmtree(self._folder, ignore_errors=True)

    def page(self, agent: str = "", person: str = "") -> Page:
        """Return an empty page, of a new person unless one is given.

        Nothing stored is shared with the pages of other people.
        """
        person = person or self.command("Target.createBrowserContext")["browserContextId"]
        target = self.command(
            "Target.createTarget",
            {"url": "about:blank", "browserContextId": person, "width": 1280, "height": 800},
        )["targetId"]
        session = self.command("Target.attachToTarget", {"targetId": target, "flatten": True})[
            "sessionId"
        ]
        page = self.pages[session] = Page(self, session, person)
        page.prepare(agent)
        return page

    def command(
        self, method: str, parameters: dict[str, Any] | None = None, session: str = ""
    ) -> dict[str, Any]:
        """Return the result of a DevTools command."""
        self._answer = None
        self._send(method, parameters or {}, session)
        while not self._answer:
            self.listen(self.deadline - time.monotonic())
        answer = self._answer
        if "error" in answer:
            raise BrokenBrowserError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def tell(self, method: str, parameters: dict[str, Any], session: str) -> None:
        """Send a command whose result nobody waits for, from within an event, too."""
        self._send(method, parameters, session, number=0)

    def listen(self, seconds: float) -> bool:
        """Take in one batch of messages; return whether there was any within the time."""
        seconds = min(seconds, self.deadline - time.monotonic())
        if seconds <= 0:
            if time.monotonic() >= self.deadline:
                raise OverdueError
            return False
        assert self.process.stdout
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return False
        received = os.read(self.process.stdout.fileno(), 1 << 16)
        if not received:
            raise BrokenBrowserError("Chromium has ended")
        *whole, self._unread = (self._unread + received).split(b"\0")
        for message in whole:
            self._take(json.loads(message))
        return True

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            if message["id"] == self._number:
                self._answer = message
        else:
            page = self.pages.get(message.get("sessionId", ""))
            if page:
                page.event(message["method"], message["params"], message["sessionId"])

    def _send(
        self, method: str, parameters: dict[str, Any], session: str, *, number: int | None = None
    ) -> None:
        if number is None:
            number = self._number = self._number + 1
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\0")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise BrokenBrowserError("Chromium has ended") from error
