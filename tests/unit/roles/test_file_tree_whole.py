"""The module file_tree: files that a program judges together, before any is in its place."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit import modules
from tests.unit.modules import GROUP, NONCE, OWNER, Server

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0,
    reason="only root, where it may mount, has a view of its own",
)
Apply = Callable[..., dict[str, Any]]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the module takes for a server, with a program and its settings."""
    made = Server(tmp_path, monkeypatch)
    made.path("/etc/web/enabled").mkdir(parents=True)
    made.path("/etc/web/main").write_text("old main\n")
    made.path("/etc/web/types").write_text("types\n")
    made.path("/etc/web/types").chmod(0o640)
    made.path("/etc/web/enabled/default").symlink_to("../types")
    return made


@pytest.fixture
def apply(server: Server, capsys: pytest.CaptureFixture[str]) -> Apply:
    """Run the module as Ansible does; the program is a script that shows what it sees."""

    def module(script: str, *, fails: bool = False, **more: Any) -> dict[str, Any]:
        judge = server.path("/judge")
        judge.write_text(f"#!/bin/sh\ncd {server.path('/etc/web')}\n{script}\n")
        judge.chmod(0o755)
        files = [
            {"path": str(server.path(path)), "content": content, "owner": OWNER, "group": GROUP,
             "validate": str(judge)}
            for path, content in (
                ("/etc/web/main", "main\n"),
                ("/etc/web/parts/one", "part\n"),
                ("/etc/web/sites/school", "site\n"),
            )
        ]  # fmt: skip
        tree: dict[str, Any] = {
            "nonce": NONCE,
            "complete": True,
            "files": files,
            "links": [
                {"path": str(server.path("/etc/web/enabled/school")), "to": "../sites/school"},
                {"path": str(server.path("/etc/web/later/school")), "to": "../sites/school"},
            ],
            "absent": [str(server.path("/etc/web/enabled/default"))],
        }
        answer = modules.run(server.module("file_tree"), capsys, **tree | more)
        assert answer.get("failed", False) is fails, answer
        return answer

    return module


SEEN = """\
./enabled/school → site
./later/school → site
./main → main
./parts/one → part
./sites/school → site
./types → types
"""
SHOW = 'for f in $(find . ! -type d | sort); do echo "$f → $(cat $f)"; done'


def test_a_program_sees_all_files_in_the_places_that_they_will_have(
    server: Server, apply: Apply, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    answer = apply(f"{{ {SHOW}; stat -c %a types; }} > {seen}; echo once >> {tmp_path}/asked")
    assert seen.read_text() == SEEN + "640\n"
    assert answer["unvalidated"] == []
    # All files are one question.
    assert (tmp_path / "asked").read_text() == "once\n"
    shown = subprocess.run(
        ["sh", "-c", SHOW], cwd=server.path("/etc/web"), capture_output=True, text=True, check=True
    )
    assert shown.stdout == SEEN


def test_nothing_of_it_is_seen_by_others_and_a_refusal_replaces_nothing(
    server: Server, apply: Apply, tmp_path: Path
) -> None:
    def outside() -> str:
        return subprocess.run(
            ["sh", "-c", SHOW], cwd=server.path("/etc/web"), capture_output=True, text=True,
            check=True,
        ).stdout  # fmt: skip

    before = outside()
    mounts = Path("/proc/self/mounts").read_text()
    root = f"/proc/{os.getpid()}/root{server.path('/etc/web')}"
    answer = apply(f"cat {root}/main > {tmp_path}/outside; exit 1", fails=True)
    assert (tmp_path / "outside").read_text() == "old main\n"
    assert (answer["kind"], answer["refused"]) == ("file_refused", str(server.path("/judge")))
    assert outside() == before
    assert Path("/proc/self/mounts").read_text() == mounts


def test_a_refusal_names_the_file_that_is_wrong_though_it_is_not_ours(
    server: Server, apply: Apply
) -> None:
    theirs, ours = server.path("/etc/web/types"), server.path("/etc/web/main")
    answer = apply(f"echo '[emerg] no such word in {theirs}:3, from {ours}:1'; exit 1", fails=True)
    assert answer["kind"] == "foreign_file"
    assert answer["refused"] == answer["foreign"] == str(theirs)
    assert answer["msg"] == f"{theirs} was refused by {server.path('/judge')}"
    answer = apply(f"echo '[emerg] no such word in {ours}:1'; exit 1", fails=True)
    assert answer["refused"] == str(ours)
    assert answer["kind"] == "file_refused"


def test_what_will_be_served_first_stands_where_nothing_is_served_yet(
    server: Server, apply: Apply, tmp_path: Path
) -> None:
    certificate, key = server.path("/var/self/c.pem"), server.path("/var/self/k.pem")
    served = server.path("/etc/web/tls")
    served.mkdir()
    certificate.parent.mkdir(parents=True)
    pair = {
        "name": "meet.example.org", "certificate": str(certificate), "key": str(key),
        "group": GROUP, "stand_in": {"certificate": f"{served}/chain", "key": f"{served}/key"},
    }  # fmt: skip
    apply(f"cat tls/chain tls/key > {tmp_path}/seen", key_pairs=[pair])
    assert (tmp_path / "seen").read_text() == certificate.read_text() + key.read_text()
    assert list(served.iterdir()) == []
    (served / "chain").write_text("served\n")
    server.path("/etc/web/main").write_text("changed\n")
    apply(f"cat tls/chain > {tmp_path}/seen", key_pairs=[pair])
    assert (tmp_path / "seen").read_text() == "served\n"


def test_where_nobody_may_mount_the_judgement_is_left_open(
    server: Server, apply: Apply, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = modules.utility("view").View

    def refused(*_arguments: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(view, "_mount", refused)
    answer = apply("exit 1")
    assert answer["unvalidated"] == [str(server.path("/etc/web/main"))]
    assert server.path("/etc/web/main").read_text() == "main\n"
