"""What the web server answers on some two dozen paths, and on port 80."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urljoin, urlsplit

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside.deadline import Deadline
from provision.verify.outside.html import Page
from provision.verify.outside.unused_names import ROOM, random_name
from provision.verify.outside.web import NoAnswerError, Web
from provision.verify.outside.words import printable

if TYPE_CHECKING:
    from typing import Any

    from provision.verify.outside.web import Answer
    from provision.verify.target import Target

PAGES = ("/", f"/{ROOM}")
CLOSE_PAGES = ("/static/close.html", "/static/close2.html", "/static/close3.html")
"""Where the client goes after hanging up, by its own choice."""
FILES = (
    "/config.js",
    "/interface_config.js",
    f"/{ROOM}/config.js",
    "/external_api.js",
    "/libs/lib-jitsi-meet.min.js",
    "/css/all.css",
    "/images/favicon.svg",
    "/lang/main.json",
    "/static/dialInInfo.html",
    f"/static/{ROOM}.html",
    f"/no/such/{ROOM}",
)
SIGNALLING = ("/http-bind", "/xmpp-websocket", f"/colibri-ws/{ROOM}")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "cHJvdmlzaW9uLXZlcmlmeQ==",
    "Sec-WebSocket-Protocol": "xmpp",
}
ORIGINS: dict[str, tuple[str, dict[str, str]]] = {
    "/http-bind": ("GET", {}),
    "/xmpp-websocket": ("GET", UPGRADE),
}
"""Where a page signals, and how it asks; with this no session begins, and no line is written."""
STRANGER = "https://provision-verify.example"
LISTS = ("/room", "/room-size", "/sessions", "/_api/room-info")
"""Where modules of Prosody tell who is in which room."""
MANAGEMENT = ("/colibri/", "/colibri/stats", "/debug", "/metrics", "/stats", "/about/health")
"""Where bridge and focus are managed."""
PATHS = (*PAGES, *CLOSE_PAGES, *FILES, *SIGNALLING, *LISTS, *MANAGEMENT)
PLAIN = ("/", f"/{ROOM}", "/config.js", "/http-bind", f"/.well-known/acme-challenge/{ROOM}")
"""What port 80 is asked for."""
LARGE = frozenset({"/external_api.js", "/libs/lib-jitsi-meet.min.js", "/css/all.css"})
"""Only their headers are of interest."""
PAGE = 2**18
LONGEST = 4096
LATE = "It did not answer in time."
MOST_LINKS = 100
PAST = frozenset({"set-cookie"})


class Path(TypedDict):
    """One answer, without what changes at each request."""

    status: int
    """0 where there was none."""
    error: str
    """Why there was none."""
    headers: dict[str, str]
    """By name in small letters; cookies are below."""
    cookies: list[str]
    """Names and attributes of the cookies that it sets; never their values."""
    client: bool
    """Whether the answer is Jitsi's web client, as for any room."""


class Http(TypedDict):
    """What was measured."""

    domain: str
    jitsi: bool
    """Whether an address of a room shows Jitsi's web client."""
    signalling: dict[str, dict[str, int]]
    """By path: the status for a page of its own, and for a stranger's; 0 where there was none."""
    paths: dict[str, Path]
    """By path, with <room> for a random room."""
    plain: dict[str, Path]
    """The same on port 80; empty where the port is closed."""
    plain_error: str
    """Why port 80 did not answer."""
    links: list[dict[str, str]]
    """The links of the start page: address (absolute) and text."""
    linked: dict[str, int]
    """The status of those links of the start page that stay on this server."""


def measure(target: Target) -> dict[str, Any]:
    """Return what `Http` describes."""
    deadline = Deadline(target.seconds)
    room = random_name()
    web = Web(target, deadline)
    plain = Web(target, deadline, plain=True)
    try:
        paths, links, jitsi = _secure(web, room)
        linked = _follow(web, target.domain, links)
        signalling = _signalling(web)
        answers, error = _plain(plain, room)
    finally:
        web.close()
        plain.close()
    found: Http = {
        "domain": target.domain,
        "jitsi": jitsi,
        "signalling": signalling,
        "paths": paths,
        "plain": answers,
        "plain_error": error,
        "links": links,
        "linked": linked,
    }
    return dict(found)


