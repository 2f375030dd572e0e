"""The module file_tree: what it writes, when it refuses, and what it never shows."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.unit import modules
from tests.unit.access_lists import let_in, lists
from tests.unit.modules import GROUP, NONCE, OWNER, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


class Apply(Protocol):
    """Bring a tree to the server and return the module's answer."""

    def __call__(self, *, check: bool = ..., fails: bool = ..., **tree: Any) -> dict[str, Any]: ...


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the module takes for a server."""
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def apply(server: Server, capsys: pytest.CaptureFixture[str]) -> Apply:
    """Run the module as Ansible does."""

    def module(*, check: bool = False, fails: bool = False, **tree: Any) -> dict[str, Any]:
        tree.setdefault("nonce", NONCE)
        answer = modules.run(server.module("file_tree"), capsys, _ansible_check_mode=check, **tree)
        assert answer.get("failed", False) is fails, answer
        return answer

    return module


def file(server: Server, path: str, content: str, **more: Any) -> dict[str, Any]:
    """Return the declaration of a file that belongs to whoever runs the tests."""
    return {
        "path": str(server.path(path)),
        "content": content,
        "owner": OWNER,
        "group": GROUP,
        **more,
    }


def secret(name: str, nonce: str = NONCE) -> str:
    """Return the marker of a secret."""
    return f"@@secret:{nonce}:{name}@@"


def snapshot(root: Path) -> dict[str, tuple[Any, ...]]:
    """Return everything below a directory, with its inode, rights, and of files all the rest."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        entry = (status.st_ino, status.st_mode, status.st_uid, status.st_gid)
        if path.is_symlink():
            entry += (str(path.readlink()),)
        elif path.is_file():
            entry += (status.st_mtime_ns, path.read_text())
        found[str(path.relative_to(root))] = entry
    return found


# What is written


def test_a_file_is_made_with_its_directory_and_mode(server: Server, apply: Apply) -> None:
    declared = file(server, "/etc/new/deep/x.conf", "a = 1\n", mode="0640")
    answer = apply(files=[declared])
    made = server.path("/etc/new/deep/x.conf")
    assert (answer["changed"], answer["paths"]) == (True, [str(made)])
    assert made.read_text() == "a = 1\n"
    assert stat.S_IMODE(made.stat().st_mode) == 0o640
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o755


@as_root
def test_owner_and_group_are_given(server: Server, apply: Apply) -> None:
    declared = file(server, "/etc/x", "x\n", owner="www-data", group="adm", mode="0640")
    apply(files=[declared])
    status = server.path("/etc/x").stat()
    assert (server.path("/etc/x").owner(), server.path("/etc/x").group()) == ("www-data", "adm")
    assert stat.S_IMODE(status.st_mode) == 0o640


@as_root
def test_a_user_that_does_not_exist_is_named(server: Server, apply: Apply) -> None:
    answer = apply(files=[file(server, "/etc/x", "x\n", owner="nobody-knows")], fails=True)
    assert answer["msg"].endswith("x: there is no user nobody-knows")
    assert answer["kind"] == "server_file"
    assert not server.path("/etc").exists()


@pytest.mark.parametrize(
    "drift",
    [
        lambda path: path.write_text("b\n"),
        lambda path: path.write_bytes(b"a\r\n"),
        lambda path: path.write_bytes(b"a\n\xff"),
        lambda path: path.chmod(0o666),
        pytest.param(lambda path: shutil.chown(path, "www-data"), marks=as_root),
        pytest.param(lambda path: shutil.chown(path, group="adm"), marks=as_root),
        lambda path: path.unlink(),
        lambda path: (path.rename(path.parent / "y"), path.symlink_to("y")),
        lambda path: (path.unlink(), path.symlink_to("/nothing/there")),
    ],
    ids=["content", "line ends", "no text", "mode", "owner", "group", "gone", "link", "dead link"],
)
def test_every_difference_is_put_right_and_only_once(
    server: Server, apply: Apply, drift: Any
) -> None:
    declared = file(server, "/etc/x", "a\n", mode="0600", restart=["x.service"])
    apply(files=[declared])
    path = server.path("/etc/x")
    assert not apply(files=[declared])["changed"]
    drift(path)
    answer = apply(files=[declared])
    assert answer["paths"] == [str(path)]
    assert answer["effects"] == {"x.service": {"restart": [str(path)]}}
    assert path.read_bytes() == b"a\n"
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert (path.owner(), path.group(), path.is_symlink()) == (OWNER, GROUP, False)
    assert not apply(files=[declared])["changed"]


