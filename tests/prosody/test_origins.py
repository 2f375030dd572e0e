"""Pages of other sites cannot speak to the server with a visitor's browser; programs can."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pytest

from tests.prosody.bosh import NAMESPACE, post
from tests.prosody.server import DOMAIN
from tests.prosody.websocket import WebSocket

if TYPE_CHECKING:
    from tests.prosody.server import Prosody

OWN = f"https://{DOMAIN}"
FOREIGN = (
    "https://evil.example", "null", f"http://{DOMAIN}", f"https://{DOMAIN}:8443",
    f"https://x.{DOMAIN}", f"https://{DOMAIN}.evil.example", "",
)  # fmt: skip
BEGIN = f"<body xmlns='{NAMESPACE}' rid='1' to='guest.{DOMAIN}' wait='1' hold='1' ver='1.6'/>"


def open_websocket(server: Prosody, headers: dict[str, str]) -> None:
    """Open a websocket and close it."""
    WebSocket(server.port, "/xmpp-websocket", "xmpp", {"Host": DOMAIN} | headers).close()


@pytest.mark.parametrize("path", ["/xmpp-websocket", "/xmpp-websocket/"])
@pytest.mark.parametrize("origin", [origin for origin in FOREIGN if origin])
def test_a_foreign_page_opens_no_websocket(server: Prosody, origin: str, path: str) -> None:
    with pytest.raises(ConnectionError, match=" 403 "):
        WebSocket(server.port, path, "xmpp", {"Host": DOMAIN, "Origin": origin})


@pytest.mark.parametrize("host", [DOMAIN, "anything.example", f"guest.{DOMAIN}"])
def test_a_foreign_page_does_not_get_in_under_another_name(server: Prosody, host: str) -> None:
    with pytest.raises(ConnectionError, match=r" (403|404) "):
        open_websocket(server, {"Host": host, "Origin": FOREIGN[0]})


@pytest.mark.parametrize("origin", [origin for origin in FOREIGN if origin])
def test_a_foreign_page_begins_no_session_over_bosh(server: Prosody, origin: str) -> None:
    status, answer = post(server, BEGIN, origin)
    assert (status, "sid=" in answer) == (403, False)


@pytest.mark.parametrize("headers", [{}, {"Origin": OWN}], ids=["a program", "the own page"])
def test_the_own_page_and_programs_get_in(server: Prosody, headers: dict[str, str]) -> None:
    open_websocket(server, headers)
    status, answer = post(server, BEGIN, headers.get("Origin", ""))
    assert (status, "sid=" in answer) == (200, True)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
@pytest.mark.parametrize("path", ["/http-bind", "/xmpp-websocket"])
def test_nobody_is_told_that_foreign_pages_may_read(
    server: Prosody, path: str, method: str
) -> None:
    for origin in (OWN, *FOREIGN):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"Host": DOMAIN} | ({"Origin": origin} if origin else {})
        connection.request(method, path, BEGIN if method == "POST" else None, headers)
        answer = connection.getresponse()
        allowed = [name for name, _value in answer.getheaders() if "access-control" in name.lower()]
        connection.close()
        assert allowed == []
