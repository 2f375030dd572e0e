"""Root works only where root alone can change things, and follows nothing."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories away")
SOMEBODY = 4242


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the modules take for a server."""
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def ground(server: Server) -> ModuleType:
    """The functions that know where root may work."""
    assert server
    return utility("ground")


def refused(ground: ModuleType, path: Path) -> str:
    """Return the directory that is not root's, or nothing."""
    try:
        ground.refuse(str(path))
    except ground.GroundError as error:
        return str(error.filename)
    return ""


def test_a_directory_of_ones_own_is_solid(ground: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    assert refused(ground, tmp_path / "a/b/file") == ""
    assert refused(ground, tmp_path / "not/there/yet") == ""


@as_root
@pytest.mark.parametrize("which", ["a", "a/b"])
def test_a_directory_of_somebody_else_is_not(
    ground: ModuleType, tmp_path: Path, which: str
) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    os.chown(tmp_path / which, SOMEBODY, 0)
    assert refused(ground, tmp_path / "a/b/file") == str(tmp_path / which)


@as_root
@pytest.mark.parametrize(
    ("mode", "group", "solid"),
    [
        (0o777, 0, False),
        (0o775, SOMEBODY, False),
        (0o2775, 50, True),  # Debian's group staff, for /usr/local of old
        (0o775, 0, True),
        (0o755, SOMEBODY, True),
        (0o1770, SOMEBODY, True),
        (0o1777, 0, True),
    ],
)
def test_who_may_write_in_it_counts(
    ground: ModuleType, tmp_path: Path, mode: int, group: int, solid: bool
) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    os.chown(folder, 0, group)
    folder.chmod(mode)
    assert (refused(ground, folder / "file") == "") is solid


@as_root
def test_in_a_sticky_directory_it_counts_whose_the_next_part_is(
    ground: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    (folder / "b").mkdir(parents=True)
    os.chown(folder, 0, SOMEBODY)
    folder.chmod(0o1770)
    assert refused(ground, folder / "b/file") == ""
    os.chown(folder / "b", SOMEBODY, SOMEBODY)
    assert refused(ground, folder / "b/file") == str(folder / "b")


@as_root
def test_a_link_on_the_way_is_roots_own_or_refused(ground: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "true").mkdir()
    link = tmp_path / "link"
    for target in ("true", str(tmp_path / "true"), "../" + tmp_path.name + "/true"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        assert refused(ground, link / "file") == ""
    os.chown(tmp_path / "true", SOMEBODY, 0)
    assert refused(ground, link / "file") == str(tmp_path / "true")
    os.chown(tmp_path / "true", 0, 0)
    os.lchown(link, SOMEBODY, 0)
    assert refused(ground, link / "file") == str(link)


def test_links_in_a_circle_end(ground: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        ground.refuse(str(tmp_path / "a" / "file"))


@as_root
def test_nothing_is_written_where_somebody_else_could_exchange_it(
    server: Server, ground: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, SOMEBODY, 0)
    write = utility("school_server").write_atomically
    for path in (folder / "file", folder / "new" / "file"):
        with pytest.raises(ground.GroundError):
            write(str(path), "x")
    assert list(folder.iterdir()) == []
    assert server


def plant(kind: str, place: Path, victim: Path) -> None:
    """Put something in a place that is no plain file."""
    if kind == "link":
        place.symlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(place))
    else:
        place.mkdir()


@pytest.mark.parametrize("kind", ["link", "pipe", "socket", "directory"])
def test_nothing_but_plain_files_is_read(ground: ModuleType, tmp_path: Path, kind: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("secret")
    plant(kind, tmp_path / "x", victim)
    rights = utility("file_rights")
    if kind == "directory":
        with pytest.raises(IsADirectoryError):
            rights.refuse_directory(str(tmp_path / "x"))
    else:
        assert rights.read_bytes(str(tmp_path / "x")) is None
    with pytest.raises(OSError, match=r".+"):
        os.close(ground.open_file(str(tmp_path / "x")))
    assert rights.read_bytes(str(victim)) == b"secret"


def test_rights_are_not_given_through_a_link(ground: ModuleType, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("secret")
    victim.chmod(0o600)
    (tmp_path / "x").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        ground.give(str(tmp_path / "x"), (os.geteuid(), os.getegid(), 0o644))
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600


@as_root
def test_what_is_taken_is_taken_without_following(ground: ModuleType, tmp_path: Path) -> None:
    victims, folder = tmp_path / "victims", tmp_path / "a"
    (victims / "one").mkdir(parents=True)
    os.chown(victims, SOMEBODY, SOMEBODY)
    os.chown(victims / "one", SOMEBODY, SOMEBODY)
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "file").write_text("x")
    (folder / "link").symlink_to(victims)
    for path in (folder / "b", folder / "b" / "file", folder / "link"):
        os.lchown(path, SOMEBODY, SOMEBODY)
    assert ground.foreign(str(folder))
    ground.take(str(folder), 7)
    assert not ground.foreign(str(folder))
    found = [(path.lstat().st_uid, path.lstat().st_gid) for path in sorted(folder.rglob("*"))]
    assert found == [(0, 7)] * 3
    assert {path.stat().st_uid for path in (victims, victims / "one")} == {SOMEBODY}


# What dpkg keeps


@pytest.fixture
def overrides(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The functions that know dpkg's list, and a list."""
    found = utility("overrides")
    path = server.path("/var/lib/dpkg/statoverride")
    path.parent.mkdir(parents=True)
    path.write_text("root root 0755 /a\n#0 #4242 1770 /b c\nroot nobody-knows 755 /d\n")
    monkeypatch.setattr(found, "FILE", str(path))
    return found


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/a", (0, 0, 0o755)),
        ("/b c", (0, SOMEBODY, 0o1770)),
        ("/d", (0, None, 0o755)),
        ("/b", None),
        ("", None),
    ],
)
def test_what_dpkg_keeps_is_understood(overrides: Any, path: str, known: Any) -> None:
    assert overrides.known(path) == known


def test_dpkg_is_told_rights(overrides: Any) -> None:
    command = overrides.command("/b", (0, SOMEBODY, 0o1770))
    assert command[-4:] == ["#0", f"#{SOMEBODY}", "1770", "/b"]
