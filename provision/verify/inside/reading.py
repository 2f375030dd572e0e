"""Files and programs of the server, each read within bounds."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1 << 20
SECONDS = 8
NOT_THERE = 127
RUNNING: set[subprocess.Popen[bytes]] = set()
"""Programs that have not ended yet; ended with this one."""
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "SYSTEMD_PAGER": "",
    "SYSTEMD_COLORS": "0",
}


def text(path: str | Path, limit: int = LIMIT) -> str:
    """Return the beginning of a file, or nothing where it cannot be read."""
    return beginning(path, limit).decode("utf-8", "replace")


def beginning(path: str | Path, limit: int) -> bytes:
    """Return the first bytes of a file, or none where it cannot be read."""
    try:
        with _opened(path) as file:
            return file.read(limit) or b""
    except OSError:
        return b""


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a file of bounded size; raises OSError where it cannot be read."""
    with _opened(path) as file:
        content = file.read(64 * LIMIT + 1) or b""
    return hashlib.sha256(content).hexdigest() if len(content) <= 64 * LIMIT else ""


def _opened(path: str | Path) -> IO[bytes]:
    """Return a file to read, at once also where a service has put a pipe in its place."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def lines(path: str | Path) -> list[str]:
    """Return the lines of a file without those that are empty or begin with `#`."""
    stripped = (line.strip() for line in text(path).splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


class UnansweredError(Exception):
    """A program did not say what it was asked: nobody knows, and nothing may follow from it."""


def there(program: str) -> bool:
    """Tell whether a program is installed."""
    return shutil.which(program, path=ENVIRONMENT["PATH"]) is not None


def ask(
    *command: str, user: str | None = None, given: str = "", both: bool = False, good: int = 0
) -> str:
    """Return what a program answers; raise UnansweredError where it does not.

    That is: it is not there, it hangs, or it ends with another code than 0 and `good`.
    """
    code, said = _run(command, user, given, both=both)
    if code is None:
        raise UnansweredError(f"{command[0]} did not answer in time")
    if code not in {0, good}:
        raise UnansweredError(f"{command[0]} ended with {code}")
    return said


def run(*command: str, user: str | None = None, given: str = "", both: bool = False) -> str:
    """Return what a program writes to its standard output (`both`: and its error stream).

    A program that is not there, or hangs, has written nothing. Only where nothing may follow from
    that; else `ask`.
    """
    return _run(command, user, given, both=both)[1]


def _run(
    command: tuple[str, ...], user: str | None, given: str, *, both: bool
) -> tuple[int | None, str]:
    """Return a program's exit code, or nothing where it hangs, and what it wrote."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if both else subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
            user=user,
            group=_group(user),
            extra_groups=None if user is None or os.getuid() else [],
        )
    except (OSError, subprocess.SubprocessError, KeyError):
        return NOT_THERE, ""
    RUNNING.add(process)
    try:
        written, _nothing = process.communicate(given.encode(), timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None, ""
    finally:
        process.kill()
        RUNNING.discard(process)
    return process.returncode, written[: 4 * LIMIT].decode("utf-8", "replace")


def stream(*command: str) -> Iterator[bytes]:
    """Yield the lines that a program writes; it is ended when nobody reads on.

    Raises UnansweredError where it is not there, or ends by itself as one that failed.
    """
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT, cwd="/"
        )
    except OSError:
        raise UnansweredError(f"{command[0]} cannot be started") from None
    assert process.stdout
    try:
        yield from process.stdout
        if code := process.wait():
            raise UnansweredError(f"{command[0]} ended with {code}")
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def found(pattern: str) -> list[Path]:
    """Return the files that a pattern of absolute paths means, in order.

    A link that leads nowhere is none: Debian 13 makes one for its record of sign-ins before the
    first of them.
    """
    paths = (Path(path) for path in sorted(glob.glob(pattern, recursive=True)))  # noqa: PTH207
    return [path for path in paths if path.exists()]


def exists(user: str) -> bool:
    """Tell whether there is such an account of the system."""
    return any(line.startswith(user + ":") for line in text("/etc/passwd").splitlines())


def _group(user: str | None) -> int | None:
    if user is None or os.getuid() != 0:
        return None
    import pwd  # noqa: PLC0415 - only where another account is wanted

    return pwd.getpwnam(user).pw_gid
