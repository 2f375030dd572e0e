"""Answers of any web server become evidence, or a sentence; secrets of it do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision.verify.evidence import NotMeasuredError
from provision.verify.outside import services
from provision.verify.probes import http
from tests.unit.verify import evil
from tests.unit.verify.evil import HTML, NOT_FOUND, answer, pages

if TYPE_CHECKING:
    from provision.verify.target import Target
    from tests.unit.verify.conftest import Serve
    from tests.unit.verify.evil import Behaviour

ROOM = b"<html><script src=libs/lib-jitsi-meet.min.js></script></html>"


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (evil.garbage, "What answers at the web server's port speaks no HTTP."),
        (evil.flooding, "The web server does not answer: got more than 100 headers."),
        (evil.continuing, "The web server sends without end."),
    ],
)
def test_what_is_no_web_server_ends_with_a_sentence(
    serve: Serve, target: Target, behaviour: Behaviour, expected: str
) -> None:
    with serve(behaviour), pytest.raises(NotMeasuredError) as raised:
        http.measure(target)
    assert str(raised.value) == expected


@pytest.mark.parametrize("behaviour", [evil.silent, evil.dripping])
def test_server_that_lets_everybody_wait_is_left(
    serve: Serve, impatient: Target, behaviour: Behaviour
) -> None:
    with serve(behaviour), pytest.raises(NotMeasuredError) as raised:
        http.measure(impatient)
    assert str(raised.value) == "The web server did not answer in time."


@pytest.mark.parametrize("behaviour", [evil.endless, evil.circling])
def test_endless_answers_are_cut_and_circles_not_followed(
    serve: Serve, target: Target, behaviour: Behaviour
) -> None:
    with serve(behaviour):
        found = http.measure(target)
    assert {path: answer["status"] for path, answer in found["paths"].items()} == dict.fromkeys(
        http.PATHS, 200 if behaviour is evil.endless else 302
    )
    assert found["jitsi"] is False


def test_evidence_is_complete_and_holds_no_secret(serve: Serve, target: Target) -> None:
    start = b"""<a href="/notice"> Daten-
        schutz</a><a href="https://school.example/impressum#a">Impressum</a><a name="x">y</a>"""
    content = {
        "/": answer(
            start, HTML, "X-Two: a", "X-Two: b", "Set-Cookie: id=secret; Secure", "X-Bad: a\x1b[31m"
        ),
        "/notice": answer(b"text", HTML),
        "/config.js": NOT_FOUND,
    }
    with serve(pages(content, answer(ROOM, HTML))) as server:
        found = http.measure(target)
    assert found["paths"]["/"] == {
        "status": 200,
        "error": "",
        "headers": {
            "content-length": str(len(start)),
            "content-type": "text/html",
            "x-two": "a, b",
            "x-bad": "a\N{REPLACEMENT CHARACTER}[31m",
        },
        "cookies": ["id; Secure"],
        "client": False,
    }
    assert (found["jitsi"], found["paths"]["/config.js"]["status"]) == (True, 404)
    assert found["links"] == [
        {"address": f"https://{target.domain}/notice", "text": "Daten- schutz"},
        {"address": "https://school.example/impressum#a", "text": "Impressum"},
    ]
    assert found["linked"] == {f"https://{target.domain}/notice": 200}
    assert (found["plain"], found["plain_error"]) == (
        {},
        "The web server does not answer: Connection refused.",
    )
    assert server.connections == 1, "one connection is enough for a polite look"


def test_server_that_hangs_up_after_each_answer_is_asked_again(
    serve: Serve, target: Target
) -> None:
    def once(visit: evil.Visit) -> None:
        visit.read()
        visit.send(answer(ROOM, HTML))

    with serve(once) as server:
        found = http.measure(target)
    assert {answer["status"] for answer in found["paths"].values()} == {200}
    assert server.connections == len(http.PATHS) + 2 * len(http.ORIGINS)


def test_plain_port_is_asked_without_encryption(
    serve: Serve, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = answer(b"", f"Location: https://{target.domain}/", status="301 Moved")
    with serve(pages({}, answer(ROOM, HTML))), evil.Server(pages({}, there), None) as plain:
        monkeypatch.setattr(services, "HTTP", plain.port)
        found = http.measure(target)
    assert {answer["status"] for answer in found["plain"].values()} == {301}
    assert found["plain"]["/"]["headers"]["location"] == f"https://{target.domain}/"
