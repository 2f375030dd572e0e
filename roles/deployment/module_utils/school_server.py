"""Where the deployment keeps its own things on a school's server, and how a module fails there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any, NoReturn

from ansible.module_utils import ground

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

CONFIG = "/etc/jitsi-provision"
SECRETS = CONFIG + "/secrets"
STATE = "/var/lib/jitsi-provision"
MANIFEST = STATE + "/files.json"
WRITTEN = STATE + "/written.json"
PENDING = STATE + "/pending.json"
LONGEST = 600
"""How many seconds a program may take if nobody says otherwise; most take none."""
LARGEST = 1 << 25
"""Characters: Debian's record of debconf's answers, and certbot's log, are some megabytes."""
PIECE = 1 << 16
STAGED = ".jitsi-provision-"
"""How the name of a file begins that is about to replace another one."""


def read_text(path: str, default: str = "") -> str:
    """Return the beginning of a file's text, or the default where it cannot be read.

    At once, also where somebody has put a pipe in its place.
    """
    content = b""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            # In pieces: asked for more than 4 MB at once, the kernel refuses to tell its settings.
            while len(content) < LARGEST and (piece := file.read(PIECE)):
                content += piece
    except OSError:
        return default
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="replace").read()


def read_json(path: str, default: Any) -> Any:
    """Return what a JSON file of ours holds, or the default (a torn file counts as none)."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return default


def secret_values() -> dict[str, str]:
    """Return the secrets that were born on this server, by name."""
    names = os.listdir(SECRETS) if os.path.isdir(SECRETS) else []
    values = {name: read_text(os.path.join(SECRETS, name)).strip() for name in names}
    return {name: value for name, value in values.items() if value}


def make_folder(path: str, mode: int = 0o755) -> None:
    """Make a directory and those above it, with these rights even where the umask is strict.

    Like `write_atomically`, only where root alone can change the way there: GroundError otherwise.
    """
    ground.refuse(path)
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for each in reversed(missing):
        os.mkdir(each, mode)
        os.chmod(each, mode)


def write_atomically(
    path: str, data: str | bytes, mode: int = 0o600, uid: int = 0, gid: int = 0
) -> None:
    """Replace a file so that a reader, or a cut connection, never sees half of it."""
    make_folder(os.path.dirname(path))
    ground.refuse(path)
    descriptor, staged = tempfile.mkstemp(dir=os.path.dirname(path), prefix=STAGED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
            file.flush()
            os.fsync(file.fileno())
        ground.give(staged, (uid, gid, mode))
        os.replace(staged, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(staged)


def write_json(path: str, value: Any) -> None:
    """Write a JSON file of ours atomically."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def run(
    *command: str, longest: float = LONGEST, **keywords: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program in the C locale and return the completed process.

    Never raises on its code; a program that is not there answers 127, as a shell would, and one
    that does not end 124, as `timeout` would. With a ``timeout`` of its own the caller is told by
    TimeoutExpired.
    """
    raises = "timeout" in keywords
    keywords.setdefault("timeout", longest)
    environment = dict(os.environ, LC_ALL="C", **keywords.pop("env", {}))
    if "input" not in keywords:
        keywords["stdin"] = subprocess.DEVNULL
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            check=False,
            **keywords,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: not found")
    except subprocess.TimeoutExpired:
        if raises:
            raise
        said = f"{command[0]} did not end within {longest:.0f} seconds"
        return subprocess.CompletedProcess(command, 124, "", said)


def fail(module: AnsibleModule, what: str, **details: Any) -> NoReturn:
    """End the module with what happened; the program turns the kind into cause and remedy."""
    module.fail_json(msg=what, **details)
    raise AssertionError  # fail_json ends the process
