"""Accounts as Prosody keeps them: what we write, Prosody reads, and the other way round."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit import modules
from tests.unit.modules import OWNER, Server, utility

if TYPE_CHECKING:
    from types import ModuleType

HOST = "meet.school-nord.example.org"
with_prosody = pytest.mark.skipif(
    not shutil.which("prosodyctl") or os.geteuid() != 0,
    reason="prosodyctl is not installed, or nobody here is root",
)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the modules take for a server, with Prosody's data in it."""
    made = Server(tmp_path, monkeypatch)
    made.path("/var/lib/prosody").mkdir(parents=True)
    monkeypatch.setattr(utility("prosody_store"), "DATA", str(made.path("/var/lib/prosody")))
    # Who runs the tests stands for Prosody; see below for the true account.
    monkeypatch.setattr(utility("prosody_store"), "ACCOUNT", OWNER)
    return made


@pytest.fixture
def store(server: Server) -> ModuleType:
    """The functions that know Prosody's files."""
    assert server
    return utility("prosody_store")


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("meet.school-nord.example.org", "meet%2eschool%2dnord%2eexample%2eorg"),
        ("a.meier_2", "a%2emeier%5f2"),
        ("müller", "m%c3%bcller"),
        ("../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
        ("", ""),
    ],
)
def test_names_of_files(store: ModuleType, name: str, encoded: str) -> None:
    assert store.encode(name) == encoded
    assert store.decode(encoded) == name


