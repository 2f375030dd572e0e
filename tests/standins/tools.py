"""The outside programs that the builder needs, and one way to call them."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import StandinError

PACKAGE_OF = {"dpkg-deb": "dpkg", "apt-ftparchive": "apt-utils", "gpg": "gnupg"}


def missing() -> list[str]:
    """Names of needed programs that this machine does not have."""
    return [name for name in PACKAGE_OF if shutil.which(name) is None]


def require() -> None:
    """Return only if every needed program is there; otherwise say which package brings it."""
    absent = missing()
    if absent:
        packages = " ".join(PACKAGE_OF[name] for name in absent)
        raise StandinError(
            f"These programs are missing: {', '.join(absent)}. "
            f"Install them with: apt-get install {packages}"
        )


def run(
    arguments: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> str:
    """Standard output of the program; a failure carries what it said."""
    done = subprocess.run(
        list(arguments),
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StandinError(
            f"{arguments[0]} failed with code {done.returncode}: {done.stderr.strip()}"
        )
    return done.stdout
