"""The settings of the web client, as a JavaScript engine evaluates them on several pages.

Never by searching the text: a later line overrides an earlier one. Browsers take them from the
page of a room, mobile apps from config.js.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urljoin, urlsplit

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside.addresses import own_hosts
from provision.verify.outside.deadline import Deadline
from provision.verify.outside.html import MARKS, Page
from provision.verify.outside.javascript import INTERRUPTED, Result, Source, World, evaluate
from provision.verify.outside.unused_names import ROOM, random_name
from provision.verify.outside.web import MEBIBYTE, NoAnswerError, Web
from provision.verify.outside.words import printable

if TYPE_CHECKING:
    from provision.verify.outside.web import Answer
    from provision.verify.target import Target

FILE = "/config.js"
INTERFACE = "/interface_config.js"
HTML_PAGES = (f"/{ROOM}", "/")
FILES = (FILE, f"/{ROOM}/config.js")
OK = 200
REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
MOST_SCRIPTS = 12
MOST_REDIRECTS = 4
CLIENT = "/libs/"
"""The client's own programs set nothing that counts here, and are large."""
MOST_HOSTS = 8


class Settings(TypedDict):
    """What one page sets."""

    config: dict[str, Any]
    interface_config: dict[str, Any]
    errors: list[str]
    """Scripts that broke, with the engine's message."""
    fragment: str | None
    """What a page leaves of a crafted link before the client starts; None for files."""


class Config(TypedDict):
    """What was measured."""

    domain: str
    pages: dict[str, Settings]
    """By path, with <room> for a random room; at least one."""
    own_hosts: list[str]
    """Of the STUN servers in it those that are this server under another name."""


def measure(target: Target) -> dict[str, Any]:
    """Return what `Config` describes."""
    deadline = Deadline(target.seconds)
    room = random_name()
    web = Web(target, deadline)
    try:
        gathered = _Gathering(web, target.domain, room)
        for path in HTML_PAGES:
            gathered.page(path)
        for path in FILES:
            gathered.file(path)
    except TimeoutError as error:
        raise NotMeasuredError(N_("The web server did not answer in time.")) from error
    finally:
        web.close()
    try:
        results = evaluate(gathered.scripts, deadline)
    except TimeoutError as error:
        raise _endless(FILE) from error
    pages = {path: _settings(result, room) for path, result in results.items()}
    pages = {path: settings for path, settings in pages.items() if settings["config"]}
    if not pages:
        raise gathered.nothing(results)
    found: Config = {
        "domain": target.domain,
        "pages": pages,
        "own_hosts": _own_hosts(target, pages, deadline),
    }
    return dict(found)


