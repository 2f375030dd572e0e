"""Text as other programs and people write it: comments in old signs, UTF-16, marks of editors."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from provision.access import first_sign_in, identity
from provision.inventory import csv_file
from provision.messages import legible
from provision.messages.errors import SettingsError, UsageError
from provision.teachers import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATIN = "Müller".encode("latin-1")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A technician with an agent that holds nothing yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    while not socket.exists():
        assert process.poll() is None
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield tmp_path
    process.terminate()
    process.wait()


def make(home: Path, passphrase: str = "") -> Path:
    """Return a new key, whose comment is in the signs of an old computer."""
    path = home / ".ssh" / "id_ed25519"
    path.parent.mkdir(mode=0o700)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", LATIN, "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def add(home: Path, path: Path) -> None:
    """Let the agent hold the key."""
    ask = home / "ask"
    ask.write_text("#!/bin/sh\necho secret words\n")
    ask.chmod(0o700)
    environment = os.environ | {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    subprocess.run(["ssh-add", "-q", str(path)], env=environment, check=True)


def words(path: Path) -> list[str]:
    """Return the kind and the body of a public key."""
    public = path.with_name(path.name + ".pub")
    return public.read_bytes().decode("latin-1").split()[:2]


def test_a_keys_comment_need_not_be_utf8(home: Path) -> None:
    path = make(home)
    found = identity.own()
    assert found.path == path
    assert found.public.encode().decode().split() == [
        *words(path),
        "M\N{REPLACEMENT CHARACTER}ller",
    ]


def test_the_comment_in_the_agent_need_not_be_utf8(home: Path) -> None:
    path = make(home)
    right = words(path)
    add(home, path)
    path.rename(home / "elsewhere")
    assert identity.own().public.split()[:2] == right


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_public_key_that_a_windows_editor_has_written(home: Path, encoding: str) -> None:
    path = make(home)
    right = words(path)
    path.with_name("id_ed25519.pub").write_bytes(f"{' '.join(right)} me\r\n".encode(encoding))
    found = identity.own()
    assert found.public.split()[:2] == right
    assert found.public.isprintable()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_such_a_public_key_beside_one_in_the_agent(home: Path, encoding: str) -> None:
    path = make(home, "secret words")
    right = words(path)
    path.with_name("id_ed25519.pub").write_bytes(f"{' '.join(right)} me\r\n".encode(encoding))
    add(home, path)
    assert identity.own().public == f"{' '.join(right)} me"


def test_a_public_key_that_is_a_folder_or_no_text_at_all(home: Path) -> None:
    path = make(home)
    right = words(path)
    public = path.with_name("id_ed25519.pub")
    public.write_bytes(bytes(range(256)) * 8)
    assert identity.own().public.split()[:2] == right
    public.unlink()
    public.mkdir()
    assert identity.own().public.split()[:2] == right


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_of_schools_says_itself_how_it_is_written(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "schools.csv"
    path.write_bytes("short_name;school\nsued;Gymnasium Süd\n".encode(encoding))
    (row,), _problems = csv_file.read(path)
    assert row.cells == {"short_name": "sued", "school": "Gymnasium Süd"}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "utf-16-be"])
def test_nothing_is_guessed_where_it_does_not(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "schools.csv"
    path.write_bytes("short_name;school\nsued;Gymnasium Süd\n".encode(encoding))
    with pytest.raises(SettingsError) as raised:
        csv_file.read(path)
    (problem,) = raised.value.problems
    assert problem.sentence == "This is not UTF-8 text; in Excel, save as CSV UTF-8."
    assert problem.line == (2 if encoding == "latin-1" else 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_password_file_of_a_windows_editor(tmp_path: Path, encoding: str, end: str) -> None:
    content = f"grün-42{end}".encode(encoding)
    if encoding == "utf-16-be":
        content = b"\xfe\xff" + content
    path = tmp_path / "password"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert first_sign_in._from_descriptor(file.fileno()) == "grün-42"


def test_a_password_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"gr\xfcn\n")
    with path.open("rb") as file, pytest.raises(UsageError, match="No password can be read"):
        first_sign_in._from_descriptor(file.fileno())


def test_a_name_in_old_signs_is_no_other_name() -> None:
    with pytest.raises(UsageError) as raised:
        accounts.check_names([os.fsdecode(LATIN)])
    assert raised.value.next == ""


def test_what_is_no_sign_can_be_written_all_the_same() -> None:
    assert (
        legible.shown("M\udcfcller 🏫 \ud83c")
        == "M\N{REPLACEMENT CHARACTER}ller 🏫 \N{REPLACEMENT CHARACTER}"
    )


def test_rough_text_never_fails() -> None:
    for content in (b"", b"\xff\xfe\xff", bytes(range(256)), b"\xef\xbb\xbf\xff"):
        assert isinstance(legible.roughly(content).encode(), bytes)