def test_a_list_that_lets_somebody_in_is_taken_away_once(server: Server, apply: Apply) -> None:
    folder = {"path": str(server.path("/etc/d")), "owner": OWNER, "group": GROUP, "mode": "0700"}
    public = folder | {"path": str(server.path("/etc/p")), "mode": "0755"}
    tree = {
        "directories": [folder, public],
        "files": [file(server, "/etc/d/x", "a\n", mode="0640"), file(server, "/etc/y", "b\n")],
    }
    apply(**tree)
    made = server.path("/etc/d/deep/secret")
    made.parent.mkdir()
    made.write_text("born here")
    for path in (server.path("/etc/d/x"), server.path("/etc/y"), made):
        let_in(path)
    let_in(made.parent, folder=True)
    let_in(server.path("/etc/d"), folder=True)
    (server.path("/etc/p") / "theirs").write_text("of an administrator")
    let_in(server.path("/etc/p/theirs"))
    server.path("/etc/d/x").write_text("another\n")
    assert len(lists(server.root)) == 6
    assert apply(**tree, check=True)["changed"]
    assert len(lists(server.root)) == 6
    answer = apply(**tree)
    assert answer["paths"] == [
        str(server.path("/etc/d")) + "/", str(server.path("/etc/d/x")), str(server.path("/etc/y"))
    ]  # fmt: skip
    assert lists(server.root) == ["etc/p/theirs"]
    assert stat.S_IMODE(server.path("/etc/d/x").stat().st_mode) == 0o640
    assert not apply(**tree)["changed"]


def everything(server: Server) -> dict[str, Any]:
    """Return a tree with one of each kind."""
    return {
        "directories": [
            {"path": str(server.path("/etc/d")), "owner": OWNER, "group": GROUP, "mode": "0750"}
        ],
        "key_pairs": [
            {
                "name": "meet.example.org",
                "certificate": str(server.path("/etc/d/x.crt")),
                "key": str(server.path("/etc/d/x.key")),
                "owner": OWNER,
                "group": GROUP,
                "copies": [str(server.path("/etc/trusted/x.crt"))],
            }
        ],
        "files": [
            file(server, "/etc/d/a", f"password = {secret('one')}\n", restart=["a.service"]),
            file(server, "/etc/d/b", "b\n", validate="true %s", reload=["b.service"]),
        ],
        "links": [{"path": str(server.path("/etc/l")), "to": "d/a"}],
        "absent": [str(server.path("/etc/default"))],
        "complete": True,
    }


def test_a_second_run_touches_nothing(server: Server, apply: Apply) -> None:
    first = apply(**everything(server))
    assert first["changed"]
    before = snapshot(server.root)
    second = apply(**everything(server))
    assert (second["changed"], second["paths"], second["effects"]) == (False, [], {})
    assert second["diff"] == []
    assert snapshot(server.root) == before


def test_a_rehearsal_touches_nothing_and_foretells_everything(server: Server, apply: Apply) -> None:
    server.path("/etc").mkdir()
    server.path("/etc/default").write_text("unwanted")
    before = snapshot(server.root)
    told = apply(**everything(server), check=True)
    assert snapshot(server.root) == before
    done = apply(**everything(server))
    made_on_the_way = [str(server.path("/etc/trusted/x.crt"))]
    assert told["paths"] == [path for path in done["paths"] if path not in made_on_the_way]
    assert told["effects"] == done["effects"] == told["pending"]
    assert not apply(**everything(server), check=True)["changed"]


