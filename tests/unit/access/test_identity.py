"""The technician's own key: found, made, or refused before the server is asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision.access import identity
from provision.messages.errors import ServerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A technician without any key or agent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


@pytest.fixture
def agent(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An agent that holds nothing yet."""
    socket = home / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    while not socket.exists():
        assert process.poll() is None
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield
    process.terminate()
    process.wait()


def make(path: Path, passphrase: str = "") -> Path:
    """Return a new key."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "mine", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def test_a_key_is_made_where_there_is_none(home: Path) -> None:
    made = identity.own()
    path = home / ".ssh" / "id_ed25519"
    assert (made.path, made.made, made.shown) == (path, True, "~/.ssh/id_ed25519")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert made.public == path.with_name("id_ed25519.pub").read_text().strip()
    again = identity.own()
    assert (again.public, again.made) == (made.public, False)


@pytest.mark.usefixtures("agent")
def test_the_agents_key_counts_where_there_is_no_file(home: Path) -> None:
    key = make(home / "elsewhere")
    subprocess.run(["ssh-add", "-q", str(key)], check=True)
    found = identity.own()
    assert (found.path, found.remembered) == (None, "")
    assert found.public == key.with_name("elsewhere.pub").read_text().strip()
    assert found.shown == "mine"


@pytest.mark.usefixtures("agent")
def test_a_key_with_a_passphrase_needs_the_agent(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make(home / ".ssh" / "id_ed25519", "secret words")
    with pytest.raises(ServerError) as caught:
        identity.own()
    assert caught.value.next == "ssh-add ~/.ssh/id_ed25519"
    ask = home / "ask"
    ask.write_text("#!/bin/sh\necho secret words\n")
    ask.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    subprocess.run(["ssh-add", "-q", str(key)], check=True, stdin=subprocess.DEVNULL)
    assert identity.own().path == key


def test_either_half_names_the_key(home: Path) -> None:
    key = make(home / "keys" / "school")
    for name in ("school", "school.pub"):
        found = identity.named(home / "keys" / name)
        assert (found.path, found.remembered) == (key, "~/keys/school")
        assert found.public.endswith(" mine")
    key.with_name("school.pub").write_text("ssh-ed25519 AAAA another one\n")
    assert "another one" not in identity.named(key).public


def test_what_is_no_key_is_refused(home: Path) -> None:
    with pytest.raises(UsageError):
        identity.named(home / "nothing")
    (home / "text").write_text("hello\n")
    with pytest.raises(ServerError):
        identity.named(home / "text")


def test_a_file_outside_the_home_is_written_absolute(home: Path) -> None:
    assert identity.written(Path("/srv/keys/school")) == "/srv/keys/school"
    assert identity.written(Path(os.path.relpath(home / "a"))) == "~/a"