class _Gathering:
    """Collects the scripts of each page in the order in which a browser runs them."""

    def __init__(self, web: Web, domain: str, room: str) -> None:
        self.scripts: dict[str, World] = {}
        self.problems: list[NotMeasuredError] = []
        self._web, self._domain, self._room = web, domain, room
        self._files: dict[str, str | None] = {}

    def page(self, path: str) -> None:
        """Collect the scripts of an HTML page, unless it is no page of the client."""
        answer, address = self._answer(path)
        if answer is None or "html" not in answer.header("content-type"):
            return
        page = Page(answer.text)
        if not page.is_client:
            return
        base = urljoin(address, page.base)
        found: list[Source] = []
        before = None
        for script in page.scripts[: MOST_SCRIPTS * 2]:
            if before is None and any(mark in script.source for mark in MARKS):
                before = len(found)
            if not script.source:
                found.append(Source(path, script.text))
            elif (text := self._script(urljoin(base, script.source))) is not None:
                found.append(Source(script.source, text))
        self.scripts[path] = World(address, found, before)

    def file(self, path: str) -> None:
        """Collect a config.js itself, followed by interface_config.js."""
        answer, address = self._answer(path)
        if answer is None or "html" in answer.header("content-type"):
            return
        sources = [Source(path, answer.text)]
        if (text := self._script(f"https://{self._domain}{INTERFACE}")) is not None:
            sources.append(Source(INTERFACE, text))
        self.scripts[path] = World(address.rpartition("/")[0] + "/", sources)

    def nothing(self, results: dict[str, Result]) -> NotMeasuredError:
        """Return why there are no settings, by the most telling reason."""
        errors = [error for result in results.values() for error in result.errors]
        for script, error in errors:
            if INTERRUPTED in error:
                return _endless(script.replace(self._room, ROOM))
        if self.problems:
            return self.problems[0]
        for script, error in errors:
            return NotMeasuredError(
                N_("{file} is no JavaScript that defines the settings: {error}."),
                file=script.replace(self._room, ROOM),
                error=printable(error),
            )
        return NotMeasuredError(
            N_("There is no Jitsi Meet: neither a room's page nor config.js has its settings.")
        )

    def _answer(self, path: str) -> tuple[Answer | None, str]:
        """Return the answer after a few redirections on this server, and its address."""
        address = f"https://{self._domain}{path.replace(ROOM, self._room)}"
        for _redirect in range(MOST_REDIRECTS):
            try:
                answer = self._web.get(_path_of(address), most=MEBIBYTE)
            except NoAnswerError as error:
                self.problems.append(error)
                return None, address
            if not answer.whole:
                self._problem(N_("{file} is larger than a mebibyte."), file=path)
                return None, address
            where = answer.header("location")
            if answer.status not in REDIRECTIONS or not where:
                return (answer if answer.status == OK else None), address
            address = urljoin(address, where)
            if urlsplit(address).hostname != self._domain:
                self._problem(N_("{file} leads to another server."), file=path)
                return None, address
        self._problem(N_("{file} redirects in circles."), file=path)
        return None, address

    def _script(self, address: str) -> str | None:
        """Return a script of this server that may set something, each fetched once."""
        parts = urlsplit(address)
        if parts.hostname != self._domain or CLIENT in parts.path:
            return None
        path = _path_of(address)
        if path not in self._files:
            if len(self._files) >= MOST_SCRIPTS:
                return None
            self._files[path] = None
            try:
                answer = self._web.get(path, most=MEBIBYTE)
            except NoAnswerError:
                return None
            if answer.status == OK and answer.whole:
                self._files[path] = answer.text
            elif not answer.whole:
                self._problem(N_("{file} is larger than a mebibyte."), file=parts.path)
        return self._files[path]

    def _problem(self, sentence: str, **parts: object) -> None:
        self.problems.append(NotMeasuredError(sentence, **parts))


def _path_of(address: str) -> str:
    return urlsplit(address)._replace(scheme="", netloc="", fragment="").geturl() or "/"


def _endless(file: str) -> NotMeasuredError:
    return NotMeasuredError(N_("{file} does not end: it was stopped."), file=file)


def _settings(result: Result, room: str) -> Settings:
    config, interface = (result.values.get(name) for name in ("config", "interfaceConfig"))
    return {
        "config": config if isinstance(config, dict) else {},
        "interface_config": interface if isinstance(interface, dict) else {},
        "errors": [
            printable(f"{script.replace(room, ROOM)}: {error}") for script, error in result.errors
        ],
        "fragment": None if result.fragment is None else printable(result.fragment),
    }


def _own_hosts(target: Target, pages: dict[str, Settings], deadline: Deadline) -> list[str]:
    """Return the STUN servers that have the same address as the server itself."""
    names = {
        host
        for settings in pages.values()
        for host in stun_hosts(settings["config"])
        if host != target.domain
    }
    try:
        return sorted(own_hosts(target, sorted(names)[:MOST_HOSTS], deadline.left()))
    except TimeoutError:
        return []


def stun_hosts(config: dict[str, Any]) -> list[str]:
    """Return the hosts of `p2p.stunServers`, in their order."""
    p2p = config.get("p2p")
    servers = p2p.get("stunServers") if isinstance(p2p, dict) else None
    urls: list[str] = []
    for server in servers if isinstance(servers, list) else []:
        value = server.get("urls") if isinstance(server, dict) else None
        urls.extend(str(url) for url in (value if isinstance(value, list) else [value]) if url)
    hosts = [url.partition(":")[2].partition("?")[0] for url in urls]
    return [host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
            for host in hosts]  # fmt: skip
