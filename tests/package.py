"""The program as others get it: a source archive, the wheel made of that, and a place to run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Built(NamedTuple):
    """What was built."""

    archive: Path
    wheel: Path


def build(folder: Path) -> Built:
    """Return a new source archive and the wheel that is made of it, not of the checkout."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(archive, wheel)


def install(wheel: Path, folder: Path) -> None:
    """Unpack a wheel; what it depends on is there already."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--target", str(folder), str(wheel)], check=True)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment in which Python finds what was installed there, and no checkout."""
    return os.environ | {"PYTHONPATH": str(folder)}
