"""The technician's own key: which one signs in, and a new one where there is none."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from provision.common.bounded_files import UnfitError, read_bytes
from provision.messages import legible
from provision.messages.errors import ServerError, UsageError
from provision.messages.i18n import _

NAMES = ("id_ed25519", "id_ecdsa", "id_rsa")
_PUBLIC_FIELDS = 2


@dataclass(frozen=True)
class Identity:
    """A key pair."""

    public: str
    """The line that authorized_keys receives."""
    path: Path | None = None
    """The secret half; nothing where only the agent has it."""
    made: bool = False

    @property
    def remembered(self) -> str:
        """Return how inventory.yml names the key, or nothing where ssh finds it by itself."""
        return "" if self.path is None or _ssh_finds(self.path) else written(self.path)

    @property
    def shown(self) -> str:
        """Return how people recognise it."""
        return written(self.path) if self.path else self.public.split(maxsplit=2)[-1]


def written(path: Path) -> str:
    """Return an absolute path, with ~ for the technician's own directory."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link stays the link that was named
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def named(path: Path) -> Identity:
    """Return the key that a person or inventory.yml names."""
    path = path.expanduser()
    path = path.with_suffix("") if path.suffix == ".pub" else path
    if not path.is_file():
        raise UsageError(
            _("There is no key {path}").format(path=path),
            next=_("name the file of a secret SSH key, for instance ~/.ssh/id_ed25519"),
        )
    return _usable(path)


def own() -> Identity:
    """Return the key that ssh uses by itself: a usual file, the agent's, or a new one."""
    folder = Path.home() / ".ssh"
    in_agent = _agent()
    for name in NAMES:
        if (folder / name).is_file():
            return _usable(folder / name)
    if in_agent:
        return Identity(in_agent[0])
    return _make(folder / NAMES[0])


def _usable(path: Path) -> Identity:
    """Return the key in a file, if ssh can use it without asking anybody."""
    public = path.with_name(path.name + ".pub")
    # Without a terminal ssh-keygen does not ask for a passphrase either, it fails.
    derived = _run("ssh-keygen", "-y", "-P", "", "-f", str(path))
    said = derived.stdout if derived.returncode == 0 else _written_in(public)
    words = said.split()
    if derived.returncode and not any(_same(line, words) for line in _agent()):
        raise ServerError(
            _("The key {path} cannot be used without asking you.").format(path=written(path)),
            _("It has a passphrase and is not in your ssh-agent, or it is no SSH key, or others "
              "may read its file."),
            f"ssh-add {written(path)}",
        )  # fmt: skip
    line = _written_in(public)
    return Identity(line if _same(line, words) else " ".join(words), path)


def _make(path: Path) -> Identity:
    """Return a new key pair."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    done = _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path))
    if done.returncode:
        raise ServerError(
            _("No key could be made in {path}").format(path=written(path)),
            (done.stderr + done.stdout).strip(),
        )
    return Identity(_written_in(path.with_name(path.name + ".pub")), path, made=True)


def _written_in(public: Path) -> str:
    """Return the line of a public key's file, or nothing where there is none that can be read."""
    try:
        lines = legible.roughly(read_bytes(public)).strip().splitlines()
    except (OSError, UnfitError):
        return ""
    return lines[0].strip() if lines else ""


def _same(line: str, words: list[str]) -> bool:
    """Return whether two public keys are the same, whatever is written behind them."""
    mine = line.split()[:_PUBLIC_FIELDS]
    return len(mine) == _PUBLIC_FIELDS and mine == words[:_PUBLIC_FIELDS]


def _agent() -> list[str]:
    """Return the public keys of which the agent holds the secret halves."""
    done = _run("ssh-add", "-L")
    return done.stdout.strip().splitlines() if done.returncode == 0 else []


def _ssh_finds(path: Path) -> bool:
    """Return whether ssh uses this file unasked; it does not look at $HOME."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    return Path(os.path.abspath(path)) in {home / ".ssh" / name for name in NAMES}  # noqa: PTH100


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        # A key's comment is whatever bytes somebody's computer was called by.
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise ServerError(
            _("{program} is not installed on this computer.").format(program=command[0]),
            next="apt install openssh-client",
        ) from error
