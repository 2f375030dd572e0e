"""The way to a server that ~/.ssh/config names, and what is wrong on this very computer."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from provision.access import own_way, shut_out
from provision.play.failures import explain
from provision.settings.table import School

if TYPE_CHECKING:
    from pathlib import Path

SCHOOL = School.model_validate(
    {
        "address": "203.0.113.10",
        "domain": "meet.example.org",
        "school": "Nord",
        "contact": "it@example.org",
        "ssh_port": 2222,
    }
)
QUIET = ["ssh", "-o", "BatchMode=yes", *own_way.quietly()]
HERE = ["-W", "[10.0.0.5]:22", "--"]


@pytest.mark.parametrize(
    ("known", "command"),
    [
        ({}, []),
        ({"proxyjump": "none", "proxycommand": "none"}, []),
        ({"proxyjump": "gate"}, [*QUIET, *HERE, "gate"]),
        ({"proxyjump": "me@gate:2200"}, [*QUIET, "-p", "2200", *HERE, "me@gate"]),
        ({"proxyjump": "far,me@gate"}, [*QUIET, "-J", "far", *HERE, "me@gate"]),
        (
            {"proxycommand": "nc -X 5 %h %p %%", "user": "root"},
            ["sh", "-c", "exec nc -X 5 10.0.0.5 22 %"],
        ),
    ],
)
def test_the_way_that_ssh_would_take(known: dict[str, str], command: list[str]) -> None:
    assert own_way.way(known, "10.0.0.5", 22) == command


def test_the_first_contact_goes_where_ssh_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for ssh says what it would do, and is then the way."""
    program = tmp_path / "ssh"
    program.write_text(
        '#!/bin/sh\ncase "$*" in *-G*) echo "hostname 10.0.0.5"; echo "port 22"; '
        'echo "proxyjump gate" ;; *) echo "SSH-2.0-through $*" ;; esac\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with own_way.connection(SCHOOL, 10) as stream:
        said = stream.makefile().readline()
    assert said == f"SSH-2.0-through {' '.join([*QUIET, *HERE, 'gate'][1:])}\n"


@pytest.mark.parametrize(
    "said",
    [
        (
            "/home/a/.ssh/config: line 3: Bad configuration option: proxyjmp\r\n"
            "/home/a/.ssh/config: terminating, 1 bad configuration options"
        ),
        "Bad owner or permissions on /home/a/.ssh/config",
        'unix_listener: path "/home/a/very/long" too long for Unix domain socket',
    ],
)
def test_what_is_wrong_here_is_not_told_of_the_server(said: str) -> None:
    assert own_way.refused(said)
    error = own_way.error(said)
    assert error.what == "ssh on this computer does not start; the server was not asked."
    assert error.why.splitlines() == said.splitlines()
    assert not own_way.refused("root@203.0.113.10: Permission denied (publickey).")


@pytest.mark.parametrize(
    ("known", "more"),
    [
        ("", []),  # OpenSSH before 8.7
        (
            "sessiontype default\nstdinnull no\nforkafterauthentication no\n",
            ["SessionType=default", "StdinNull=no", "ForkAfterAuthentication=no"],
        ),
    ],
)
def test_what_is_set_up_for_typing_is_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: str, more: list[str]
) -> None:
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\necho 'requesttty auto\n{known}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    own_way.quietly.cache_clear()
    try:
        words = own_way.quietly()
    finally:
        own_way.quietly.cache_clear()
    assert list(words[1::2]) == ["RequestTTY=no", "RemoteCommand=none", *more]
    assert set(words[::2]) == {"-o"}


def test_a_way_that_ends_before_the_server_is_told_as_such() -> None:
    said = (
        "ssh: connect to host gate port 22: Connection refused\r\n"
        "kex_exchange_identification: Connection closed by remote host\r\n"
        "Connection closed by UNKNOWN port 65535"
    )
    assert not shut_out.told(said)
    error = explain({"unreachable": True, "msg": said}, SCHOOL, "nord")
    assert (error.what, error.why, error.next) == (
        "The way to the server in ~/.ssh/config (ProxyJump, ProxyCommand) does not lead there.",
        "ssh: connect to host gate port 22: Connection refused",
        "try it yourself: ssh -p 2222 root@203.0.113.10",
    )


def test_how_a_server_shuts_out() -> None:
    assert shut_out.heard(b"", ended=True)
    assert shut_out.heard(b"Not allowed at this time\r\n", ended=True)
    assert not shut_out.heard(b"", ended=False)
    assert not shut_out.heard(b"HTTP/1.1 400", ended=True)
