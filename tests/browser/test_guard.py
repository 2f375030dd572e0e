"""The guard of a room's page, in real browsers, where it stands alone.

Without the header that takes the handle on our window away from a stranger's page: as in a browser
that does not know it. With the header: tests/system/test_stranger.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.pages import HTML, SCRIPT, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.windows import Windows

GUARD = Path(__file__).parents[2] / "roles/web/files/var/lib/jitsi-provision/www/guard.js"
# What comes in, and what is left of it where Jitsi's scripts begin.
ROOM = """<!doctype html><script>
window.came = []; window.seen = [];
sessionStorage.setItem('starts', +sessionStorage.getItem('starts') + 1);
for (const kind of ['message', 'hashchange'])
  window.addEventListener(kind, event => window.came.push(event.data || kind), true);
</script><script src="/guard.js"></script><script>
window.began = location.href.slice(location.origin.length);
window.held_by = window.opener === null ? 'nobody' : 'somebody';
for (const kind of ['message', 'hashchange', 'popstate'])
  window.addEventListener(kind, event => window.seen.push(event.data || kind), true);
</script>"""
STEERING = (
    "jitsi_meet_external_api_id=0",
    "jwt=%22eyJhbGciOiJub25lIn0.e30.%22",
    "config.p2p.enabled=true",
    "interfaceConfig.SHOW_JITSI_WATERMARK=true",
    "iceServers.replace=%5B%5D",
    "devices.audioInput=%22x%22",
    "userInfo.email=%22a@example.org%22",
    "appData.localStorageContent=%22%7B%7D%22",
    "state=%7B%7D",
    "release=1",
)
FRAMED = """LINKS.map(link => {
  const frame = document.createElement('iframe');
  frame.src = location.origin + link;
  document.body.append(frame);
  return link;
})"""
NAVIGATED = """(() => {
  try { held.location = 'ADDRESS'; } catch { return 'refused'; }
  return 'navigated';
})()"""
SPELLINGS = {
    "/room": "/room",
    "/room#": "/room",
    "/room?login=true": "/room?login=true",
    "/room?lang=de&login=true": "/room?lang=de&login=true",
    "/room?rCounter=3": "/room?rCounter=3",
    **{f"/room#{one}": "/room" for one in STEERING},
    **{f"/room?{one}": "/room" for one in STEERING},
    "/room?jwt=x&login=true#jwt=1&jitsi_meet_external_api_id=1": "/room?login=true",
    "/room#jitsi%5fmeet%5fexternal%5fapi%5fid=0": "/room",
    "/room#%6Awt=0&x": "/room",
    "/room?%6Awt=0": "/room",
    "/room?JWT=0&+jwt=0&%20jwt=0": "/room",
    "/room# jwt=0": "/room",
    "/room#JITSI_MEET_EXTERNAL_API_ID=0": "/room",
    "/room#/jwt=0": "/room",
    "/room#a#jwt=0": "/room",
    "/room#%zz&jwt=0": "/room",
    "/room?login=true;jwt=0": "/room",
    "/room?login=true%26jwt=0": "/room",
    "/room?login=true?jwt=0": "/room",
    # What follows two slashes is no other server.
    "//example.org/room#jwt=0": "//example.org/room",
    "//room?jwt=0#config.p2p.enabled=true": "//room",
}


def answer(path: str) -> tuple[str, bytes]:
    """Return the guard, or a room at every other address."""
    return (SCRIPT, GUARD.read_bytes()) if path == "/guard.js" else (HTML, ROOM.encode())


@pytest.fixture(scope="module")
def origins() -> Iterator[tuple[str, str]]:
    """Two servers, as different to a browser as any: the school's, and a stranger's."""
    with serving(answer) as school, serving(answer) as stranger:
        yield school, stranger


def test_a_link_carries_nothing_but_what_a_visit_needs(
    browser: Windows, origins: tuple[str, str]
) -> None:
    school, _stranger = origins
    page = browser.open(f"{school}/")
    browser.until(page, "window.began && !!document.body")
    browser.evaluate(page, FRAMED.replace("LINKS", json.dumps(list(SPELLINGS))))
    browser.until(
        page, "[...document.querySelectorAll('iframe')].every(one => one.contentWindow.began)"
    )
    found = browser.evaluate(
        page, "[...document.querySelectorAll('iframe')].map(one => one.contentWindow.began)"
    )
    assert dict(zip(SPELLINGS, found, strict=True)) == SPELLINGS


def test_who_opened_the_page_does_not_steer_it(browser: Windows, origins: tuple[str, str]) -> None:
    school, stranger = origins
    page = browser.open(f"{stranger}/")
    browser.until(page, "window.began")
    ours = browser.opened_by(page, f"{school}/room?login=true#jitsi_meet_external_api_id=0")
    assert browser.until(ours, "window.began") == "/room?login=true"
    assert browser.evaluate(ours, "window.held_by") == "nobody"
    # An order by message arrives, and nobody is there who reads it; a page's own message is read.
    browser.evaluate(page, "held.postMessage('order', '*')")
    browser.evaluate(ours, "window.postMessage('own', '*')")
    browser.until(ours, "came.includes('order') && seen.includes('own')")
    assert browser.evaluate(ours, "seen") == ["own"]


@pytest.mark.parametrize("part", STEERING[:3])
def test_what_is_put_behind_the_address_later_is_not_read(
    browser: Windows, origins: tuple[str, str], part: str
) -> None:
    school, stranger = origins
    page = browser.open(f"{stranger}/")
    browser.until(page, "window.began")
    ours = browser.opened_by(page, f"{school}/room?login=true")
    browser.until(ours, "window.began")
    starts = browser.evaluate(ours, "sessionStorage.getItem('starts')")
    later = f"{school}/room?login=true#{part}"
    # Chromium lets nobody navigate who is not the opener any more; then only the page itself can.
    if browser.evaluate(page, NAVIGATED.replace("ADDRESS", later)) == "refused":
        browser.evaluate(ours, f"void (location.href = '{later}')")
    # The page begins anew, without it.
    browser.until(ours, f"window.began && sessionStorage.getItem('starts') > {starts}")
    assert browser.evaluate(ours, "[began, location.hash, seen]") == ["/room?login=true", "", []]
