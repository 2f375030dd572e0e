"""What a room's page keeps of its ticket, and to whom it shows it, in real browsers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.pages import HTML, SCRIPT, serving
from tests.browser.windows import Windows, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

RETURN = Path(__file__).parents[2] / "roles/web/files/var/lib/jitsi-provision/www/return.js"
# Before the script a server to speak to; behind it what the client's page has.
ROOM = """<!doctype html><script>
window.sockets = [];
window.WebSocket = class extends EventTarget {
  static OPEN = 1;
  constructor(address) { super(); this.address = address; this.sent = []; sockets.push(this); }
  send(text) { this.sent.push(text); }
  hears(text) { this.dispatchEvent(new MessageEvent('message', { data: text })); }
};
</script><script src="/return.js"
 data-wait="Nobody is here." data-back="Back at once."></script><script>
window.config = { hosts: { muc: 'conference.school.test' }, prejoinConfig: { enabled: true } };
window.connect = () => new WebSocket('wss://school.test/xmpp-websocket?room=x') && sockets.at(-1);
</script>"""
MUC = "http://jabber.org/protocol/muc"
TICKET = '<ticket xmlns="urn:school:return" id="1f" secret="5e"/>'


def answer(path: str) -> tuple[str, bytes]:
    """Return the script, or a room at every other address."""
    return (SCRIPT, RETURN.read_bytes()) if path == "/return.js" else (HTML, ROOM.encode())


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the rooms are."""
    with serving(answer) as found:
        yield found


@pytest.fixture
def browser(browser_name: str) -> Iterator[Windows]:
    """One browser after the other, new for each test: its storage is what is looked at."""
    with windows(browser_name) as found:
        yield found


class Room:
    """A window that shows a room."""

    def __init__(self, browser: Windows, address: str) -> None:
        self.browser = browser
        self.window = browser.open(address)
        self.ready()

    def ready(self) -> None:
        """Return when the page is there."""
        self.browser.until(self.window, "document.readyState === 'complete' && !!window.connect")

    def js(self, code: str) -> Any:
        """Return the value of an expression."""
        return self.browser.evaluate(self.window, code)

    def hears(self, text: str) -> None:
        """Let the server say something."""
        self.js(f"(sockets.length || connect(), sockets.at(-1).hears({json.dumps(text)}), 1)")

    def sends(self, text: str) -> str:
        """Return what goes over the wire where the client says something."""
        speak = f"sockets.at(-1).send({json.dumps(text)})"
        code = f"(sockets.length || connect(), {speak}, sockets.at(-1).sent.at(-1))"
        return str(self.js(code))

    def again(self) -> None:
        """Load the page again."""
        self.js("(window.connect = null, location.reload(), 1)")
        self.ready()


def told(sender: str = "conference.school.test", account: str = "") -> str:
    """The server's message with a ticket."""
    more = f' account="{account}"' if account else ""
    return f'<message from="{sender}">{TICKET[:-2]}{more} room="x"/></message>'


def join(to: str) -> str:
    """The presence by which the client joins."""
    return f'<presence to="{to}" xmlns="jabber:client"><x xmlns="{MUC}"/></presence>'


def test_guest_shows_his_ticket_where_he_joins_and_nowhere_else(
    browser: Windows, address: str
) -> None:
    room = Room(browser, f"{address}/room")
    there, lobby = "room@conference.school.test/kim", "room@lobby.school.test/kim"
    assert room.sends(join(there)) == join(there)
    room.hears(told())
    room.again()
    assert room.js("config.prejoinConfig.enabled") is False
    assert room.sends(join(there)) == join(there).replace("</presence>", TICKET + "</presence>")
    for other in (
        join(lobby),
        f'<presence to="{there}"><nick>{MUC}</nick></presence>',
        f'<message to="{there}"><x xmlns="{MUC}"/></message>',
    ):
        assert room.sends(other) == other


def test_ticket_of_another_room_is_not_shown(browser: Windows, address: str) -> None:
    room = Room(browser, f"{address}/room")
    room.hears(told())
    room.js("(window.connect = null, location.assign('/other'), 1)")
    room.ready()
    there = "other@conference.school.test/kim"
    assert room.sends(join(there)) == join(there)
    assert room.js("config.prejoinConfig.enabled") is True