def test_the_keys_are_those_of_the_standards_example(store: ModuleType) -> None:
    """RFC 5802, section 5: its client's proof and server's signature follow from our keys."""
    salt = base64.b64decode("QSXCR+Q6sek8bf92")
    stored, server = (bytes.fromhex(key) for key in store.scram_keys("pencil", salt, 4096))
    nonce = "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
    message = (
        f"n=user,r=fyko+d2lbbFgONRv9qkxdawL,r={nonce},s=QSXCR+Q6sek8bf92,i=4096,c=biws,r={nonce}"
    ).encode()
    proof = base64.b64decode("v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
    signature = hmac.digest(stored, message, "sha1")
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    assert hashlib.sha1(client_key).digest() == stored
    assert hmac.digest(server, message, "sha1") == base64.b64decode("rmF9pqV8S7suAoZWja4dJRkFsKQ=")


def test_an_account_matches_its_password_only(store: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_text(store.account_text("correct horse"))
    assert store.password_matches(str(path), "correct horse")
    assert not store.password_matches(str(path), "wrong")
    assert not store.password_matches(str(path), "")
    assert "correct horse" not in path.read_text()
    assert store.account_text("x") != store.account_text("x")


@pytest.mark.parametrize(
    "text",
    ["", "return {\n};\n", 'return {\n\t["salt"] = "x";\n\t["iteration_count"] = 1;\n};\n', "\xff"],
)
def test_a_file_that_is_no_account_matches_nothing(
    store: ModuleType, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "a.dat"
    path.write_text(text, encoding="latin-1")
    assert not store.password_matches(str(path), "x")
    assert not store.password_matches(str(tmp_path / "none"), "x")


def test_accounts_are_listed_by_their_names(store: ModuleType, server: Server) -> None:
    assert store.accounts(HOST) == []
    for name in ("b.zwei", "a-eins", "müller", f"{store.TEMPORARY}1a2b"):
        path = server.path(store.account_path(HOST, name, "/var/lib/prosody"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (path.parent / ".jitsi-provision-abc").write_text("half")
    assert store.accounts(HOST) == ["a-eins", "b.zwei", "müller"]


@pytest.fixture
def prosodyctl(tmp_path: Path) -> Any:
    """Run the installed prosodyctl on data of its own."""
    config = tmp_path / "prosody.cfg.lua"
    config.write_text(
        f'run_as_root = true\ndata_path = "{tmp_path}/data"\npidfile = "{tmp_path}/pid"\n'
        'default_storage = "internal"\nmodules_disabled = { "s2s", "tls" }\n'
        f'log = {{ error = "{tmp_path}/log" }}\n'
        f'VirtualHost "{HOST}"\n    authentication = "internal_hashed"\n'
    )
    (tmp_path / "data").mkdir()

    def run(*arguments: str) -> None:
        command = ["prosodyctl", "--root", "--config", str(config), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@with_prosody
@pytest.mark.parametrize("user", ["a.meier", "müller-lüdenscheidt", "x_y"])
def test_what_prosody_writes_is_understood(
    store: ModuleType, prosodyctl: Any, tmp_path: Path, user: str
) -> None:
    prosodyctl("register", user, HOST, "correct horse")
    path = store.account_path(HOST, user, str(tmp_path / "data"))
    assert Path(path).exists()
    assert store.password_matches(path, "correct horse")
    assert not store.password_matches(path, "wrong")
    assert store.accounts(HOST, str(tmp_path / "data")) == [user]


@with_prosody
def test_what_we_write_prosody_accepts(store: ModuleType, tmp_path: Path) -> None:
    """Prosody's own provider of accounts is asked for the password."""
    path = Path(store.account_path(HOST, "a.meier", str(tmp_path / "data")))
    path.parent.mkdir(parents=True)
    path.write_text(store.account_text("correct horse"))
    script = tmp_path / "check.lua"
    script.write_text(
        'package.path = "/usr/lib/prosody/?.lua;" .. package.path\n'
        'package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath\n'
        "local ok, new = pcall(require, 'prosody.util.sasl.scram')\n"
        "local scram = ok and new or require 'util.sasl.scram'\n"
        "local hex = ok and require 'prosody.util.hex' or require 'util.hex'\n"
        f"local account = assert(loadfile('{path}'))()\n"
        "local make = scram.getAuthenticationDatabaseSHA1\n"
        "local _, stored, server = make('correct horse', account.salt, account.iteration_count)\n"
        "assert(hex.to(stored) == account.stored_key and hex.to(server) == account.server_key)\n"
    )
    done = subprocess.run(["lua5.4", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# The module xmpp_accounts


@pytest.fixture
def accounts(server: Server, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the module for one host."""
    module = server.module("xmpp_accounts")

    def run(*, check: bool = False, **arguments: Any) -> dict[str, Any]:
        return modules.run(module, capsys, host=HOST, _ansible_check_mode=check, **arguments)

    return run


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a stand-in for prosodyctl writes down how it is called."""
    program = tmp_path / "bin" / "prosodyctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return tmp_path / "calls"


def signed_out(calls: Path) -> list[str]:
    """Return whose sessions were to be ended, first those that are there, then broken ones."""
    lines = calls.read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["shell", lines[0].split()[1]], ["shell", ">"]]
    (closed,) = re.findall(rf"shell c2s:close\('(.+)@{re.escape(HOST)}', nil", lines[0])
    (destroyed,) = re.findall(rf"hosts\['{re.escape(HOST)}'\]\.sessions\['(.+?)'\]", lines[1])
    return [closed, destroyed]


def test_an_account_is_added_once_and_its_password_kept(store: ModuleType, accounts: Any) -> None:
    wanted = [{"user": "a.meier", "password": "one"}]
    assert accounts(present=wanted, check=True)["added"] == ["a.meier"]
    assert not Path(store.account_path(HOST, "a.meier")).exists()
    done = accounts(present=wanted)
    assert (done["changed"], done["added"], done["accounts"]) == (True, ["a.meier"], ["a.meier"])
    path = Path(store.account_path(HOST, "a.meier"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
    again = accounts(present=wanted)
    assert (again["changed"], again["added"], again["updated"]) == (False, [], [])
    other = [{"user": "a.meier", "password": "two"}]
    assert not accounts(present=other, keep_password=True)["changed"]
    assert store.password_matches(str(path), "one")
    assert accounts(present=other)["updated"] == ["a.meier"]
    assert store.password_matches(str(path), "two")


def test_no_password_is_shown(accounts: Any) -> None:
    done = accounts(present=[{"user": "a.meier", "password": "correct horse"}])
    assert "correct horse" not in str(done)


def test_a_service_signs_in_with_its_secret(
    server: Server, store: ModuleType, accounts: Any
) -> None:
    wanted = [{"user": "focus", "secret": "focus"}]
    assert accounts(present=wanted)["msg"] == "there is no password for focus"
    assert accounts(present=wanted, check=True)["added"] == ["focus"]
    server.secrets.mkdir(parents=True)
    (server.secrets / "focus").write_text("abc\n")
    (server.secrets / "focus").chmod(0o600)
    assert accounts(present=wanted)["added"] == ["focus"]
    assert store.password_matches(store.account_path(HOST, "focus"), "abc")


def test_a_removed_teacher_leaves_nothing_behind_and_is_signed_out(
    server: Server, accounts: Any, calls: Path
) -> None:
    accounts(present=[{"user": n, "password": "x"} for n in ("a.meier", "b")])
    folder = server.path("/var/lib/prosody/meet%2eschool%2dnord%2eexample%2eorg")
    (folder / "roster").mkdir()
    for name in ("roster/a%2emeier.dat", "roster/a%2emeier.list", "roster/b.dat", "a.file"):
        (folder / name).write_text("x")
    assert accounts(absent=["a.meier"], check=True)["removed"] == ["a.meier"]
    done = accounts(absent=["a.meier"])
    assert (done["removed"], done["accounts"]) == (["a.meier"], ["b"])
    kept = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert kept == ["a.file", "accounts/b.dat", "roster/b.dat"]
    assert signed_out(calls) == ["a.meier"] * 2
    assert not accounts(absent=["a.meier"])["changed"]


def test_whoever_gets_another_password_is_signed_out(accounts: Any, calls: Path) -> None:
    def wanted(password: str) -> list[dict[str, str]]:
        return [{"user": "a.meier", "password": password}]

    accounts(present=wanted("one"))
    accounts(present=wanted("one"))
    accounts(present=wanted("two"), keep_password=True)
    accounts(present=wanted("two"), check=True)
    assert not calls.exists()
    assert accounts(present=wanted("two"))["updated"] == ["a.meier"]
    assert signed_out(calls) == ["a.meier"] * 2


def test_it_is_told_where_somebody_stays_signed_in(accounts: Any, calls: Path) -> None:
    for name, code in (("prosodyctl", 1), ("systemctl", 0)):
        program = calls.parent / "bin" / name
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
    accounts(present=[{"user": "b", "password": "x"}])
    assert accounts(absent=["b"])["msg"] == "the sessions of b could not be ended"


def test_what_was_done_before_a_failure_is_told(
    store: ModuleType, accounts: Any, calls: Path
) -> None:
    """A password that is in force and that nobody has seen would lock its teacher out."""
    names = ["a", "b", "c"]
    accounts(present=[{"user": name, "password": "old"} for name in names])
    for name, code in (("prosodyctl", "b@"), ("systemctl", "never")):
        program = calls.parent / "bin" / name
        program.write_text(f'#!/bin/sh\ncase "$*" in *{code}*) exit 1;; esac\nexit 0\n')
        program.chmod(0o755)
    done = accounts(present=[{"user": name, "password": "new"} for name in names])
    assert (done["failed"], done["kind"]) == (True, "account")
    assert done["msg"] == "the sessions of b could not be ended"
    assert done["updated"] == ["a", "b"]
    in_force = [store.password_matches(store.account_path(HOST, name), "new") for name in names]
    assert in_force == [True, True, False]
    gone = accounts(absent=names)
    assert (gone["msg"], gone["removed"]) == (done["msg"], ["a", "b"])


def test_a_prosody_that_does_not_answer_keeps_no_removed_account(
    accounts: Any, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(present=[{"user": "b", "password": "x"}])

    def never(*_arguments: Any, **_keywords: Any) -> None:
        raise subprocess.TimeoutExpired("prosodyctl", 20)

    monkeypatch.setattr(subprocess, "run", never)
    assert accounts(absent=["b"])["accounts"] == []
    assert not calls.exists()


def test_a_roster_is_believed_only_when_it_is_written(
    server: Server, accounts: Any, calls: Path
) -> None:
    contact = f"focus.{HOST}"
    wanted = [{"user": "focus", "contact": contact}]
    told = accounts(subscribe=wanted)
    assert told["msg"] == f"{contact} could not be entered in the roster of focus"
    assert calls.read_text() == f"mod_roster_command subscribe {contact} focus@{HOST}\n"
    roster = server.path("/var/lib/prosody/meet%2eschool%2dnord%2eexample%2eorg/roster/focus.dat")
    roster.parent.mkdir(parents=True)
    roster.write_text(f'return {{ ["{contact}"] = {{}} }};')
    assert not accounts(subscribe=wanted)["changed"]


def test_an_endless_number_of_iterations_keeps_nobody_busy(
    store: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "a.dat"
    path.write_text(store.account_text("x").replace("10000", "9e99"))
    assert not store.password_matches(str(path), "x")
