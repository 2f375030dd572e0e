"""Whether services obey what lies in its place: commands, includes, and who comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from provision.check.judges import in_force
from provision.messages.result import Level
from tests.unit.modules import Server, utility
from tests.unit.trees import server as seen

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

PACKAGED = "[Service]\nExecStart=/usr/sbin/nginx -g 'daemon on;'\n"
OTHER = "[Service]\nExecStart=\nExecStart=/usr/sbin/nginx -c /srv/nginx.conf\n"
EMERGENCY = "nginx: [emerg] {what}\nnginx: configuration file /etc/nginx/nginx.conf test failed\n"


@pytest.fixture
def obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, on a server of which only folders of units and nginx's stream module are."""
    Server(tmp_path, monkeypatch)
    module = utility("obeyed")
    monkeypatch.setattr(module, "UNIT_FOLDERS", (f"{tmp_path}/usr", f"{tmp_path}/etc"))
    monkeypatch.setattr(module, "STREAM", str(tmp_path))
    return module


def write(folder: Path, files: dict[str, str]) -> None:
    """Write units and what changes them."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"usr/nginx.service": PACKAGED}, []),
        (
            {"usr/nginx.service": PACKAGED, "etc/nginx.service.d/own.conf": OTHER},
            [("etc/nginx.service.d/own.conf", "/srv/nginx.conf")],
        ),
        # The whole unit in its place; one that a later file overrules.
        (
            {"usr/nginx.service": PACKAGED, "etc/nginx.service": OTHER},
            [("etc/nginx.service", "/srv/nginx.conf")],
        ),
        ({"etc/nginx.service.d/a.conf": OTHER, "etc/nginx.service.d/b.conf": PACKAGED}, []),
        ({"etc/nginx.service.d/a.conf": OTHER.replace("/srv/", "/etc/nginx/")}, []),
        # Before the first deployment, when there is no such unit yet.
        (
            {
                "etc/coturn.service.d/own.conf": (
                    "[Service]\nExecStart=/usr/bin/turnserver -c /srv/turn.conf\n"
                ),
                "etc/prosody.service.d/own.conf": (
                    "[Service]\nExecStart=/usr/bin/prosody -F --config /srv/chat.lua\n"
                ),
            },
            [
                ("etc/prosody.service.d/own.conf", "/srv/chat.lua"),
                ("etc/coturn.service.d/own.conf", "/srv/turn.conf"),
            ],
        ),
        ({"etc/nginx.service.d/own.conf": "[Service]\nLimitNOFILE=9000\n"}, []),
    ],
)
def test_the_command_that_counts_is_the_last_one(
    obeyed: ModuleType, tmp_path: Path, files: dict[str, str], found: list[tuple[str, str]]
) -> None:
    write(tmp_path, files)
    assert [(one["file"], one["name"]) for one in obeyed.started_otherwise()] == [
        (f"{tmp_path}/{path}", name) for path, name in found
    ]


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("server { listen 8080; }", []),
        ("server { listen 80; } server {\n listen [::]:443 ssl; }", [80, 443]),
        ("server { listen 192.0.2.7; }", [80]),
        ("server { server_name without.example.org; }", [80]),
        ("server { listen *:443 ssl; listen unix:/run/x; }", [443]),
        ("server { listen unix:/run/nginx:80; }", []),
        ("server { listen 127.0.0.1:4444 ssl proxy_protocol; }", []),
        ("upstream x { server 127.0.0.1:80; } map $a $b { default 1; }", []),
    ],
)
def test_a_server_of_nginx_may_want_a_port_in_front(
    obeyed: ModuleType, text: str, ports: list[int]
) -> None:
    assert obeyed.held(text) == ports


@pytest.mark.parametrize(
    ("what", "found"),
    [
        (
            'unknown directive "lissten" in /etc/nginx/conf.d/own.conf:2',
            [("broken", "/etc/nginx/conf.d/own.conf", 'unknown directive "lissten"')],
        ),
        (
            'unknown directive "stream" in /etc/nginx/modules-enabled/70-jitsi-provision.conf:6',
            [("module", "/etc/nginx/modules-enabled/70-jitsi-provision.conf", "")],
        ),
        # Nothing of which anybody could say where it stands.
        ("open() failed (2: No such file or directory)", []),
    ],
)
def test_why_nginx_would_not_start(
    obeyed: ModuleType, what: str, found: list[tuple[str, str, str]]
) -> None:
    told = obeyed.broken(EMERGENCY.format(what=f"17#17: {what}"))
    assert [(one["kind"], one["file"], one["reason"]) for one in told] == found


def test_what_a_deployment_brings_back_is_not_told(
    obeyed: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = EMERGENCY.format(what="17#17: invalid number in /etc/nginx/conf.d/own.conf:2")
    monkeypatch.setattr(obeyed, "ours", lambda path: path == "/etc/nginx/conf.d/own.conf")
    assert obeyed.broken(said) == []


@pytest.mark.parametrize("kind", sorted(in_force.KINDS_OF_DISOBEYING))
def test_each_kind_is_told_with_what_ends_it(obeyed: ModuleType, kind: str) -> None:
    one = obeyed.told(kind, "nginx", "/etc/own", name="443" if kind == "port" else "log")
    facts: dict[str, Any] = seen(
        disobeyed=[one], overruled=[], ssh={"line_missing": False, "options": []}
    )
    (found,) = in_force.check(facts)
    assert found.level is (Level.WARNING if kind == "option" else Level.FAILURE)
    assert found.remedy.startswith("on the server, ")
    assert "{" not in found.sentence + found.remedy.replace("server {", "")
