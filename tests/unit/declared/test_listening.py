"""A port is declared by the role that listens; whoever else needs its number follows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision import paths
from provision.check.judges import in_force, occupied
from provision.check.judges import ports as port_checks
from provision.declared import listening
from provision.deploy import tree
from provision.messages.errors import BugError
from provision.settings.table import TABLE
from provision.verify.inside import java
from provision.verify.outside import services
from tests.unit.trees import NAMES, NONCE, ROLES, school, server

PROGRAM = Path(listening.__file__).parents[1]
SETTINGS = school(turn_domain="turn.example.org")
STREAM = "/etc/nginx/modules-enabled/70-jitsi-provision.conf"
SITE = "/etc/nginx/sites-available/meet.example.org.conf"
FIREWALL = "/etc/jitsi-provision/firewall.nft"
PROSODY = "/etc/prosody/conf.avail/meet.example.org.cfg.lua"
CLIENT = "/etc/jitsi/meet/meet.example.org-config.js"
RELAY, BRIDGE = "/etc/turnserver.conf", "/etc/jitsi/videobridge/jvb.conf"
FOLLOW = {
    "http": {STREAM, FIREWALL},
    "https": {STREAM, FIREWALL, PROSODY},
    "http_behind": {STREAM, SITE},
    "https_behind": {STREAM, SITE},
    "turns_behind": {STREAM},
    "stun": {RELAY, FIREWALL, PROSODY, CLIENT},
    "turns": {RELAY, FIREWALL, PROSODY, STREAM},
    "media": {BRIDGE, FIREWALL},
    "bridge_rest": {FIREWALL},
    "focus_rest": {FIREWALL},
    "xmpp": set(),
    "xmpp_web": {SITE},
}
"""Which files hold the number of each port."""
MOVED = 29876


def roles_with(folder: Path, name: str, number: int) -> Path:
    """Return roles of which one listens on another number."""
    role = listening.ours()[name].role
    for path in ROLES.iterdir():
        if path.name != role:
            (folder / path.name).symlink_to(path)
            continue
        (folder / role).mkdir()
        for part in path.iterdir():
            (folder / role / part.name).symlink_to(part)
        provides = yaml.safe_load((path / "provides.yml").read_text("utf-8"))
        for port in provides["ports"]:
            port["number"] = number if port["name"] == name else port["number"]
        (folder / role / "provides.yml").unlink()
        (folder / role / "provides.yml").write_text(yaml.safe_dump(provides, sort_keys=False))
    return folder


def rendered(roles: Path) -> dict[str, str]:
    """Return each file that is made from a template."""
    whole = tree.render(roles, NAMES, SETTINGS, server(), NONCE)
    # What is no template knows the defaults of Prosody and Jicofo, and tells nobody of them.
    return {
        each["path"]: each["content"]
        for each in whole["files"]
        if not each["path"].startswith("/usr/local/")
    }


@pytest.mark.parametrize("name", FOLLOW)
def test_another_number_is_in_every_file_that_needs_it(tmp_path: Path, name: str) -> None:
    before = listening.ours()[name].number
    files = rendered(roles_with(tmp_path, name, MOVED))
    assert {path for path, text in files.items() if str(MOVED) in text} == FOLLOW[name]
    left = {path for path, text in files.items() if re.search(rf"\b{before}\b", text)}
    assert not left or name in {"http", "https"}


def test_every_port_is_followed() -> None:
    assert set(FOLLOW) == set(listening.ours())


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what lets a service listen on MOVED instead, for the program as well."""

    def move(name: str) -> None:
        roles = roles_with(tmp_path, name, MOVED)
        monkeypatch.setattr(paths, "roles", lambda: roles)
        listening.ours.cache_clear()

    yield move
    monkeypatch.undo()
    listening.ours.cache_clear()


def test_the_checks_follow_the_bridge(moved: Any) -> None:
    held = {"protocol": "udp", "port": MOVED, "program": "java", "unit": "minecraft.service"}
    assert not occupied.is_foreign(held)
    assert port_checks.forwarded() == "80/tcp, 443/tcp, 3478/udp, 5349/tcp, 10000/udp"
    moved("media")
    assert occupied.is_foreign(held)
    assert not occupied.is_foreign(held | {"unit": "jitsi-videobridge2.service"})
    assert not occupied.is_foreign(held | {"port": 10000})
    assert port_checks.forwarded() == f"80/tcp, 443/tcp, 3478/udp, 5349/tcp, {MOVED}/udp"