def test_a_rehearsal_needs_no_user_that_a_deployment_would_make(
    server: Server, apply: Apply
) -> None:
    tree = {
        "users": [{"name": "not-yet", "home": "/", "shell": "/bin/false"}],
        "groups": ["not-yet-either"],
        "files": [file(server, "/etc/x", "x", owner="not-yet", group="not-yet-either")],
    }
    told = apply(**tree, check=True)
    assert told["paths"] == ["group not-yet-either", "user not-yet", str(server.path("/etc/x"))]


@as_root
def test_modules_for_prosody_can_be_read_on_a_server_with_a_strict_umask(
    server: Server, apply: Apply
) -> None:
    before = os.umask(0o077)
    try:
        apply(files=[file(server, "/usr/share/ours/prosody/mod_x.lua", "")])
        apply(directories=[{"path": str(server.path("/var/lib/x/y")), "mode": "0755"}])
    finally:
        os.umask(before)
    for path in ("/usr/share/ours", "/usr/share/ours/prosody", "/var/lib/x", "/var/lib/x/y"):
        assert stat.S_IMODE(server.path(path).stat().st_mode) == 0o755


# Secrets


def test_a_secret_is_born_once_and_stays_on_the_server(server: Server, apply: Apply) -> None:
    tree = {"files": [file(server, "/etc/x", f"a {secret('turn')} b {secret('turn')}\n")]}
    answer = apply(**tree)
    value = (server.secrets / "turn").read_text().strip()
    assert re.fullmatch(r"[A-Za-z0-9]{32}", value)
    assert server.path("/etc/x").read_text() == f"a {value} b {value}\n"
    assert stat.S_IMODE((server.secrets / "turn").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.secrets.stat().st_mode) == 0o700
    assert value not in json.dumps(answer)
    assert not apply(**tree)["changed"]


def test_a_rehearsal_makes_no_secret(server: Server, apply: Apply) -> None:
    answer = apply(files=[file(server, "/etc/x", secret("turn"))], check=True)
    assert answer["changed"]
    assert not server.secrets.exists()


def test_the_text_of_a_marker_in_a_setting_is_only_text(server: Server, apply: Apply) -> None:
    content = f"school = @@secret:00:turn@@ {secret('turn', 'f' * 16)} @@own_key:00@@\n"
    private = {"own_key": "THE KEY"}
    apply(files=[file(server, "/etc/x", content)], private=private)
    assert server.path("/etc/x").read_text() == content
    assert not server.secrets.exists()


def shown(answer: dict[str, Any]) -> str:
    """Return all differences that an answer shows."""
    return "".join(part["prepared"] for part in answer["diff"])


def test_the_difference_shows_lines_and_names_of_secrets(server: Server, apply: Apply) -> None:
    apply(files=[file(server, "/etc/x", f"a = 1\npassword = {secret('turn')}\n")])
    value = (server.secrets / "turn").read_text().strip()
    answer = apply(files=[file(server, "/etc/x", f"a = 2\npassword = {secret('turn')}\n")])
    assert shown(answer).splitlines()[3:] == [
        "-a = 1",
        "+a = 2",
        " password = (secret turn)",
    ]
    assert value not in json.dumps(answer)


def test_the_difference_of_a_new_file_shows_all_of_it(server: Server, apply: Apply) -> None:
    answer = apply(files=[file(server, "/etc/x", "a\n")], check=True)
    assert shown(answer) == f"--- (no file)\n+++ {server.path('/etc/x')}\n@@ -0,0 +1 @@\n+a\n"


def test_a_rotated_secret_is_shown_neither_old_nor_new(server: Server, apply: Apply) -> None:
    tree = {"files": [file(server, "/etc/x", f"password = {secret('turn')}\n")]}
    apply(**tree)
    old = (server.secrets / "turn").read_text().strip()
    (server.secrets / "turn").unlink()
    for check in (True, False):
        answer = apply(**tree, check=check)
        assert "(hidden)" in shown(answer)
        assert old not in json.dumps(answer)
    assert (server.secrets / "turn").read_text().strip() not in json.dumps(answer)


