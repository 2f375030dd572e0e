"""DEP: one deployment at a time on a server; a killed one holds up nobody."""

from __future__ import annotations

import os
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.bench.process import wait_until
from tests.system.project import PLAYBOOKS, finish

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.bench import Host
    from tests.system.school import School

KEY = "gymnasium-nord"
PACKAGE = "lua-unbound"
HOLD = (
    "import fcntl, time; lock = open('/var/lib/dpkg/lock-frontend', 'w'); "
    "fcntl.lockf(lock, fcntl.LOCK_EX); print('held', flush=True); time.sleep(600)"
)
ELSEWHERE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
"""A list of processes of its own: what runs in it is of another computer, as far as it can see."""
AGO = re.compile(r"(\d+ min )?\d+ s ago")
PLAIN = ["env", "LC_ALL=C.UTF-8", "ansible-playbook", "-i", "inventory.yml"]


@contextmanager
def dpkg_held(host: Host) -> Iterator[None]:
    """Another program has dpkg's lock, so that a deployment waits in the middle."""
    host.run(["systemd-run", "--unit=holder", "--collect", "python3", "-c", HOLD])
    host.run("until journalctl -b -u holder | grep -q held; do sleep 0.05; done", timeout=20)
    try:
        yield
    finally:
        host.run("systemctl stop holder", check=False)
        host.run("journalctl --rotate --vacuum-time=1s -q")


@contextmanager
def in_the_middle(school: School) -> Iterator[subprocess.Popen[str]]:
    """A deployment that has begun and waits for dpkg."""
    school.host.run(["dpkg", "--remove", "--force-depends", PACKAGE])
    with dpkg_held(school.host):
        running = school.project.start(["provision", "deploy", "--json"])
        try:
            there = ["test", "-e", "/usr/sbin/policy-rc.d"]
            assert wait_until(
                lambda: school.host.run(there, check=False).returncode == 0, seconds=60, every=0.1
            )
            yield running
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)


def test_the_second_says_who_is_at_work_and_the_first_ends_well(school: School) -> None:
    project = school.project
    with in_the_middle(school) as first:
        second = project.run("deploy")
        planned = project.run("plan")
        elsewhere = finish(project.start([*ELSEWHERE, "provision", "deploy", "--json"]), 60)
        plain = finish(project.start([*PLAIN, str(PLAYBOOKS / "deploy.yml")]), 60)
        assert first.poll() is None
        school.host.run("systemctl stop holder")
        done = finish(first, 300)
    assert done.code == 0, done.err
    assert done.data["changed"] == [f"package {PACKAGE}:amd64"]

    domain, address = school.domain, school.host.address
    assert (second.code, second.out) == (6, "")
    process = re.search(r"process (\d+)", second.err)
    assert process
    told = (
        "✗ Another deployment is at work on this server.\n"
        f"  Why    It runs on this computer as process {process[1]}, and was begun TIME ago.\n"
        "  Next   wait until it has ended, then run this again\n"
    )
    head = f"{project.settings['school']} · {domain} · {address}\n"
    assert AGO.sub("TIME ago", second.err) == head + told
    assert (planned.code, planned.out) == (6, "")
    assert AGO.sub("TIME ago", planned.err) == head + told

    assert elsewhere.code == 6
    rows = elsewhere.data["error"]["rows"]
    assert re.fullmatch(r"\S+@\S+ has begun it (\d+ min )?\d+ s ago\.", rows["Why"])
    assert plain.code == 2
    assert "Another deployment is at work on this server." in plain.out

    again = project.run("deploy")
    assert (again.code, again.out) == (0, "")
    assert again.err.startswith(f"✓ {KEY}: nothing to change (")


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_deployment_holds_up_nobody(school: School, signal_: signal.Signals) -> None:
    """Its last step on the server ends by itself; the next run waits for that, and for no more."""
    with in_the_middle(school) as first:
        os.killpg(first.pid, signal_)
        first.wait()
        second = school.project.start(["provision", "deploy", "--json"])
        school.host.run("systemctl stop holder")
        done = finish(second, 300)
    assert done.code == 0, done.err
    look = school.host.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", PACKAGE])
    assert look.stdout == "installed"


def test_a_deployment_that_failed_holds_up_nobody(school: School) -> None:
    """Not even somebody who works on another computer, who cannot see that it has ended."""
    school.host.run("mkdir -p /etc/jitsi-provision/local")
    school.host.run("echo 'nonsense {' > /etc/jitsi-provision/local/x.nft")
    school.host.run(["sh", "-c", "echo '#' >> /etc/jitsi-provision/firewall.nft"])
    try:
        failed = school.project.run("deploy", "--json")
    finally:
        school.host.run("rm /etc/jitsi-provision/local/x.nft")
    assert failed.code == 4, failed.err
    done = finish(school.project.start([*ELSEWHERE, "provision", "deploy", "--json"]), 40)
    assert done.code == 0, done.err
    assert school.host.run(["cat", "/run/jitsi-provision/deployment"]).stdout == ""
