"""The settings of any server are evaluated, or there is a sentence why not; nothing runs away."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from provision.verify.evidence import NotMeasuredError
from provision.verify.outside import javascript
from provision.verify.probes import config
from tests.unit.made_certificates import DOMAIN
from tests.unit.verify import evil
from tests.unit.verify.evil import HTML, NOT_FOUND, SCRIPT, answer, pages, script

if TYPE_CHECKING:
    from provision.verify.target import Target
    from tests.unit.verify.conftest import Serve
    from tests.unit.verify.evil import Behaviour

NO_JITSI = "There is no Jitsi Meet: neither a room's page nor config.js has its settings."
NO_SCRIPT = "/config.js is no JavaScript that defines the settings"
CLIENT = """<html><head><base href="/">{first}
<script>var config = {{p2p: {{enabled: true}}}};</script>
<script src="extra.js?v=1"></script>
<script type="application/json">{{"config": 1}}</script>
<script>var interfaceConfig = {{APP_NAME: 'School'}}; document.body.innerHTML = broken();</script>
<script src="libs/lib-jitsi-meet.min.js"></script><script src="https://other.example/x.js"></script>
<script>config.late = window.location.pathname === '/' ? 'start' : 'room';</script>
</head></html>"""


@pytest.fixture(autouse=True)
def _less_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "SECONDS", 0.2)


def reason(serve: Serve, target: Target, behaviour: Behaviour) -> str:
    """Why a server's settings could not be measured."""
    with serve(behaviour), pytest.raises(NotMeasuredError) as raised:
        config.measure(target)
    return str(raised.value)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (evil.circling, "/<room> redirects in circles."),
        (evil.endless, "/<room> is larger than a mebibyte."),
        (evil.garbage, "What answers at the web server's port speaks no HTTP."),
        (evil.flooding, "The web server does not answer: got more than 100 headers."),
        (evil.continuing, "The web server sends without end."),
        (pages({}, NOT_FOUND), NO_JITSI),
        (script("for (;;) {}"), "/config.js does not end: it was stopped."),
        (
            script("function f() { return f() + 1; } f();"),
            f"{NO_SCRIPT}: RangeError: Maximum call stack size exceeded.",
        ),
        (script("var config = {"), f"{NO_SCRIPT}: SyntaxError: invalid property name."),
        (
            script("<h1>Welcome</h1>"),
            f"{NO_SCRIPT}: SyntaxError: unexpected token in expression: '<'.",
        ),
        (
            script("var all = []; for (;;) { all.push(new ArrayBuffer(2 ** 24)); }"),
            f"{NO_SCRIPT}: InternalError: out of memory.",
        ),
        (script("var config = {text: 'x'.repeat(1000000)};"), f"{NO_SCRIPT}: too large."),
        (
            script("var config = {}; config.self = config;"),
            f"{NO_SCRIPT}: TypeError: circular reference.",
        ),
        (
            script("var config = {toJSON: function () { for (;;) {} }};"),
            "/config.js does not end: it was stopped.",
        ),
        (
            pages({"/config.js": answer(b"", SCRIPT, "Content-Encoding: br")}, NOT_FOUND),
            "The web server compresses in a way that nobody asked for.",
        ),
        (
            pages(
                {"/config.js": answer(b"", "Location: https://other.example/", status="301 Moved")},
                NOT_FOUND,
            ),
            "/config.js leads to another server.",
        ),
    ],
)
def test_what_cannot_be_measured_ends_with_a_sentence(
    serve: Serve, target: Target, behaviour: Behaviour, expected: str
) -> None:
    assert reason(serve, target, behaviour) == expected


@pytest.mark.parametrize("behaviour", [evil.silent, evil.dripping])
def test_server_that_lets_everybody_wait_is_left(
    serve: Serve, impatient: Target, behaviour: Behaviour
) -> None:
    assert reason(serve, impatient, behaviour) == "The web server did not answer in time."


def test_no_server_is_an_ordinary_error(serve: Serve, target: Target) -> None:
    with serve(evil.garbage):
        pass  # gone again
    with pytest.raises(NotMeasuredError, match="Connection refused"):
        config.measure(target)