def test_a_secret_that_a_file_no_longer_holds_is_not_shown(server: Server, apply: Apply) -> None:
    apply(files=[file(server, "/etc/x", f"password = {secret('turn')}\n")])
    value = (server.secrets / "turn").read_text().strip()
    answer = apply(files=[file(server, "/etc/x", "password = none\n")])
    assert "-password = (secret turn)" in shown(answer)
    assert value not in json.dumps(answer)


def test_the_schools_own_key_is_written_and_never_shown(server: Server, apply: Apply) -> None:
    declared = file(server, "/etc/key.pem", f"@@own_key:{NONCE}@@", mode="0600")
    for key in ("-----BEGIN OLD KEY-----\n", "-----BEGIN NEW KEY-----\n"):
        answer = apply(files=[declared], private={"own_key": key})
        assert answer["paths"] == [str(server.path("/etc/key.pem"))]
        assert server.path("/etc/key.pem").read_text() == key
        assert answer["diff"] == []
        assert "KEY" not in json.dumps(answer)


def test_a_rehearsal_compares_a_key_that_it_does_not_get(server: Server, apply: Apply) -> None:
    declared = file(server, "/etc/key.pem", f"@@own_key:{NONCE}@@", mode="0600")
    old, new = "-----BEGIN OLD KEY-----\n", "-----BEGIN NEW KEY-----\n"
    digests = {key: {"own_key": hashlib.sha256(key.encode()).hexdigest()} for key in (old, new)}
    path = str(server.path("/etc/key.pem"))
    assert apply(files=[declared], digests=digests[old], check=True)["paths"] == [path]
    apply(files=[declared], private={"own_key": old})
    assert apply(files=[declared], digests=digests[old], check=True)["paths"] == []
    answer = apply(files=[declared], digests=digests[new], check=True)
    assert (answer["paths"], answer["diff"]) == ([path], [])
    assert server.path("/etc/key.pem").read_text() == old


# Validation


def test_one_refusal_and_nothing_is_replaced(server: Server, apply: Apply) -> None:
    good, bad = server.path("/etc/good"), server.path("/etc/bad")
    apply(
        files=[
            file(server, "/etc/good", "a = 1\n", mode="0600", restart=["x.service"]),
            file(server, "/etc/bad", "a = 1\n"),
        ]
    )
    server.pending.unlink()
    good.chmod(0o644)
    before = snapshot(server.root)
    answer = apply(
        files=[
            file(server, "/etc/good", "a = 1\n", mode="0600", restart=["x.service"]),
            file(server, "/etc/fine", "a = 2\n", validate="sh -n %s", restart=["x.service"]),
            file(server, "/etc/bad", "if then\n", validate="sh -n %s", restart=["x.service"]),
        ],
        links=[{"path": str(server.path("/etc/link")), "to": "good"}],
        absent=[str(good)],
        complete=True,
        fails=True,
    )
    assert (answer["kind"], answer["refused"]) == ("file_refused", str(bad))
    assert answer["msg"] == f"{bad} was refused by sh"
    assert f"{bad}: 1: Syntax error" in answer["reason"]
    assert snapshot(server.root) == before


def test_a_refusal_shows_no_secret(server: Server, apply: Apply) -> None:
    content = f"{secret('turn')}\n"
    answer = apply(files=[file(server, "/x", content, validate="grep -v . %s")], fails=True)
    assert answer["reason"] == ""
    answer = apply(
        files=[file(server, "/x", content, validate="sh -c 'cat %s; exit 1'")], fails=True
    )
    assert answer["reason"] == "(secret turn)"


def test_a_refusal_is_told_where_no_secret_was_made_yet(server: Server, apply: Apply) -> None:
    answer = apply(files=[file(server, "/x", "text", validate="false %s")], fails=True)
    assert answer["kind"] == "file_refused"


def test_what_a_program_needs_for_its_judgement_may_come_with_a_package(
    server: Server, apply: Apply
) -> None:
    needed = server.path("/usr/lib/nginx/modules/ngx_stream_module.so")
    declared = file(server, "/etc/x", "x\n", validate="false %s", validate_needs=str(needed))
    answer = apply(files=[declared])
    assert answer["unvalidated"] == [str(server.path("/etc/x"))]
    needed.parent.mkdir(parents=True)
    needed.touch()
    assert apply(files=[declared], validate_all=True, fails=True)["kind"] == "file_refused"


