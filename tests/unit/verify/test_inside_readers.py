"""What a service can read is found by trying: as its account, with its groups."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from provision.verify.evidence import Evidence, NotMeasuredError
from provision.verify.inside import processes, readers, reading
from provision.verify.judges import inside_readers as judges
from tests.unit.access_lists import SOMEBODY, let_in

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
FOCUS, BRIDGE, SHARED = 4242, 4243, 4244


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with files of two services, which everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        monkeypatch.setattr(readers, "TREES", (name,))
        monkeypatch.setattr(readers, "FILES", ())
        yield place


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """The services that run, each as this process seen from where it is; change them at will."""
    found = {
        "jicofo": {"uid": FOCUS, "gid": SHARED, "groups": [FOCUS]},
        "jitsi-videobridge2": {"uid": BRIDGE, "gid": SHARED, "groups": [BRIDGE]},
    }

    def workers() -> list[dict[str, Any]]:
        return [
            {"pid": os.getpid(), "service": name, "everything": False, **rights}
            for name, rights in found.items()
        ]

    monkeypatch.setattr(readers, "workers", workers)
    installed = {"jicofo", "jvb"}
    monkeypatch.setattr(reading, "exists", lambda user: user in installed)
    return found


def put(path: Path, group: int, mode: int) -> Path:
    """Make a file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("secret")
    os.chown(path, 0, group)
    path.chmod(mode)
    return path


@pytest.mark.usefixtures("running")
def test_each_file_is_tried_by_each_service(server: Path) -> None:
    own, both = put(server / "own", FOCUS, 0o640), put(server / "both", SHARED, 0o640)
    put(server / "nobody", 0, 0o600)
    put(server / "public", 0, 0o644)
    put(server / "closed" / "file", 0, 0o644).parent.chmod(0o700)
    (server / "link").symlink_to(own)
    os.mkfifo(server / "pipe")
    found = readers.files({})
    assert found["readable"] == {str(own): ["jicofo"], str(both): ["jicofo", "jitsi-videobridge2"]}
    assert found["tried"] == {"jicofo": 4, "jitsi-videobridge2": 4}
    assert found["silent"] == []


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The groups of the only account beside root's and the services'; add to them at will."""
    groups = [SOMEBODY]
    somebody = pwd.struct_passwd(("c.lange", "x", SOMEBODY, SOMEBODY, "", "/", "/bin/sh"))
    service = pwd.struct_passwd(("jicofo", "x", FOCUS, SHARED, "", "/", "/bin/sh"))
    root = pwd.struct_passwd(("root", "x", 0, 0, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwall", lambda: [root, service, somebody])
    monkeypatch.setattr(os, "getgrouplist", lambda _name, _gid: groups)
    return groups


def judged(found: dict[str, Any]) -> set[str]:
    """Return what the judge says of it."""
    parts = {"readers": found | {"readable": {}}}
    return judges.strangers(Evidence({"inside": {"root": True, "parts": parts, "missing": {}}}))


@pytest.mark.usefixtures("running")
def test_a_member_of_a_services_group_is_somebody_else(server: Path, account: list[int]) -> None:
    own = put(server / "own", FOCUS, 0o640)
    assert readers.files({})["people"] == {}
    account.append(FOCUS)
    found = readers.files({})
    assert found["people"] == {str(own): 1}
    assert judged(found) == {f"an account beside root can read {own}"}
    assert "c.lange" not in str(found)


@pytest.mark.usefixtures("running", "account")
def test_a_list_lets_somebody_else_in(server: Path) -> None:
    own = put(server / "own", FOCUS, 0o600)
    let_in(own)
    assert readers.files({})["people"] == {str(own): 1}


@pytest.mark.usefixtures("running", "account")
def test_logs_and_a_sysadmins_own_files_are_theirs(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = put(server / "own", 0, 0o600)
    let_in(own)
    monkeypatch.setattr(readers, "LOGS", str(server))
    assert readers.files({})["people"] == {}
    assert judged({"people": {"/etc/jitsi-provision/local/x.conf": 2}}) == set()


def test_names_of_people_stay_there() -> None:
    path = "/var/lib/prosody/meet%2eexample/accounts/a%2emeier.dat"
    assert readers._nameless(path) == "/var/lib/prosody/meet%2eexample/accounts/*.dat"


def test_a_service_that_is_gone_was_not_tried(
    server: Path, running: dict[str, dict[str, Any]]
) -> None:
    put(server / "own", FOCUS, 0o640)
    running["jicofo"]["pid"] = 1 << 30
    found = readers.files({})
    assert found["readable"] == {}
    assert found["silent"] == ["jicofo"]
    evidence = Evidence({"inside": {"root": True, "parts": {"readers": found}, "missing": {}}})
    with pytest.raises(NotMeasuredError):
        judges.refuse_untried(evidence)


def test_a_service_of_root_reads_everything(
    server: Path, running: dict[str, dict[str, Any]]
) -> None:
    path = put(server / "nobody", 0, 0o600)
    running["jicofo"] |= {"uid": 0, "everything": True}
    assert readers.files({})["readable"] == {str(path): ["jicofo"]}


@pytest.mark.parametrize(
    ("status", "everything"),
    [
        ("Uid:\t5\t5\t5\t5\nGid:\t6\t6\t6\t6\nGroups:\t7 8\nCapEff:\t0000000000000000\n", False),
        ("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nCapEff:\t0000000000000000\n", True),
        ("Uid:\t5\t5\t5\t5\nGid:\t6\t6\t6\t6\nGroups:\t\nCapEff:\t0000000000000002\n", True),
        ("Uid:\t5\t5\t5\t5\nGid:\t6\t6\t6\t6\nGroups:\t\nCapEff:\t0000000000000400\n", False),
    ],
)
def test_rights_of_a_process(
    monkeypatch: pytest.MonkeyPatch, status: str, everything: bool
) -> None:
    every = [{"pid": 1, "unit": "jicofo.service"}, {"pid": 2, "unit": "ssh.service"}]
    monkeypatch.setattr(processes, "every", lambda: every)
    monkeypatch.setattr(reading, "text", lambda _path: status)
    (found,) = readers.workers()
    assert (found["service"], found["everything"]) == ("jicofo", everything)


def test_the_webs_master_does_not_count_beside_its_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = [{"pid": 1, "unit": "nginx.service"}, {"pid": 2, "unit": "nginx.service"}]
    monkeypatch.setattr(processes, "every", lambda: every)
    root = "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nCapEff:\t00\n"
    texts = {"/proc/1/status": root, "/proc/2/status": root.replace("0\t0\t0\t0", "33\t33\t33\t33")}
    monkeypatch.setattr(reading, "text", texts.__getitem__)
    assert [each["pid"] for each in readers.workers()] == [2]
