"""Nobody is ever locked out: what one cannot sign in through, the server takes back by itself."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.bench.process import wait_until
from tests.system.hardening.test_firewall import LOCAL, table
from tests.system.project import KEY, finish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench import Host
    from tests.system.hardening.conftest import SetVariables
    from tests.system.school import School

DROP_IN = "/etc/ssh/sshd_config.d/10-jitsi-provision.conf"
GUARD = "/var/lib/jitsi-provision/guard"
WINDOW = 6
"""Seconds after which the server takes new settings back."""
OLD_SSH = '#!/bin/sh\nexec /usr/bin/ssh -o KexAlgorithms=ecdh-sha2-nistp256 "$@"\n'
"""An SSH program that knows nothing better."""
KEX = "no matching key exchange method found"
WHAT = "✗ The new settings of firewall and SSH would have locked you out.\n"
BACK = "  Next   The server has taken them back by itself and lets you in as before; "


def guarded(host: Host) -> bool:
    """Return whether new settings are in force that nobody has signed in through."""
    return host.run(["test", "-e", GUARD], check=False).returncode == 0


def rights(host: Host, path: str) -> str:
    """Return mode and owner of a path."""
    return host.run(["stat", "-c", "%a %U:%G", path]).stdout


@pytest.fixture
def unhardened(school: School) -> Iterator[School]:
    """The school before its SSH was changed for the first time."""
    school.host.run(f"rm {DROP_IN}; systemctl reload ssh.service")
    yield school
    if "passwordauthentication yes" in school.host.run("sshd -T").stdout:
        assert school.project.run("deploy").code == 0


@pytest.fixture
def old_computer(unhardened: School, tmp_path: Path) -> Iterator[None]:  # noqa: ARG001 - it is mended with the present program, after this
    """A technician's computer with an old SSH program; no variable of Ansible may say so."""
    program = tmp_path / "ssh"
    program.write_text(OLD_SSH)
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        yield


def test_a_rule_that_locks_out_is_taken_back(school: School, set_variables: SetVariables) -> None:
    host, before, root = school.host, table(school.host), rights(school.host, "/")
    set_variables(deployment_guard_seconds=WINDOW, ansible_ssh_timeout=2)
    # Connections of before go on; only new ones are shut out.
    host.write(LOCAL, "insert rule inet jitsi_provision input tcp dport 22 ct state new drop\n")
    try:
        done = school.project.run("deploy")
        assert (done.code, done.out) == (5, ""), done.err
        assert WHAT in done.err
        assert BACK in done.err
        assert "Traceback" not in done.err
        assert table(host) == before
        assert rights(host, "/") == root
        assert not guarded(host)
        assert host.ssh("true").returncode == 0
        host.restart()  # such a rule does not come back with a boot either
        assert table(host) == before
    finally:
        host.run(["rm", LOCAL])
    set_variables()
    assert school.project.run("deploy").code == 0
    assert table(host) == before


@pytest.mark.usefixtures("old_computer")
def test_settings_of_ssh_that_lock_out_are_taken_back(
    unhardened: School, set_variables: SetVariables
) -> None:
    host = unhardened.host
    before, rules = host.run("sshd -T").stdout, table(host)
    set_variables(deployment_guard_seconds=WINDOW)
    done = unhardened.project.run("deploy")
    assert (done.code, done.out) == (5, ""), done.err
    assert WHAT in done.err
    assert KEX in done.err
    assert BACK in done.err
    assert host.run("sshd -T").stdout == before
    assert host.run(["ls", "/etc/ssh/sshd_config.d"]).stdout == ""
    assert table(host) == rules
    set_variables()
    assert unhardened.project.run("teachers", "list", KEY).code == 0  # it gets in


@pytest.mark.usefixtures("old_computer")
def test_a_boot_takes_back_what_nobody_signed_in_through(
    unhardened: School, set_variables: SetVariables
) -> None:
    host = unhardened.host
    rules = table(host)
    set_variables(deployment_guard_seconds=300)
    begun = f"--since=@{time.time():.0f}"
    running = unhardened.project.start(["provision", "deploy"])
    try:
        assert wait_until(lambda: KEX in host.run(f"journalctl -u ssh {begun}").stdout, seconds=60)
        host.restart()
        assert host.run(["ls", "/etc/ssh/sshd_config.d"]).stdout == ""
        assert not guarded(host)
        assert table(host) == rules
    finally:
        done = finish(running, 60)
    assert done.code == 5, done.err
    assert BACK in done.err


def test_what_was_interrupted_is_kept_by_the_next_run(
    unhardened: School, set_variables: SetVariables
) -> None:
    host = unhardened.host
    set_variables(deployment_guard_seconds=300)
    # As if somebody had pressed Ctrl-C between the change and signing in anew.
    host.run(f"mkdir -p {GUARD}; echo {DROP_IN} > {GUARD}/absent; touch {GUARD}/present")
    done = unhardened.project.run("deploy", "--json")
    assert done.code == 0, done.err
    assert not guarded(host)
    assert DROP_IN in done.data["changed"]
    timers = host.run("systemctl list-timers --all --no-legend jitsi-provision-guard.timer").stdout
    assert timers == ""
    again = unhardened.project.run("deploy", "--json")
    assert again.data["changed"] == []
    assert "access" not in again.data["seconds"]


def test_who_knows_only_another_key_of_the_server_is_not_locked_out(unhardened: School) -> None:
    """The project of a colleague has the ECDSA key of this server pinned and no other."""
    host, pinned = unhardened.host, unhardened.project.folder / "known_hosts"
    before = pinned.read_text()
    key = host.read("/etc/ssh/ssh_host_ecdsa_key.pub").decode().split()[:2]
    unhardened.project.trust(f"{host.address} {' '.join(key)}")
    try:
        done = unhardened.project.run("deploy")
        assert done.code == 0, done.err
    finally:
        pinned.write_text(before)
    kinds = "hostkeyalgorithms ssh-ed25519,rsa-sha2-512,rsa-sha2-256"
    assert f"{kinds},ecdsa-sha2-nistp256\n" in host.run("sshd -T").stdout
    assert unhardened.project.run("deploy").code == 0
    assert f"{kinds}\n" in host.run("sshd -T").stdout
