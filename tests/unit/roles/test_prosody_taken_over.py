"""Whoever has taken Prosody over can put links in its directory; no work of root follows them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit import modules
from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

HOST = "meet.school-nord.example.org"
pytestmark = pytest.mark.skipif(
    not shutil.which("prosodyctl") or os.geteuid() != 0,
    reason="prosody is not installed, or nobody here is root",
)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the modules take for a server."""
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def store(server: Server) -> ModuleType:
    """The functions that know Prosody's files."""
    assert server
    return utility("prosody_store")


@pytest.fixture
def accounts(server: Server, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the module xmpp_accounts for one host."""
    module = server.module("xmpp_accounts")

    def run(**arguments: Any) -> dict[str, Any]:
        return modules.run(module, capsys, host=HOST, **arguments)

    return run


VICTIM = "root's alone"


@pytest.fixture
def taken_over(
    server: Server, store: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Return a directory of root's with a file, where the true account owns Prosody's data."""
    account = pwd.getpwnam("prosody")
    monkeypatch.setattr(store, "ACCOUNT", "prosody")
    with tempfile.TemporaryDirectory() as place:  # one that the account may enter
        Path(place).chmod(0o755)
        data, victims = Path(place, "data"), Path(place, "victims")
        data.mkdir()
        os.chown(data, 0, account.pw_gid)
        data.chmod(0o1770)
        monkeypatch.setattr(store, "DATA", str(data))
        victims.mkdir()
        (victims / "one").write_text(VICTIM)
        (victims / "one").chmod(0o600)
        program = Path(place, "bin", "prosodyctl")
        program.parent.mkdir()
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        assert server
        yield victims


def unchanged(victims: Path) -> bool:
    """Tell whether the victims are as they were."""
    one, status = victims / "one", (victims / "one").stat()
    return (
        [path.name for path in victims.iterdir()] == ["one"]
        and one.read_text() == VICTIM
        and (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o600)
        and victims.stat().st_uid == 0
    )


def planted(place: Path, target: Path | None) -> None:
    """Put a link of the account's, or a pipe, in a place."""
    account = pwd.getpwnam("prosody")
    place.parent.mkdir(parents=True, exist_ok=True)
    if target:
        place.symlink_to(target)
    else:
        os.mkfifo(place)
    for path in (place.parent, place.parent.parent, place):
        if "victims" not in str(path) and path.name != "data":
            os.lchown(path, account.pw_uid, account.pw_gid)


def test_the_account_writes_as_itself(store: ModuleType, taken_over: Path, accounts: Any) -> None:
    done = accounts(present=[{"user": "a.meier", "password": "one"}])
    assert done["accounts"] == ["a.meier"], done
    path = Path(store.account_path(HOST, "a.meier"))
    assert {path.owner(), path.parent.owner(), path.parent.parent.owner()} == {"prosody"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert unchanged(taken_over)
    assert accounts(absent=["a.meier"])["accounts"] == []


@pytest.mark.parametrize("place", ["host", "folder", "file", "temporary"])
@pytest.mark.parametrize("target", ["victims", "one", "nothing", "pipe"])
def test_the_account_gets_nothing_done_with_links(
    store: ModuleType, taken_over: Path, accounts: Any, place: str, target: str
) -> None:
    path = Path(store.account_path(HOST, "a.meier"))
    where = {"host": path.parent.parent, "folder": path.parent, "file": path}
    to = None if target == "pipe" else taken_over / target
    if target == "victims":
        to = taken_over
    planted(where.get(place, path.parent / ".jitsi-provision-x"), to)
    for wanted in (
        {"present": [{"user": "a.meier", "password": "one"}]},
        {"present": [{"user": "a.meier", "password": "two"}]},
        {"absent": ["a.meier"]},
    ):
        accounts(**wanted)
        assert unchanged(taken_over), wanted


def test_no_right_of_root_is_left(store: ModuleType, taken_over: Path) -> None:
    def rights() -> dict[str, Any]:
        status = Path("/proc/self/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        with contextlib.suppress(OSError):
            os.setuid(0)
            return {"root": "again"}
        return {name: fields[name].split() for name in ("Uid", "Gid", "Groups", "CapEff")}

    account = pwd.getpwnam("prosody")
    found = store.as_account(rights)
    assert found["Uid"] == [str(account.pw_uid)] * 4
    assert found["Gid"] == [str(account.pw_gid)] * 4
    assert (found["Groups"], found["CapEff"]) == ([], ["0" * 16])
    with pytest.raises(store.StoreError, match="one"):
        store.as_account(lambda: {"text": (taken_over / "one").read_text()})