def test_nobody_but_the_server_gives_a_ticket(browser: Windows, address: str) -> None:
    room = Room(browser, f"{address}/room")
    for forged in (
        told("room@conference.school.test/kim"),
        f'<message from="conference.school.test"><body>{TICKET}</body></message>',
    ):
        room.hears(forged)
    assert room.js("sessionStorage.length + localStorage.length") == 0


def test_teachers_ticket_is_for_the_first_connection_and_in_no_storage_of_the_client(
    browser: Windows, address: str
) -> None:
    room = Room(browser, f"{address}/room")
    room.hears(told(account="a.meier~1f@school.test"))
    room.again()
    name, word = "xmpp_username_override", "xmpp_password_override"
    asked = f"[localStorage.getItem('{name}'), localStorage.getItem('{word}')]"
    assert room.js(asked) == ["a.meier~1f@school.test", "5e"]
    assert room.js("localStorage.length") == 0
    there = "room@conference.school.test/kim"
    assert room.sends(join(there)) == join(there)  # signed in by it: not shown once more
    assert room.js(asked) == [None, None]


RESUMING = """(window.done = [], window.APP = { connection: { xmpp: { connection: { _resumeTask: {
  _resumeTimeout: WAITS, cancelResume() { done.push('cancel'); },
  resumeConnection() { done.push('resume'); } } } } } }, connect(), 1)"""
DROPPED = "(sockets[0].dispatchEvent(new Event('close')), sockets.length)"


def test_a_broken_connection_is_taken_up_again_as_soon_as_the_server_answers(
    browser: Windows, address: str
) -> None:
    room = Room(browser, f"{address}/room")
    room.js(RESUMING.replace("WAITS", "7"))
    room.hears(told())
    assert room.js(DROPPED) == 2
    # A connection of ours that carries nothing; the server is away, then it is there.
    room.js("(sockets[1].onerror(), 1)")
    browser.until(room.window, "sockets.length === 3")
    room.js("(sockets[2].close = () => {}, sockets[2].onopen(), 1)")
    browser.until(room.window, "done.length === 2")
    assert room.js("[done, sockets.map(socket => socket.sent)]") == [
        ["cancel", "resume"],
        [[], [], []],
    ]


def test_a_client_that_is_about_to_connect_is_left_alone(browser: Windows, address: str) -> None:
    room = Room(browser, f"{address}/room")
    room.js(RESUMING.replace("WAITS", "undefined"))
    assert room.js(DROPPED) == 1  # nobody has a ticket, nobody comes back
    room.hears(told())
    assert room.js(DROPPED) == 2
    room.js("(sockets[1].closed = 0, sockets[1].close = () => { sockets[1].closed += 1; }, 1)")
    room.js("(window.later = setTimeout, window.setTimeout = then => then(), 1)")
    room.js("(sockets[1].onopen(), window.setTimeout = later, 1)")
    assert room.js("[done, sockets[1].closed]") == [[], 1]


FORGOTTEN = """<failed xmlns="urn:xmpp:sm:3" h="7"><item-not-found
 xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></failed>"""
STATE = """(window.APP = { store: { subscribe() {}, getState: () => ({
  'features/base/media': { audio: { muted: true }, video: { muted: true } } }) } }, 1)"""


def test_a_page_whose_connection_the_server_has_forgotten_begins_anew(
    browser: Windows, address: str
) -> None:
    room = Room(browser, f"{address}/room")
    notice = "document.querySelectorAll('.school-return').length"
    room.js(STATE)
    room.hears(FORGOTTEN)  # nobody has a ticket, nobody comes back
    room.hears(told())
    room.hears(f'<message from="room@conference.school.test/kim">{FORGOTTEN}</message>')
    room.hears('<failed xmlns="urn:xmpp:sm:3"><unexpected-request/></failed>')
    assert room.js(notice) == 0
    room.hears(FORGOTTEN)
    assert room.js(notice) == 1
    room.js("(window.connect = null, sockets.at(-1).close = () => {}, sockets.at(-1).onopen(), 1)")
    room.ready()
    assert room.js("JSON.parse(sessionStorage.getItem('school/return')).was.silent") is True
