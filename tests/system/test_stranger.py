"""WEB: a stranger's page that opens a room's keeps no hold of it, in Chromium and in Firefox.

How the guard does without the header is judged in tests/browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.pages import HTML, serving
from tests.browser.windows import NAMES, Windows, missing, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.entrance import Entrance

LINK = "/some-room?login=true&jwt=x#jitsi_meet_external_api_id=0&jwt=%22x%22&config.p2p.enabled=1"
AWAY = """(() => {
  try { held.location = 'ADDRESS'; } catch { /* Refused. */ }
})()"""
PLACES = {
    "/": "/",
    "/some-room": "/some-room",
    LINK: "/some-room?login=true",
    "/static/close3.html": "/static/close3.html",
    "/no/such/page": "/no/such/page",
}


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """The address of a stranger's page."""
    with serving(lambda _path: (HTML, b"<!doctype html><title>A stranger</title>")) as address:
        yield f"{address}/"


@pytest.fixture(scope="module", params=NAMES)
def browser(request: pytest.FixtureRequest, entrance: Entrance) -> Iterator[Windows]:
    """Each browser, for which the school's name leads to the deployed host."""
    if missing(request.param):
        pytest.skip("no such browser here: apt-get install chromium firefox-esr")
    with windows(request.param, entrance.domain, entrance.address) as running:
        yield running


@pytest.mark.parametrize("place", PLACES)
def test_who_opened_a_page_of_ours_has_lost_it(
    browser: Windows, stranger: str, entrance: Entrance, place: str
) -> None:
    page = browser.open(stranger)
    browser.until(page, "document.title === 'A stranger'")
    ours = browser.opened_by(page, f"https://{entrance.domain}{place}")
    browser.until(ours, f"location.hostname === '{entrance.domain}' && document.readyState === "
                        "'complete'")  # fmt: skip
    assert browser.evaluate(ours, "[location.href.slice(location.origin.length), opener]") == [
        PLACES[place], None,
    ]  # fmt: skip
    browser.until(page, "held.closed")
    # Whatever it does with what it still has reaches nothing.
    browser.evaluate(page, "void held.postMessage('order', '*')")
    elsewhere = f"https://{entrance.domain}/some-room#config.p2p.enabled=1"
    browser.evaluate(page, AWAY.replace("ADDRESS", elsewhere))
    assert browser.evaluate(ours, "location.href.slice(location.origin.length)") == PLACES[place]


def test_a_page_of_ours_keeps_what_it_opens_itself(browser: Windows, entrance: Entrance) -> None:
    """As the client's second screen does."""
    page = browser.open(f"https://{entrance.domain}/")
    browser.until(page, f"location.hostname === '{entrance.domain}' && !!document.body")
    second = browser.opened_by(page, f"https://{entrance.domain}/static/recommendedBrowsers.html")
    browser.until(second, "location.pathname.startsWith('/static/') && !!document.body")
    assert browser.evaluate(page, "held.closed || held.location.pathname") == (
        "/static/recommendedBrowsers.html"
    )
