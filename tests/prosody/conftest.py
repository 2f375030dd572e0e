"""Real Prosody for the tests of our modules: the installed one, and Debian 13's where asked for."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.prosody.meeting import Meeting
from tests.prosody.server import ROOT, Prosody

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT_13 = "PROVISION_PROSODY13"
"""Set it to a Debian 13 root file system with Prosody; else one is made and kept in .bench."""


class Start(Protocol):
    """Return a running Prosody with these options; the same one for the same options."""

    def __call__(self, options: str = "", without: str = "") -> Prosody: ...


@pytest.fixture(
    scope="session", params=["installed", pytest.param("debian13", marks=pytest.mark.host)]
)
def root(request: pytest.FixtureRequest) -> Path:
    """The file system whose Prosody is tested."""
    if request.param == "installed":
        if not shutil.which("prosody"):
            pytest.skip("no Prosody here: apt-get install prosody")
        return Path("/")
    folder = Path(os.environ.get(ROOT_13) or ROOT / ".bench" / "prosody13")
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not folder.exists():
            make_debian13(folder)
    return folder


def make_debian13(folder: Path) -> None:
    """Make a root file system with Prosody; one that was interrupted is begun anew."""
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    packages = "--include=prosody,lua-cjson"
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", packages, "trixie", part], check=True
    )
    part.rename(folder)


@pytest.fixture(scope="session")
def start(root: Path) -> Iterator[Start]:
    """A function that starts servers."""
    servers: dict[tuple[str, str], Prosody] = {}

    def start_one(options: str = "", without: str = "") -> Prosody:
        key = (options, without)
        if key not in servers:
            folder = Path(tempfile.mkdtemp(dir=root / "tmp", prefix="provision-prosody-"))
            servers[key] = Prosody(folder, root, options, without)
            servers[key].start()
        return servers[key]

    yield start_one
    for server in servers.values():
        server.stop()
        shutil.rmtree(server.folder)


@pytest.fixture
def server(start: Start) -> Prosody:
    """A server as a school has it."""
    return start()


@pytest.fixture
def meeting(server: Prosody) -> Iterator[Meeting]:
    """A room that nobody but the focus has entered yet."""
    meeting = Meeting(server)
    yield meeting
    meeting.close()


@pytest.fixture
def alone(start: Start) -> Iterator[Meeting]:
    """A room where our module has no help from a plugin of Jitsi that guards some of the same."""
    meeting = Meeting(start(without="muc_meeting_id"))
    yield meeting
    meeting.close()
