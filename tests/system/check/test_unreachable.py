"""`provision check` where a server, or everything, is out of reach."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.bench.network import GATEWAY
from tests.system.project import KEY, finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.check.conftest import MakeDesk
    from tests.system.check.desk import Desk

FOREIGN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHgVw1fJ3o4VYEyGqL2bzEsvqpXQ3KNB4c3gxhmjNDqX"


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never says anything."""
    with socket.create_server((GATEWAY, 0)) as server:
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    ("trust", "remedy"),
    [("", "provision connect gymnasium-nord"), (FOREIGN, "--new-server")],
    ids=["no key", "another key"],
)
def test_a_key_that_is_not_the_servers(desk: Desk, trust: str, remedy: str) -> None:
    desk.project.trust(f"{desk.host.address} {trust}" if trust else "")
    done = desk.run()
    assert done.code == 3
    assert remedy in done.err
    assert "key" in done.err.splitlines()[0]


def test_without_any_network(desk: Desk) -> None:
    program = desk.project.start(["unshare", "--net", "provision", "check"])
    done = finish(program, 60)
    assert done.code == 3
    assert "✗ The server does not answer at" in done.err
    assert "Traceback" not in done.err


def test_half_of_the_schools_are_down(make_desk: MakeDesk, silent: int) -> None:
    desk = make_desk()
    one = desk.project.settings
    schools = {
        KEY: one,
        "off": one | {"address": "10.91.0.254", "domain": "meet.off.school.test"},
        "closed": one | {"ssh_port": 2222, "domain": "meet.closed.school.test"},
        "silent": one
        | {"address": GATEWAY, "ssh_port": silent, "domain": "meet.silent.school.test"},
    }
    text = yaml.safe_dump({"schools": {"hosts": schools}}, allow_unicode=True)
    (desk.project.folder / "inventory.yml").write_text(text)
    key = desk.host.host_key
    desk.project.trust(f"{desk.host.address},[{GATEWAY}]:{silent} {key}")
    done = desk.run("--all", "--json")
    found = {one["school"]: one for one in map(json.loads, done.out.splitlines())}
    assert done.code == 3
    assert {name: one["exit_code"] for name, one in found.items()} == {
        KEY: 0, "off": 3, "closed": 3, "silent": 3,
    }  # fmt: skip
    assert len(found[KEY]["findings"]) > 8
    assert all(found[name]["error"]["rows"]["Next"] for name in ("off", "closed", "silent"))
    shown = desk.run("--all")
    assert [line.split() for line in shown.out.splitlines()[:5]] == [
        ["school", "domain", "state", "failures", "warnings"],
        ["closed", "meet.closed.school.test", "not", "reached", "0", "0"],
        [KEY, desk.project.domain, "ready", "0", "0"],
        ["off", "meet.off.school.test", "not", "reached", "0", "0"],
        ["silent", "meet.silent.school.test", "not", "reached", "0", "0"],
    ]
