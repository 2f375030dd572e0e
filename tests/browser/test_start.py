"""The start page, in real browsers, where it stands alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import pytest

from provision.messages import i18n
from tests.browser.pages import HTML, SCRIPT, STYLE, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.windows import Windows

ROLES = Path(__file__).parents[2] / "roles"
SCHOOL = ROLES / "web/files/var/lib/jitsi-provision/www"
PAGE = "web/templates/var/lib/jitsi-provision/www/index.html"


def start_page() -> str:
    """Return the page as a German school has it."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROLES), autoescape=False)
    environment.filters["xml"] = str
    environment.globals["_"] = lambda sentence: i18n.translated(sentence, "de")
    settings = {"language": "de", "school": "Nord", "imprint_url": "", "privacy_url": ""}
    return environment.get_template(PAGE).render(settings=settings)


def answer(path: str) -> tuple[str, bytes]:
    """Return what the school's pages bring along, or the start page for every room."""
    file = SCHOOL / path.removeprefix("/school/")
    if path.startswith("/school/") and file.is_file():
        return (STYLE if file.suffix == ".css" else SCRIPT), file.read_bytes()
    return HTML, start_page().encode()


@pytest.fixture(scope="module")
def school() -> Iterator[str]:
    """The address of a server with the start page, and that page for every room."""
    with serving(answer) as address:
        yield address


def press(browser: Windows, school: str, typed: str, *buttons: str) -> str:
    """Type a name and press one button after the other; return the window."""
    window = browser.open(f"{school}/")
    browser.until(window, "document.readyState === 'complete' && !!document.forms[0]")
    browser.evaluate(window, f"void (document.getElementById('room').value = '{typed}')")
    for button in buttons:
        browser.evaluate(window, f"void document.querySelector('[value={button}]').click()")
    return window


def came_to(browser: Windows, window: str) -> str:
    """Return the room that the window has come to, with its query."""
    browser.until(window, "location.pathname !== '/'")
    return str(browser.evaluate(window, "decodeURIComponent(location.pathname) + location.search"))


@pytest.mark.parametrize(
    ("typed", "buttons", "room"),
    [
        # Pupils are asked nothing, whatever a room is called.
        ("Klasse 7b", ["guest"], r"/Klasse-7b"),
        ("Klasse 7b", ["teacher", "offered"], r"/Klasse-7b-(?=[a-z]*[2-9])[a-z2-9]{6}\?login=true"),
        ("Klasse 7b", ["teacher", "typed"], r"/Klasse-7b\?login=true"),
        ("Klasse-7b-k4m9xq", ["teacher"], r"/Klasse-7b-k4m9xq\?login=true"),
        ("", ["teacher"], r"/[a-z2-9]{16}\?login=true"),
    ],
)
def test_a_button_opens_the_room(
    browser: Windows, school: str, typed: str, buttons: list[str], room: str
) -> None:
    window = press(browser, school, typed, *buttons)
    assert re.fullmatch(room, came_to(browser, window))


def test_a_teacher_is_offered_a_name_that_nobody_guesses(browser: Windows, school: str) -> None:
    shown = "[!document.getElementById('offer').hidden, document.activeElement.value]"
    for name in ("Klasse-7b", "mathe-planet", "deutsch", "2026-12-01"):
        window = press(browser, school, name, "teacher")
        assert browser.evaluate(window, shown) == [True, "offered"]
        offered = browser.evaluate(window, "document.activeElement.textContent")
        assert re.fullmatch(f"{name}-[a-z2-9]{{6}}", offered)
        browser.evaluate(
            window, "void document.getElementById('room').dispatchEvent(new Event('input'))"
        )
        assert browser.evaluate(window, shown)[0] is False


def test_nobody_comes_anywhere_without_a_name(browser: Windows, school: str) -> None:
    window = press(browser, school, "  ", "guest")
    assert browser.evaluate(window, "[location.pathname, document.activeElement.id]") == [
        "/",
        "room",
    ]
