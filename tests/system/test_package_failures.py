"""ERR: packages that cannot be installed, and what a technician is told."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.bench.network import GATEWAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench import Bench, Host
    from tests.conftest import MakeHost
    from tests.system.conftest import MakeProject
    from tests.system.project import Project

HOLD = (
    "import fcntl, time; lock = open('/var/lib/dpkg/lock-frontend', 'w'); "
    "fcntl.lockf(lock, fcntl.LOCK_EX); print('held', flush=True); time.sleep(600)"
)


@pytest.fixture(scope="module")
def host(make_host: MakeHost) -> Host:
    """A server where the packages are not going to come."""
    return make_host("13", name="unlucky")


@pytest.fixture
def project(host: Host, make_project: MakeProject) -> Project:
    """A project that does not wait for a lock."""
    made = make_project(host)
    (made.folder / "group_vars").mkdir()
    (made.folder / "group_vars" / "schools.yml").write_text("deployment_lock_seconds: 1\n")
    return made


def nothing_runs(host: Host) -> bool:
    """Return whether no package of ours is there and the way is free for the next try."""
    installed = host.run("dpkg-query -W nginx prosody jicofo coturn", check=False).stdout
    policy = host.run("ls /usr/sbin/policy-rc.d", check=False).stdout
    return not installed.strip() and not policy


def test_another_program_installs_packages(host: Host, project: Project) -> None:
    host.run(["systemd-run", "--unit=holder", "python3", "-c", HOLD])
    host.run("until journalctl -u holder | grep -q held; do sleep 0.05; done", timeout=20)
    try:
        done = project.run("deploy", "--json")
    finally:
        host.run("systemctl stop holder")
    assert done.code == 4, done.err
    error = done.data["error"]
    assert error["what"] == "Another program is installing packages on the server."
    assert "/var/lib/dpkg/lock-frontend" in error["rows"]["Why"]
    assert error["rows"]["Next"] == (
        "wait until it has finished (`ps -ef | grep apt` on the server), then run this again"
    )
    assert "  ✗ install packages\n" in done.err
    assert "Traceback" not in done.err
    assert nothing_runs(host)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on the bench and yield its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer((GATEWAY, 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{GATEWAY}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_somebody_in_between_changes_the_index(
    bench: Bench, host: Host, project: Project, tmp_path: Path
) -> None:
    folder = shutil.copytree(bench.packages.default, tmp_path / "packages")
    index = folder / "stable" / "InRelease"
    text = index.read_text()
    assert "Acquire-By-Hash" not in text
    index.write_text(text.replace("\nDate: ", "\nDate:  ", 1))
    assert index.read_text() != text
    with served(folder) as url:
        project.write(repository=url)
        done = project.run("deploy", "--json")
    assert done.code == 4, done.err
    error = done.data["error"]
    assert error["what"] == "A package repository is not signed by the key that it should be."
    assert url in error["rows"]["Why"]
    assert error["rows"]["Next"] == (
        "check `repository` and `repository_fingerprint` in inventory.yml"
    )
    assert "Traceback" not in done.err
    assert nothing_runs(host)
