"""The module file_tree where a service has had its hands in the directories."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit import modules
from tests.unit.modules import NONCE, Server, utility

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
SOMEBODY = 4242


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the module takes for a server."""
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def apply(server: Server, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the module as Ansible does."""

    def run(*, check: bool = False, **tree: Any) -> dict[str, Any]:
        module = server.module("file_tree")
        return modules.run(module, capsys, nonce=NONCE, _ansible_check_mode=check, **tree)

    return run


@pytest.fixture
def theirs(server: Server) -> Path:
    """A directory that a service owns, with a file and a link of the service."""
    folder = server.path("/etc/service")
    folder.mkdir(parents=True)
    (folder / "old").write_text("x")
    (folder / "x.conf").symlink_to("/etc/shadow")
    for path in (folder, folder / "old", folder / "x.conf"):
        os.lchown(path, SOMEBODY, SOMEBODY)
    return folder


def owners(folder: Path) -> set[int]:
    """Return who owns a directory and what is in it."""
    return {path.lstat().st_uid for path in (folder, *folder.iterdir())}


def test_nothing_is_written_into_a_directory_of_a_service(apply: Any, theirs: Path) -> None:
    done = apply(files=[{"path": str(theirs / "x.conf"), "content": "a\n"}])
    assert done["msg"] == f"{theirs} is not root's alone"
    assert done["kind"] == "server_ground"
    assert (theirs / "x.conf").is_symlink()
    assert sorted(path.name for path in theirs.iterdir()) == ["old", "x.conf"]


@pytest.mark.parametrize("kind", ["links", "absent", "key_pairs", "directories"])
def test_nothing_else_is_done_there(apply: Any, theirs: Path, kind: str) -> None:
    path = str(theirs / "new")
    declared: dict[str, Any] = {
        "links": {"path": path, "to": "/x"},
        "absent": str(theirs / "old"),
        "key_pairs": {"name": "x", "certificate": path, "key": path + ".key"},
        "directories": {"path": path},
    }
    done = apply(**{kind: [declared[kind]]})
    assert done["kind"] == "server_ground", done
    assert sorted(path.name for path in theirs.iterdir()) == ["old", "x.conf"]


def test_a_directory_is_taken_with_all_that_is_in_it(apply: Any, theirs: Path) -> None:
    declared = {"path": str(theirs), "mode": "0750", "whole": True}
    files = [{"path": str(theirs / "x.conf"), "content": "a\n"}]
    assert apply(check=True, directories=[declared])["paths"] == [f"{theirs}/"]
    assert owners(theirs) == {SOMEBODY}
    done = apply(directories=[declared], files=files)
    assert done["paths"] == [f"{theirs}/", str(theirs / "x.conf")]
    assert owners(theirs) == {0}
    assert (theirs / "x.conf").read_text() == "a\n"
    assert not apply(directories=[declared], files=files)["changed"]
    os.chown(theirs / "old", SOMEBODY, 0)  # as an interrupted run leaves it
    assert apply(directories=[declared])["changed"]
    assert owners(theirs) == {0}


def test_a_key_pair_that_a_service_can_change_is_made_anew(apply: Any, server: Server) -> None:
    """The former state linked root's names to the service's files."""
    theirs, certs = server.path("/var/lib/service"), server.path("/etc/service/certs")
    for folder in (theirs, certs):
        folder.mkdir(parents=True)
    pair = {"name": "x", "certificate": str(theirs / "x.crt"), "key": str(theirs / "x.key")}
    assert apply(key_pairs=[pair])["changed"]
    pair = {"name": "x", "certificate": str(certs / "x.crt"), "key": str(certs / "x.key")}
    trusted = server.path("/usr/local/share/x.crt")
    pair["copies"] = [str(trusted)]
    pair["mode"] = "0640"
    links = [
        {"path": str(certs / f"x.{ending}"), "to": str(theirs / f"x.{ending}")}
        for ending in ("crt", "key")
    ]
    apply(links=links, complete=True)
    assert apply(key_pairs=[pair], complete=True)["changed"]
    assert not (certs / "x.crt").is_symlink()
    assert (certs / "x.key").stat().st_mode & 0o777 == 0o640
    assert trusted.read_text() == (certs / "x.crt").read_text() != (theirs / "x.crt").read_text()
    assert not apply(key_pairs=[pair])["changed"]


def test_a_certificate_of_ours_makes_nobody_an_authority(apply: Any, server: Server) -> None:
    """It stands in the trust store: its key, stolen, must sign for no other name."""
    server.path("/etc").mkdir()
    path = str(server.path("/etc/x.crt"))
    pair = {"name": "auth.example.org", "certificate": path, "key": path + ".key"}
    apply(key_pairs=[pair])
    shown = subprocess.run(
        ["openssl", "x509", "-in", path, "-noout", "-ext", "basicConstraints,subjectAltName"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert "CA:FALSE" in shown
    assert "CA:TRUE" not in shown
    assert "DNS:auth.example.org" in shown


def test_dpkg_is_told_once(
    apply: Any, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utility("overrides"), "FILE", str(tmp_path / "statoverride"))
    program = tmp_path / "bin" / "dpkg-statoverride"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$3 $4 $5 $6" >>{tmp_path}/statoverride\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    declared = [{"path": "/etc/service", "group": "staff", "mode": "1770"}]
    assert apply(check=True, overrides=declared)["changed"]
    assert not (tmp_path / "statoverride").exists()
    assert apply(overrides=declared)["paths"] == [str(tmp_path / "statoverride")]
    assert (tmp_path / "statoverride").read_text() == "#0 #50 1770 /etc/service\n"
    assert not apply(overrides=declared)["changed"]
    assert server
