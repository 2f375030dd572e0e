"""A browser of our own: it hears what pages do, ends in time, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from provision.verify.chromium import installed
from provision.verify.chromium.errors import BrokenBrowserError, OverdueError
from provision.verify.chromium.program import Chromium, find
from provision.verify.evidence import NotMeasuredError

if TYPE_CHECKING:
    from pathlib import Path

needs_chromium = pytest.mark.skipif(
    not installed.chromium(), reason="no browser here: apt-get install chromium"
)
NOWHERE = ["--host-resolver-rules=MAP * ~NOTFOUND"]


def page(text: str) -> str:
    """An address that is its own document."""
    return f"data:text/html,{quote(text)}"


def alive(group: int) -> list[str]:
    """The processes of a group that still run."""
    found = subprocess.run(
        ["ps", "-e", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(maxsplit=2) for line in found.stdout.splitlines()]
    return [line[2] for line in lines if line[0] == str(group) and not line[1].startswith("Z")]


def chromium(seconds: float = 30) -> Chromium:
    """A browser that reaches nobody."""
    return Chromium(time.monotonic() + seconds, NOWHERE)


@needs_chromium
def test_whoever_is_asked_is_heard_of_and_whoever_the_policy_forbids_is_not() -> None:
    with chromium() as browser, browser.page() as tab:
        tab.visit(
            page(
                "<meta http-equiv=Content-Security-Policy content='img-src http://image.example'>"
                "<link rel=preconnect href=https://early.example>"
                "<img src=http://image.example/a><img src=https://forbidden.example/b>"
                "<iframe srcdoc='<script src=https://frame.example/c></script>'></iframe>"
                "<script>new WebSocket('wss://socket.example/d')</script>"
                "<script>new Worker(URL.createObjectURL(new Blob(["
                "'fetch(`https://worker.example/`)'])))</script>"
            )
        )
        tab.rest(2)
        own = {"image.example", "early.example", "frame.example", "socket.example"}
        assert tab.contacted() == own | {"worker.example"}
        assert tab.contacted() == {"early.example"}


@needs_chromium
def test_two_pages_are_two_people() -> None:
    with chromium() as browser, browser.page() as one, browser.page("Phone/1") as other:
        for tab in (one, other):
            tab.visit("about:blank")
        assert one.evaluate("navigator.userAgent").startswith("Mozilla/")
        assert other.evaluate("navigator.userAgent") == "Phone/1"
        assert one.person != other.person


@needs_chromium
def test_servers_and_tracks_of_a_conference_are_witnessed() -> None:
    with chromium() as browser, browser.page() as tab:
        tab.visit(page("<h1>x</h1>"))
        tab.evaluate(
            "void new RTCPeerConnection({ iceServers: [{ urls: 'stun:a.example:3478' }] })"
        )
        assert tab.evaluate("__provision.connections[0].getConfiguration().iceServers[0].urls") == [
            "stun:a.example:3478"
        ]


@needs_chromium
def test_typing_and_pressing_reach_the_page() -> None:
    with chromium() as browser, browser.page() as tab:
        tab.visit(
            page("<input id=a value=old><button onclick='document.title=a.value'>go</button>")
        )
        tab.write("#a", 'Kim\'s "name"')
        tab.click("button")
        assert tab.until("document.title", 5) == 'Kim\'s "name"'
        with pytest.raises(OverdueError):
            tab.click("#nothing", 0.5)


@needs_chromium
def test_a_page_that_never_ends_costs_no_more_than_its_time() -> None:
    with chromium(seconds=5) as browser, browser.page() as tab:
        tab.visit("about:blank")
        with pytest.raises(OverdueError):
            tab.evaluate("new Promise(() => {})")


@needs_chromium
def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with chromium() as browser:
        [profile] = tmp_path.iterdir()
        group = browser.process.pid
        assert profile.is_dir()
    assert list(tmp_path.iterdir()) == []
    end = time.monotonic() + 10
    while alive(group) and time.monotonic() < end:
        time.sleep(0.1)
    assert alive(group) == []


@needs_chromium
def test_a_browser_that_dies_is_a_failure_and_no_traceback() -> None:
    with chromium() as browser:
        browser.process.kill()
        browser.process.wait()
        with pytest.raises(BrokenBrowserError):
            browser.command("Browser.getVersion")


def test_without_chromium_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotMeasuredError, match="No browser: Chromium is not installed"):
        find()