def test_a_remedy_follows_the_web_server(moved: Any) -> None:
    told = {"file": "/etc/nginx/conf.d/own.conf", "name": "443", "kind": "port", "unit": "nginx"}
    moved("https_behind")
    (found,) = in_force.check({"sshd": False, "key_sign_in": False, "ssh": {}, "overruled": [],
                               "disobeyed": [told]})  # fmt: skip
    assert f"`listen 127.0.0.1:{MOVED} ssl proxy_protocol;` (443)" in found.remedy


def test_no_other_module_knows_a_number() -> None:
    """But for `verify`, which judges independently of what the roles say."""
    numbers = {port.number for port in listening.ours().values() if port.number > 1024}
    pattern = re.compile(rf"(?<!RFC )\b(?:{'|'.join(map(str, numbers))})\b")
    told = {
        path.relative_to(PROGRAM).as_posix(): found
        for path in PROGRAM.rglob("*.py")
        if "verify" not in path.relative_to(PROGRAM).parts
        and (found := pattern.findall(path.read_text("utf-8")))
    }
    assert told == {}


def test_a_port_that_a_setting_brings_names_that_setting() -> None:
    wanted = {port.only_with for port in listening.ours().values()} - {""}
    assert wanted <= set(TABLE)


@pytest.mark.parametrize(
    ("units", "ports", "message"),
    [
        (
            ["x.service"],
            [{"name": "x", "protocol": "tcp", "number": 1, "open": True}],
            "an entry under `ports` of provides.yml: .*unexpected keyword argument 'open'",
        ),
        (
            ["x.service"],
            [{"name": "x", "protocol": "tcp"}],
            "an entry under `ports` of provides.yml: .*'number'",
        ),
        (
            [],
            [{"name": "x", "protocol": "tcp", "number": 1}],
            "whose ports are they\\? It declares 0 units",
        ),
        (
            ["x.service", "y.service"],
            [{"name": "x", "protocol": "tcp", "number": 1}],
            "whose ports are they\\? It declares 2 units",
        ),
        (
            ["x.service"],
            [{"name": "x", "protocol": p, "number": n} for p, n in (("tcp", 1), ("udp", 2))],
            "the port x \\(2/udp\\) is declared twice",
        ),
        (
            ["x.service"],
            [{"name": name, "protocol": "tcp", "number": 1} for name in "xy"],
            "the port y \\(1/tcp\\) is declared twice",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(
    tmp_path: Path, units: list[str], ports: list[dict[str, Any]], message: str
) -> None:
    provides = {"units": dict.fromkeys(units, 1), "ports": ports}
    (tmp_path / "made-up").mkdir()
    (tmp_path / "made-up" / "provides.yml").write_text(yaml.safe_dump(provides))
    with pytest.raises(BugError, match=f"made-up: {message}"):
        listening.declared(tmp_path)


def test_verify_knows_by_itself_what_the_roles_open() -> None:
    """It has a list of its own, as an independent judge; here both are compared."""
    opened = {services.HTTP, services.HTTPS, services.STUN, services.TURNS, services.MEDIA}
    assert {port.number for port in listening.outside()} == opened
    local = [port for port in listening.ours().values() if port.local and port.role != "web"]
    assert {port.number for port in local} <= {*services.SIGNALLING, *services.MANAGEMENT}
    assert set(java.ENDPOINTS) == {services.BRIDGE, services.FOCUS}


def test_verify_tells_each_port_once() -> None:
    numbers = {services.STUN, services.TURNS, services.MEDIA, *services.SIGNALLING, services.BRIDGE,
               services.FOCUS}  # fmt: skip
    pattern = re.compile(rf"(?<!RFC )\b(?:{'|'.join(map(str, numbers))})\b")
    told = {
        path.relative_to(PROGRAM).as_posix()
        for path in (PROGRAM / "verify").rglob("*.py")
        if pattern.search(path.read_text("utf-8"))
    }
    # What travels to the server has no other module beside it; ports.py lists what else is asked.
    assert told == {"verify/outside/services.py", "verify/inside/java.py", "verify/probes/ports.py"}
