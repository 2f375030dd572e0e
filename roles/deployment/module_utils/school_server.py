"""Where the deployment keeps its own things on a school's server, and how a module fails there."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile

CONFIG = "/etc/jitsi-provision"
SECRETS = CONFIG + "/secrets"
STATE = "/var/lib/jitsi-provision"
RUN = "/run/jitsi-provision"
MANIFEST = STATE + "/files.json"
PENDING = STATE + "/pending.json"


def read_text(path, default=""):
    """Return a file's text, or the default where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return default


def read_json(path, default):
    """Return what a JSON file of ours holds, or the default (a torn file counts as none)."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return default


def write_atomically(path, data, mode=0o600, uid=0, gid=0):
    """Replace a file so that a reader, or a cut connection, never sees half of it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor, staged = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".jitsi-provision-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
            file.flush()
            os.fsync(file.fileno())
        os.chown(staged, uid, gid)
        os.chmod(staged, mode)
        os.replace(staged, path)
    except BaseException:
        os.unlink(staged)
        raise


def write_json(path, value):
    """Write a JSON file of ours atomically."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def run(*command, **keywords):
    """Run a program in the C locale and return the completed process; never raises on its code."""
    environment = dict(os.environ, LC_ALL="C", **keywords.pop("env", {}))
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        check=False,
        stdin=keywords.pop("stdin", subprocess.DEVNULL) if "input" not in keywords else None,
        **keywords,
    )


def fail(module, what, **details):
    """End the module with what happened; the program turns the kind into cause and remedy."""
    module.fail_json(msg=what, **details)
