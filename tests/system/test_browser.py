"""Browser: what a real Chromium sees of a deployed school, as far as the stand-in client goes.

What needs Jitsi's own web client (preview, lobby, sound, picture, menus) was run on genuine
packages; the evidence of that run is in tests/unit/verify/good/browser.json.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from provision.verify.chromium import client, trust
from provision.verify.chromium.program import Chromium, find
from provision.verify.evidence import NotMeasuredError
from provision.verify.probes import browser
from provision.verify.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from provision.verify.chromium.page import Page
    from tests.system.entrance import Entrance

STRANGE = "A room's page did not show the preview of Jitsi's web client."


@pytest.fixture(scope="module")
def target(entrance: Entrance) -> Target:
    """The deployed school's server."""
    try:
        find()
    except NotMeasuredError as reason:
        pytest.skip(f"{reason}; apt-get install chromium")
    return Target(entrance.domain, entrance.address, entrance.root)


@pytest.fixture(scope="module")
def seen(target: Target) -> dict[str, Any]:
    """What the probe brings home."""
    return browser.measure(target)


@pytest.fixture
def page(target: Target) -> Iterator[Page]:
    """A page of a fresh person in a browser of its own."""
    options = [trust.pin(target)[0], f"--host-resolver-rules={browser.rules(target)}"]
    with Chromium(time.monotonic() + 60, options) as chromium, chromium.page() as fresh:
        yield fresh


def test_pages_contact_nobody_but_the_school(seen: dict[str, Any], target: Target) -> None:
    own = [target.domain]
    assert seen["hosts"]["welcome"] == own
    assert {name: phone["hosts"] for name, phone in seen["phones"].items()} == dict.fromkeys(
        ("Android", "iPhone", "iPad"), own
    )


def test_start_page_links_to_the_school_alone(seen: dict[str, Any]) -> None:
    assert seen["links"]["welcome"] == ["gymnasium-nord.example.org"]
    assert [phone["links"] for phone in seen["phones"].values()] == [[], [], []]


def test_what_needs_jitsis_own_client_is_not_measured(seen: dict[str, Any]) -> None:
    steps = ("prejoin", "crafted", "join", "menus", "profile", "talk", "leave",
             "close")  # fmt: skip
    assert seen["missing"] == dict.fromkeys(steps, STRANGE)


def test_nothing_is_left_after_the_closing_page(page: Page, target: Target) -> None:
    page.visit(f"https://{target.domain}/some-room")
    page.until("document.readyState === 'complete'", 20)
    page.evaluate("""(async () => {
      localStorage.setItem('features/base/settings', '{"displayName": "Kim"}');
      localStorage.setItem('features/recent-list', '[{"conference": "x"}]');
      sessionStorage.setItem('callStatsUserName', 'Kim');
      await caches.open('pictures');
      await new Promise(done => { indexedDB.open('olm').onsuccess = done; });
    })()""")
    stored = page.evaluate(client.STORED)
    assert "features/recent-list" in stored["local"]
    assert (stored["databases"], stored["caches"]) == (["olm"], ["pictures"])
    page.visit(f"https://{target.domain}/static/close3.html")
    page.until("document.readyState === 'complete'", 20)
    nothing = {"local": [], "session": [], "databases": [], "caches": [], "workers": []}
    page.until(f"({client.STORED}).then(left => !left.caches.length)", 10)
    assert page.evaluate(client.STORED) == nothing | {"page": "/static/close3.html"}


def test_a_crafted_link_has_lost_its_settings_when_scripts_run(page: Page, target: Target) -> None:
    link = (
        "#config.p2p.enabled=true&jitsi_meet_external_api_id=0&config.disableThirdPartyRequests=0"
    )
    page.visit(f"https://{target.domain}/some-room{link}")
    page.until("document.readyState === 'complete'", 20)
    assert page.evaluate("location.href") == f"https://{target.domain}/some-room"


def test_an_impostor_is_recognised(target: Target) -> None:
    """Another authority than the school's: the certificate does not verify."""
    stranger = Target(target.domain, target.address)
    assert trust.pin(stranger)[1] is False
    assert trust.pin(target)[1] is True


def test_without_a_browser_the_reason_is_said(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotMeasuredError, match="Chromium is not installed"):
        browser.measure(target)
