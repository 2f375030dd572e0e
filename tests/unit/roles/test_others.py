"""What on a server is somebody else's: told by checksums and the manifest, never by a name."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit import modules
from tests.unit.modules import Server

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

DELIVERED = {
    "/etc/nginx/mime.types": "types\n",
    "/etc/nginx/nginx.conf": "main\n",
    "/etc/nginx/sites-available/default": "site\n",
    "/etc/prosody/prosody.cfg.lua": "-- main\n",
    "/etc/prosody/conf.avail/localhost.cfg.lua": "-- localhost\n",
    "/etc/turnserver.conf": "# all commented out\n",
    "/etc/default/coturn": "#TURNSERVER_ENABLED=1\n",
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the module takes for a server."""
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def others(server: Server, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The utility, on a server with nginx, Prosody and coturn as Debian delivers them."""
    utility = modules.utility("others")
    lines = []
    for path, content in DELIVERED.items():
        put(server, path, content)
        digest = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
        lines.append(f" {server.path(path)} {digest}")
    link(server, "/etc/nginx/sites-enabled/default", "../sites-available/default")
    link(server, "/etc/prosody/conf.d/localhost.cfg.lua", "../conf.avail/localhost.cfg.lua")
    put(server, "/usr/share/nginx/html/index.html", "Welcome to nginx!\n")
    put(server, "/var/www/html/index.nginx-debian.html", "Welcome to nginx!\n")
    monkeypatch.setattr(
        utility, "PLACES",
        {name: tuple(str(server.path(one)) for one in places)
         for name, places in utility.PLACES.items()},
    )  # fmt: skip
    for name in ("PAGES", "OWN_PAGE", "DEFAULT_SITE"):
        monkeypatch.setattr(utility, name, str(server.path(getattr(utility, name))))
    monkeypatch.setattr(utility, "NGINX", "/bin/true")
    monkeypatch.setattr(utility, "NEEDED", {str(server.path("/etc/nginx/mime.types")): "nginx"})
    monkeypatch.setattr(utility, "ACCOUNTS", str(server.path(utility.ACCOUNTS)))

    class Done:
        stdout = "nginx\n" + "\n".join(lines) + "\n"

    monkeypatch.setattr(utility, "run", lambda *_command: Done)
    return utility


def put(server: Server, path: str, content: str) -> None:
    """Write a file of the server."""
    server.path(path).parent.mkdir(parents=True, exist_ok=True)
    server.path(path).write_text(content)


def link(server: Server, path: str, target: str) -> None:
    """Make a link on the server."""
    server.path(path).parent.mkdir(parents=True, exist_ok=True)
    server.path(path).symlink_to(target)


def found(server: Server, others: ModuleType) -> dict[str, Any]:
    """Return what is somebody else's, with the server's own paths."""
    answer: dict[str, Any] = others.look()["others"]
    return {
        name: [path.removeprefix(str(server.root)) for path in paths]
        for name, paths in answer.items()
    }


def test_what_is_as_debian_has_delivered_it_is_nobodys(server: Server, others: ModuleType) -> None:
    assert others.look() == {"ours": False, "others": {}, "lost": {}}
    # Deleted by somebody, and what nothing reads.
    server.path("/etc/nginx/sites-available/default").unlink()
    put(server, "/etc/nginx/nginx.conf.dpkg-dist", "x")
    put(server, "/etc/prosody/certs/localhost.crt", "x")
    assert found(server, others) == {}


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/etc/nginx/nginx.conf", "nginx"),
        ("/etc/nginx/sites-available/default", "nginx"),
        ("/etc/nginx/conf.d/school.conf", "nginx"),
        # Not even if it is called as ours would be.
        ("/etc/nginx/sites-available/meet.example.org.conf", "nginx"),
        ("/etc/nginx/snippets/jitsi-provision-headers.conf", "nginx"),
        ("/var/www/html/index.html", "nginx"),
        ("/var/www/html/index.nginx-debian.html", "nginx"),
        ("/etc/prosody/prosody.cfg.lua", "prosody"),
        ("/etc/prosody/conf.avail/chat.example.org.cfg.lua", "prosody"),
        ("/var/lib/prosody/chat%2eexample%2eorg/accounts/anna.dat", "prosody"),
        ("/etc/turnserver.conf", "coturn"),
    ],
)
def test_what_somebody_has_set_up_is_told(
    server: Server, others: ModuleType, path: str, service: str
) -> None:
    put(server, path, "somebody's\n")
    told = found(server, others)
    assert list(told) == [service]
    assert path in told[service]


def test_pages_count_only_where_nginx_serves_them(server: Server, others: ModuleType) -> None:
    put(server, "/var/www/html/index.html", "of Apache, which is gone\n")
    server.path("/etc/nginx/sites-enabled/default").unlink()
    assert found(server, others) == {}


def test_a_link_is_what_it_leads_to(server: Server, others: ModuleType) -> None:
    link(server, "/etc/nginx/sites-enabled/shop", "/srv/shop.conf")
    assert found(server, others) == {"nginx": ["/etc/nginx/sites-enabled/shop"]}


def test_a_server_of_ours_has_nobody_elses(server: Server, others: ModuleType) -> None:
    put(server, "/etc/nginx/conf.d/own.conf", "# of the sysadmin\n")
    assert found(server, others)
    # Neither a directory of that name nor an empty manifest makes it ours.
    server.path("/etc/jitsi-provision").mkdir()
    assert others.look()["ours"] is False
    put(server, "/var/lib/jitsi-provision/files.json", json.dumps({"/etc/x": {}}))
    assert others.look() == {"ours": True, "others": {}, "lost": {}}


def test_settings_that_somebody_has_deleted_are_told(server: Server, others: ModuleType) -> None:
    server.path("/etc/nginx/mime.types").unlink()
    assert others.look()["lost"] == {str(server.path("/etc/nginx/mime.types")): "nginx"}


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("0::/system.slice/nginx.service\n", "nginx.service"),
        ("9:name=systemd:/\n0::/system.slice/unifi.service\n", "unifi.service"),
        ("2:cpu:/\n1:name=systemd:/system.slice/system-x.slice/x@1.service/sub\n", "x@1.service"),
        ("0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope"),
        ("0::/system.slice/docker-0123abcd.scope\n", "docker-0123abcd.scope"),
        ("0::/\n", ""),
        ("", ""),
    ],
)
def test_to_which_service_a_program_belongs(others: ModuleType, text: str, unit: str) -> None:
    assert others.unit_of(7, lambda path: text if path == "/proc/7/cgroup" else "?") == unit
