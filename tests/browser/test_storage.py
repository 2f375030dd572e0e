"""What a room leaves in a browser that others use after it: nothing, whichever way one goes.

The client here is a page that stores what Jitsi's does, where Jitsi's does. The genuine client was
tried by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.pages import HTML, SCRIPT, serving
from tests.browser.windows import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.windows import Windows

SCHOOL = Path(__file__).parents[2] / "roles/web/files/var/lib/jitsi-provision/www"
ROOM = """<!doctype html><script src="/school/visit.js"></script><script>
const settings = JSON.parse(localStorage.getItem('features/base/settings')) || {};
window.before = settings.displayName || '';
window.muted = [settings.startWithAudioMuted, settings.startWithVideoMuted];
localStorage.setItem('features/base/settings', JSON.stringify({...settings, displayName: 'Kim'}));
localStorage.language = 'de';
window.began = localStorage.length;
</script>"""
PAGES = {
    "/room": ROOM,
    "/static/close3.html": '<!doctype html><script src="/school/close.js"></script>',
    # Sees what everybody sees who comes later, and changes nothing of it.
    "/later": "<!doctype html>",
}
LEFT = "({...localStorage, ...sessionStorage})"
LOADED = "document.readyState === 'complete'"
COME = f"location.pathname === '/later' && {LOADED}"


def answer(path: str) -> tuple[str, bytes]:
    """Return a page, or a script of the school's."""
    if (page := PAGES.get(path)) is not None:
        return HTML, page.encode()
    return SCRIPT, (SCHOOL / path.removeprefix("/school/")).read_bytes()


@pytest.fixture(scope="module")
def school() -> Iterator[str]:
    """The address of a server with a room."""
    PAGES["/favicon.ico"] = ""
    with serving(answer) as address:
        yield address


def lesson(browser: Windows, school: str) -> str:
    """Return the window of somebody in a room."""
    window = browser.open(f"{school}/room")
    assert browser.until(window, "window.began") >= 2
    return window


def left(browser: Windows, school: str) -> object:
    """Return what somebody finds who comes later, in a window of their own."""
    window = browser.open(f"{school}/later")
    browser.until(window, COME)
    return browser.evaluate(window, LEFT)


def hang_up(browser: Windows, window: str, school: str) -> None:
    """Come to the page after a lesson."""
    browser.evaluate(window, f"void (location.href = '{school}/static/close3.html')")
    browser.until(window, f"location.pathname.startsWith('/static') && {LOADED}")
    assert browser.evaluate(window, LEFT) == {}


def go_elsewhere(browser: Windows, window: str, _school: str) -> None:
    """Type another address."""
    browser.evaluate(window, "void (location.href = 'about:blank')")
    browser.until(window, "location.href === 'about:blank'")


def close_the_tab(browser: Windows, window: str, _school: str) -> None:
    """Use the cross in the corner."""
    browser.close(window)


@pytest.mark.parametrize("way", [hang_up, go_elsewhere, close_the_tab])
def test_nothing_is_left_whichever_way_one_goes(
    browser_name: str, way: Callable[[Windows, str, str], None], school: str, tmp_path: Path
) -> None:
    with windows(browser_name, profile=tmp_path / "profile") as browser:
        window = lesson(browser, school)
        way(browser, window, school)
        assert left(browser, school) == {}
    # The browser, too, has nothing to read when it starts the next time.
    with windows(browser_name, profile=tmp_path / "profile") as browser:
        assert left(browser, school) == {}


def test_nothing_is_left_by_a_browser_that_crashes(
    browser_name: str, school: str, tmp_path: Path
) -> None:
    with windows(browser_name, profile=tmp_path / "profile") as browser:
        lesson(browser, school)
        # Already while the lesson goes on: what is never there needs nobody to take it away.
        assert left(browser, school) == {}
        browser.kill()
    with windows(browser_name, profile=tmp_path / "profile") as browser:
        assert left(browser, school) == {}


def test_what_a_former_release_left_goes_with_the_next_visit(
    browser_name: str, school: str
) -> None:
    with windows(browser_name) as browser:
        window = browser.open(f"{school}/later")
        browser.until(window, COME)
        browser.evaluate(window, "void localStorage.setItem('jitsiMeetId', '1')")
        browser.close(lesson(browser, school))
        assert left(browser, school) == {}


def test_a_reload_asks_for_no_name_again(browser_name: str, school: str) -> None:
    with windows(browser_name) as browser:
        window = lesson(browser, school)
        assert browser.evaluate(window, "[before, muted]") == ["", [True, True]]
        browser.evaluate(window, "void (window.began = 0, location.reload())")
        browser.until(window, "window.began")
        assert browser.evaluate(window, "[before, muted]") == ["Kim", [True, True]]


def test_the_browser_is_not_asked_to_remember_a_name(browser_name: str, school: str) -> None:
    field = "document.getElementById('premeeting-name-input')"
    asks = '<input id="premeeting-name-input" autocomplete="name"><input autocomplete="name">'
    with windows(browser_name) as browser:
        window = lesson(browser, school)
        browser.evaluate(window, f"document.body.insertAdjacentHTML('beforeend', '{asks}')")
        browser.until(window, f"{field}.autocomplete === 'off'")
        assert browser.evaluate(window, f"{field}.nextSibling.autocomplete") == "name"
