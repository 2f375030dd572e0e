"""DEP: Ctrl-C in the middle loses nothing; the next run ends where an undisturbed one does."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from tests.bench.fingerprint import difference
from tests.bench.process import wait_until
from tests.system.convergence import look
from tests.system.project import finish
from tests.system.school import UNITS

if TYPE_CHECKING:
    from tests.bench import Host
    from tests.conftest import MakeHost
    from tests.system.conftest import MakeProject
    from tests.system.school import School


def test_interrupted_deployment_is_finished_by_the_next(
    school: School, make_host: MakeHost, make_project: MakeProject
) -> None:
    host = make_host("13", name="interrupted")
    project = make_project(host)
    running = project.start(["provision", "deploy"])
    assert wait_until(lambda: being_installed(host), seconds=300, every=0.2)
    begun = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does it
    done = finish(running, 60)
    assert time.monotonic() - begun < 10
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith("✗ Interrupted\n")
    assert "Traceback" not in done.err

    again = project.run("deploy")
    assert again.code == 0, again.err
    assert again.out.startswith("Ready after ")
    found = look(host, project.domain)
    changes = difference(school.record.converged, found)
    assert not changes, "\n".join(changes)
    assert host.journal_starts(UNITS) == dict.fromkeys(UNITS, 1)
    assert not host.run("ls /usr/sbin/policy-rc.d", check=False).stdout
    # What was interrupted has ended on the server, too: nothing of it is left or goes on.
    left = host.run("find / -xdev -name '.jitsi-provision-*' -o -xdev -name '.ansible_*'").stdout
    assert left == ""


def being_installed(host: Host) -> bool:
    """Return whether the big transaction has begun to unpack; dpkg's log is never late."""
    found = host.run("grep -c ' status unpacked ' /var/log/dpkg.log", check=False)
    return int(found.stdout or 0) > 20