def test_a_missing_program_is_reported_and_the_file_is_written(
    server: Server, apply: Apply
) -> None:
    declared = file(server, "/etc/x", "x\n", validate="not-installed-here -t %s")
    answer = apply(files=[declared])
    assert answer["unvalidated"] == [str(server.path("/etc/x"))]
    assert server.path("/etc/x").read_text() == "x\n"


def test_after_the_installation_unchanged_files_are_judged_too(
    server: Server, apply: Apply
) -> None:
    declared = file(server, "/etc/x", "if then\n", validate="sh -n %s")
    server.path("/etc").mkdir()
    server.path("/etc/x").write_text("if then\n")
    apply(files=[declared])
    before = snapshot(server.root)
    assert apply(files=[declared], validate_all=True, fails=True)["kind"] == "file_refused"
    declared["validate"] = "grep -q if %s"
    assert not apply(files=[declared], validate_all=True)["changed"]
    assert snapshot(server.root) == before


# Atomic, and nothing is lost


def test_a_reader_never_sees_half_a_file(server: Server, apply: Apply) -> None:
    path = server.path("/etc/x")
    texts = {sign: sign * 400_000 for sign in "ab"}
    apply(files=[file(server, "/etc/x", texts["a"])])
    seen: set[str] = set()
    ready = threading.Event()

    def read() -> None:
        while not ready.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(30):
            apply(files=[file(server, "/etc/x", texts["ab"[number % 2]])])
    finally:
        ready.set()
        reader.join()
    assert seen <= set(texts.values())