def _secure(web: Web, room: str) -> tuple[dict[str, Path], list[dict[str, str]], bool]:
    paths: dict[str, Path] = {}
    links: list[dict[str, str]] = []
    for path in PATHS:
        method = "HEAD" if path in LARGE else "GET"
        try:
            answer = web.get(path.replace(ROOM, room), most=PAGE, method=method)
        except (NoAnswerError, TimeoutError) as error:
            if path == "/":
                raise _silence(error) from error
            paths[path] = _failed(error)
            continue
        page = Page(answer.text) if "html" in answer.header("content-type") else None
        paths[path] = _path(answer, room, client=bool(page and page.is_client))
        if path == "/" and page:
            base = f"https://{web.domain}/"
            links = [
                {"address": printable(urljoin(base, a), LONGEST), "text": printable(text, LONGEST)}
                for a, text in page.links[:MOST_LINKS]
            ]
    return paths, links, paths[f"/{ROOM}"]["client"]


def _follow(web: Web, domain: str, links: list[dict[str, str]]) -> dict[str, int]:
    """Return what own pages answer that the start page links; strangers are not asked."""
    linked: dict[str, int] = {}
    own = [link["address"] for link in links if urlsplit(link["address"]).hostname == domain]
    for address in sorted(set(own))[:10]:
        parts = urlsplit(address)
        try:
            linked[address] = web.get(
                parts._replace(scheme="", netloc="", fragment="").geturl() or "/", most=PAGE
            ).status
        except (NoAnswerError, TimeoutError):
            linked[address] = 0
    return linked


def _signalling(web: Web) -> dict[str, dict[str, int]]:
    """Return how a page of the server itself is answered, and how a stranger's."""
    found: dict[str, dict[str, int]] = {}
    for path, (method, headers) in ORIGINS.items():
        for who, origin in (("own", f"https://{web.domain}"), ("stranger", STRANGER)):
            try:
                answer = web.get(
                    path, most=PAGE, method=method, headers=headers | {"Origin": origin}
                )
            except (NoAnswerError, TimeoutError):
                status = 0
            else:
                status = answer.status
            found.setdefault(path, {})[who] = status
    return found


def _plain(web: Web, room: str) -> tuple[dict[str, Path], str]:
    answers: dict[str, Path] = {}
    for path in PLAIN:
        try:
            answer = web.get(path.replace(ROOM, room), most=PAGE)
        except (NoAnswerError, TimeoutError) as error:
            if not answers:
                return {}, _plainly(error)
            answers[path] = _failed(error)
        else:
            answers[path] = _path(answer, room, client=False)
    return answers, ""


def _path(answer: Answer, room: str, *, client: bool) -> Path:
    names = dict.fromkeys(name for name, _value in answer.headers if name not in PAST)
    return {
        "status": answer.status,
        "error": "",
        "headers": {
            name: printable(answer.header(name), LONGEST).replace(room, ROOM) for name in names
        },
        "cookies": [
            _without_value(value) for name, value in answer.headers if name == "set-cookie"
        ],
        "client": client,
    }  # fmt: skip


def _without_value(cookie: str) -> str:
    pair, semicolon, attributes = cookie[:LONGEST].partition(";")
    return printable(f"{pair.partition('=')[0].strip()}{semicolon}{attributes}")


def _failed(error: Exception) -> Path:
    return {"status": 0, "error": _plainly(error), "headers": {}, "cookies": [], "client": False}


def _silence(error: Exception) -> NotMeasuredError:
    if isinstance(error, NotMeasuredError):
        return error
    return NotMeasuredError(N_("The web server did not answer in time."))


def _plainly(error: Exception) -> str:
    return error.plain if isinstance(error, NoAnswerError) else LATE