def test_fifty_megabytes_are_not_read(serve: Serve, target: Target) -> None:
    body = b"var config = {};" + b" " * 50 * 2**20
    with serve(script(body)) as server, pytest.raises(NotMeasuredError, match="mebibyte"):
        config.measure(target)
    assert server.sent < 20 * 2**20


def test_small_answer_that_unpacks_to_gigabytes_is_left(serve: Serve, target: Target) -> None:
    bomb = gzip.compress(b" " * 2**24)
    behaviour = pages({"/config.js": answer(bomb, SCRIPT, "Content-Encoding: gzip")}, NOT_FOUND)
    assert reason(serve, target, behaviour) == "/config.js is larger than a mebibyte."


def test_last_word_counts(serve: Serve, target: Target) -> None:
    text = "var config = {a: 1, b: {c: 1}}; config.a = 2; if (config.b) { config.b.c = [3]; }"
    with serve(script(text)):
        found = config.measure(target)
    assert found == {
        "domain": DOMAIN,
        "own_hosts": [],
        "pages": {
            "/config.js": {
                "config": {"a": 2, "b": {"c": [3]}},
                "interface_config": {},
                "errors": [],
                "fragment": None,
            }
        },
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"var config = {a: '\xff\xfe', b: 1};", {"a": "\ufffd\ufffd", "b": 1}),
        (b"var config = {f: function () {}, u: undefined, n: NaN, d: 1};", {"n": None, "d": 1}),
        (b"window.config = {a: navigator.userAgent.indexOf('Chrome') > 0};", {"a": True}),
        (b"var config = {a: document.cookie + '', b: localStorage.getItem('x')};",
         {"a": "", "b": None}),
        (b"var config = {a: typeof require, b: typeof process, c: typeof std, d: typeof os};",
         dict.fromkeys("abcd", "undefined")),
    ],
)  # fmt: skip
def test_engine_is_a_browser_without_a_world(
    serve: Serve, target: Target, text: bytes, expected: object
) -> None:
    with serve(script(text)):
        found = config.measure(target)
    assert found["pages"]["/config.js"]["config"] == expected


def client(first: str = "") -> Behaviour:
    """A server with the client's page at any address, and a script of its own beside."""
    page = answer(CLIENT.format(first=first).encode(), HTML)
    extra = b"config.extra = config.p2p.enabled;"
    guard = b"""
        if (/config/.test(location.hash)) {
            history.replaceState(null, '', location.pathname);
        }"""
    return pages(
        {
            "/extra.js?v=1": answer(extra, SCRIPT),
            "/guard.js": answer(guard, SCRIPT),
            "/config.js": NOT_FOUND,
            "/interface_config.js": NOT_FOUND,
        },
        page,
    )


def test_page_is_evaluated_as_a_browser_loads_it(serve: Serve, target: Target) -> None:
    with serve(client()):
        found = config.measure(target)["pages"]
    left = f"?{javascript.QUERY}#{javascript.FRAGMENT}"
    expected = {
        "config": {"p2p": {"enabled": True}, "extra": True, "late": "room"},
        "interface_config": {"APP_NAME": "School"},
        "errors": ["/<room>: ReferenceError: broken is not defined"],
        "fragment": left,
    }
    assert found["/<room>"] == expected
    assert found["/"]["config"]["late"] == "start"


def test_guard_before_the_client_is_seen(serve: Serve, target: Target) -> None:
    with serve(client('<script src="/guard.js"></script>')):
        found = config.measure(target)["pages"]
    assert {page: settings["fragment"] for page, settings in found.items()} == {
        "/<room>": "", "/": "",
    }  # fmt: skip


def test_old_http_is_understood(serve: Serve, target: Target) -> None:
    def old(visit: evil.Visit) -> None:
        visit.read()
        visit.send(f"HTTP/1.0 200 OK\r\n{SCRIPT}\r\n\r\nvar config = {{a: 1}};".encode())

    with serve(old):
        found = config.measure(target)
    assert found["pages"]["/config.js"]["config"] == {"a": 1}