def test_the_previous_version_is_kept_with_its_rights(server: Server, apply: Apply) -> None:
    declared = file(server, "/etc/x", f"{secret('turn')} 1\n", mode="0600")
    apply(files=[declared])
    old = server.path("/etc/x").read_text()
    apply(files=[declared | {"content": f"{secret('turn')} 2\n", "mode": "0644"}])
    kept = Path(f"{server.state}/previous{server.path('/etc/x')}")
    assert kept.read_text() == old
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    folder = server.state / "previous"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def interrupted(*_arguments: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["files", "links", "key_pairs", "directories"])
def test_a_cut_connection_loses_no_restart(
    server: Server, apply: Apply, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    tree: dict[str, Any] = {
        "files": [file(server, "/etc/x", "x", restart=["x.service"])],
        "links": [
            {"path": str(server.path("/etc/x")), "to": "y", "restart": ["x.service"]},
            {"path": str(server.path("/etc/y")), "to": "z"},
        ],
        "key_pairs": [
            {
                "name": "x",
                "certificate": str(server.path("/etc/x")),
                "key": str(server.path("/etc/k")),
                "owner": OWNER,
                "group": GROUP,
                "restart": ["x.service"],
            }
        ],
        "directories": [{"path": str(server.path("/etc/x")), "restart": ["x.service"]}],
    }
    server.path("/etc").mkdir()
    # As if the power went as soon as something of it is in force.
    for name in ("replace", "mkdir", "makedirs"):
        true = getattr(os, name)

        def cut(*arguments: Any, true: Any = true, **keywords: Any) -> None:
            true(*arguments, **keywords)
            if str(arguments[-1]).endswith("/etc/x") or str(arguments[0]).endswith("/etc/x"):
                raise KeyboardInterrupt

        monkeypatch.setattr(os, name, cut)
    with pytest.raises(KeyboardInterrupt):
        apply(**{kind: tree[kind]})
    assert os.path.lexists(server.path("/etc/x"))
    changed = next(iter(server.read_pending()["x.service"]["restart"]))
    assert changed.rstrip("/") == str(server.path("/etc/x"))


def test_effects_of_several_runs_add_up_until_the_units_have_done_them(
    server: Server, apply: Apply
) -> None:
    apply(files=[file(server, "/etc/x", "x", restart=["a.service"])])
    apply(files=[file(server, "/etc/y", "y", restart=["a.service"], reload=["b.service"])])
    x, y = str(server.path("/etc/x")), str(server.path("/etc/y"))
    waiting = {"a.service": {"restart": [x, y]}, "b.service": {"reload": [y]}}
    assert server.read_pending() == waiting
    unchanged = apply(files=[file(server, "/etc/x", "x", restart=["a.service"])])
    assert (unchanged["changed"], unchanged["pending"]) == (False, waiting)


def test_a_plan_after_an_interrupted_run_still_tells_the_restart(
    server: Server, apply: Apply
) -> None:
    tree = {"files": [file(server, "/etc/x", "x", restart=["a.service"])]}
    apply(**tree)
    told = apply(**tree, check=True)
    assert told["pending"] == {"a.service": {"restart": [str(server.path("/etc/x"))]}}


def test_no_staged_file_is_left_over_when_the_disk_is_full(
    server: Server, apply: Apply, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(files=[file(server, "/etc/x", "old")])
    before = snapshot(server.root)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    answer = apply(files=[file(server, "/etc/x", "new")], fails=True)
    assert answer["kind"] == "disk_full"
    assert answer["msg"] == f"{server.path('/etc/x')}: No space left on device"
    assert snapshot(server.root) == before


def test_a_place_that_cannot_be_written_is_named(server: Server, apply: Apply) -> None:
    server.path("/etc").mkdir()
    server.path("/etc/x").write_text("a file, where a directory should be")
    answer = apply(files=[file(server, "/etc/x/y", "y")], fails=True)
    assert answer["kind"] == "server_file"
    assert answer["msg"].startswith(str(server.path("/etc/x")))


def test_a_directory_in_a_files_place_is_an_error_and_nothing_is_left_over(
    server: Server, apply: Apply
) -> None:
    server.path("/etc/x").mkdir(parents=True)
    for tree in (
        {"files": [file(server, "/etc/x", "x")]},
        {"links": [{"path": str(server.path("/etc/x")), "to": "y"}]},
        {"absent": [str(server.path("/etc/x"))]},
    ):
        answer = apply(**tree, fails=True)
        assert answer["kind"] == "server_file"
        assert answer["msg"] == f"{server.path('/etc/x')}: Is a directory"
        assert [path.name for path in server.path("/etc").iterdir()] == ["x"]


@pytest.fixture
def small_disk(server: Server) -> Iterator[Path]:
    """A file system of 64 KB."""
    place = server.path("/etc")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root mounts a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_the_old_files_stay(
    server: Server, apply: Apply, small_disk: Path
) -> None:
    tree = {"files": [file(server, f"/etc/{name}", "old") for name in "ab"]}
    apply(**tree)
    grown = [declared | {"content": "x" * 50_000} for declared in tree["files"]]
    answer = apply(files=grown, fails=True)
    assert answer["kind"] == "disk_full"
    assert sorted(path.name for path in small_disk.iterdir()) == ["a", "b"]
    assert {path.read_text() for path in small_disk.iterdir()} == {"old"}


# Links, and what must go


def test_a_link_is_made_turned_and_put_in_a_files_place(server: Server, apply: Apply) -> None:
    path = server.path("/etc/enabled/x")
    link = {"path": str(path), "to": "../available/x"}
    assert apply(links=[link])["paths"] == [str(path)]
    assert not apply(links=[link])["changed"]
    path.unlink()
    path.symlink_to("elsewhere")
    assert apply(links=[link])["changed"]
    path.unlink()
    path.write_text("somebody's own file")
    assert apply(links=[link])["changed"]
    assert str(path.readlink()) == "../available/x"
    assert [entry.name for entry in path.parent.iterdir()] == ["x"]
    assert Path(f"{server.state}/previous{path}").read_text() == "somebody's own file"


def test_what_must_be_absent_goes_and_its_last_version_is_kept(
    server: Server, apply: Apply
) -> None:
    path = server.path("/etc/default")
    path.parent.mkdir()
    path.write_text("unwanted")
    assert apply(absent=[str(path)])["paths"] == [str(path)]
    assert not path.exists()
    assert Path(f"{server.state}/previous{path}").read_text() == "unwanted"
    assert not apply(absent=[str(path)])["changed"]


def test_forgotten_files_go_only_when_all_roles_are_there(server: Server, apply: Apply) -> None:
    both = [file(server, "/etc/a", "a"), file(server, "/etc/b", "b")]
    link = {"path": str(server.path("/etc/l")), "to": "b"}
    apply(files=both, links=[link], complete=True)
    assert not apply(files=both[:1])["changed"]
    assert server.path("/etc/b").exists()
    answer = apply(files=both[:1], complete=True)
    assert sorted(answer["paths"]) == [str(server.path("/etc/b")), str(server.path("/etc/l"))]
    assert [path.name for path in server.path("/etc").iterdir()] == ["a"]
    assert not apply(files=both[:1], complete=True)["changed"]


def test_a_file_of_somebody_else_is_never_forgotten(server: Server, apply: Apply) -> None:
    apply(files=[file(server, "/etc/a", "a")], complete=True)
    server.path("/etc/theirs").write_text("x")
    apply(files=[], complete=True)
    assert [path.name for path in server.path("/etc").iterdir()] == ["theirs"]


def test_a_forgotten_file_has_the_effect_that_it_had_when_it_came(
    server: Server, apply: Apply
) -> None:
    drop_in = file(server, "/etc/x.service.d/old.conf", "a", restart=["x.service"])
    apply(files=[drop_in], complete=True)
    server.pending.unlink()
    told = apply(files=[], complete=True, check=True)
    done = apply(files=[], complete=True)
    assert told["effects"] == done["effects"] == {"x.service": {"restart": [drop_in["path"]]}}
    assert server.read_pending() == done["effects"]


def test_a_list_of_files_without_their_effects_is_still_understood(
    server: Server, apply: Apply
) -> None:
    """The first servers have such a list."""
    old = server.path("/etc/old")
    old.parent.mkdir()
    old.write_text("old")
    server.state.mkdir(parents=True)
    (server.state / "files.json").write_text(json.dumps([str(old)]))
    assert apply(files=[], complete=True)["paths"] == [str(old)]


# Key pairs


def dates(path: Path) -> tuple[int, int]:
    """Return begin and end of a certificate, in days from now."""
    shown = subprocess.run(
        ["openssl", "x509", "-in", path, "-noout", "-dates"], capture_output=True, check=True,
        text=True, env={"LC_ALL": "C"},
    ).stdout  # fmt: skip
    times = [
        time.mktime(time.strptime(line.partition("=")[2], "%b %d %H:%M:%S %Y GMT"))
        for line in shown.splitlines()
    ]
    return round((times[0] - time.time()) / 86400), round((times[1] - time.time()) / 86400)


def key_pair(server: Server, name: str = "meet.example.org", **more: Any) -> dict[str, Any]:
    """Return the declaration of a key pair."""
    folder = server.path("/keys")
    folder.mkdir(exist_ok=True)
    return {
        "name": name,
        "certificate": f"{folder}/x.crt",
        "key": f"{folder}/x.key",
        "owner": OWNER,
        "group": GROUP,
        **more,
    }


def names_of(path: Path) -> str:
    """Return the subject and the names of a certificate."""
    shown = subprocess.run(
        ["openssl", "x509", "-in", path, "-noout", "-subject", "-ext", "subjectAltName"],
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    return shown.replace("CN = ", "CN=")  # as OpenSSL writes it from 3.2 on


def test_a_key_pair_is_made_once(server: Server, apply: Apply) -> None:
    declared = key_pair(server, reload=["prosody.service"])
    answer = apply(key_pairs=[declared])
    certificate, key = server.path("/keys/x.crt"), server.path("/keys/x.key")
    assert answer["paths"] == [str(certificate)]
    assert answer["effects"] == {"prosody.service": {"reload": [str(certificate)]}}
    assert "CN=meet.example.org" in names_of(certificate)
    assert "DNS:meet.example.org" in names_of(certificate)
    assert dates(certificate) == (0, 3650)
    assert stat.S_IMODE(key.stat().st_mode) == 0o400
    assert stat.S_IMODE(certificate.stat().st_mode) == 0o644
    modulus = [
        subprocess.run(command, check=True, capture_output=True).stdout
        for command in (
            ["openssl", "pkey", "-in", key, "-pubout"],
            ["openssl", "x509", "-in", certificate, "-noout", "-pubkey"],
        )
    ]
    assert modulus[0] == modulus[1]
    assert sorted(path.name for path in key.parent.iterdir()) == ["x.crt", "x.key"]
    before = snapshot(server.path("/keys"))
    assert not apply(key_pairs=[declared])["changed"]
    assert snapshot(server.path("/keys")) == before


def test_a_name_too_long_for_a_common_name_is_still_the_certificates_name(
    server: Server, apply: Apply
) -> None:
    name = "auth." + ".".join(["a" * 60, "b" * 60, "c" * 60, "example.org"])
    apply(key_pairs=[key_pair(server, name)])
    assert f"DNS:{name}\n" in names_of(server.path("/keys/x.crt"))
    assert "CN=jitsi-provision\n" in names_of(server.path("/keys/x.crt"))


@pytest.mark.parametrize(("days", "renewed"), [(59, True), (61, False)])
def test_a_key_pair_is_renewed_two_months_before_its_end(
    server: Server, apply: Apply, monkeypatch: pytest.MonkeyPatch, days: int, *, renewed: bool
) -> None:
    monkeypatch.setattr(modules.utility("key_pair"), "DAYS", days)
    declared = key_pair(server)
    apply(key_pairs=[declared])
    monkeypatch.setattr(modules.utility("key_pair"), "DAYS", 3650)
    answer = apply(key_pairs=[declared])
    assert answer["changed"] is renewed
    assert dates(server.path("/keys/x.crt"))[1] == (3650 if renewed else days)


@pytest.mark.parametrize("gone", ["x.crt", "x.key"])
def test_half_a_key_pair_is_made_anew(server: Server, apply: Apply, gone: str) -> None:
    declared = key_pair(server)
    apply(key_pairs=[declared])
    server.path(f"/keys/{gone}").unlink()
    assert apply(key_pairs=[declared])["changed"]
    assert not apply(key_pairs=[declared])["changed"]


def test_copies_of_a_certificate_follow_it(server: Server, apply: Apply) -> None:
    copy = server.path("/trusted/x.crt")
    declared = key_pair(server, copies=[str(copy)], reload=["prosody.service"])
    apply(key_pairs=[declared])
    certificate = server.path("/keys/x.crt")
    assert copy.read_text() == certificate.read_text()
    copy.write_text("another")
    answer = apply(key_pairs=[declared])
    assert answer["paths"] == [str(copy)]
    assert copy.read_text() == certificate.read_text()
    assert not apply(key_pairs=[declared])["changed"]


# Users


def test_users_and_groups_are_made_as_the_packages_would(
    apply: Apply, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Stand-ins for useradd and groupadd only write down how they are called."""
    calls = tmp_path / "calls"
    for name in ("useradd", "groupadd"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {calls}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    answer = apply(
        groups=["jitsi-none", "root"],
        users=[
            {"name": "jvb-none", "group": "jitsi-none", "home": "/usr/share/jvb", "shell": "/x"},
            {"name": "prosody-none", "home": "/var/lib/p", "shell": "/y"},
            {"name": "root", "home": "/root", "shell": "/bin/sh"},
        ],
    )
    assert answer["paths"] == ["group jitsi-none", "user jvb-none", "user prosody-none"]
    assert calls.read_text().splitlines() == [
        "groupadd --system jitsi-none",
        "useradd -r -g jitsi-none -d /usr/share/jvb -s /x jvb-none",
        "useradd -r -U -d /var/lib/p -s /y prosody-none",
    ]


def test_a_program_that_fails_is_named_with_what_it_said(
    apply: Apply, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "groupadd"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'cannot lock /etc/group' >&2\nexit 10\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    answer = apply(groups=["jitsi-none"], fails=True)
    assert answer["kind"] == "server_command"
    assert answer["msg"] == "groupadd failed: cannot lock /etc/group"
