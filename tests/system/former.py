"""The program as it landed last, to deploy with on a host before the present one comes to it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.project import Done, Project, finish

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMIT = "6de72244b55467a271e3da86796f35986f61cfa6"
"""The last state that landed; moved on when the next one does."""
REPOSITORY = Path(__file__).resolve().parents[2]
ITS_OWN = ("ansible-runner>=2.4,<3",)
"""What it needs and the present program does not."""
START = "from provision.cli import main; main()"


@dataclass(frozen=True)
class Former:
    """A former state of the program, in a folder of its own."""

    folder: Path

    def run(self, project: Project, *arguments: str) -> Done:
        """Return what it does in a technician's directory."""
        environment = project.environment | {
            "PYTHONPATH": f"{self.folder / 'tree'}:{self.folder / 'more'}"
        }
        process = subprocess.Popen(
            [sys.executable, "-c", START, *arguments],
            cwd=project.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return finish(process, 900)


def bring(folder: Path) -> Former:
    """Return the former program, out of the repository's history; skip where that is not there."""
    tree = folder / "tree"
    tree.mkdir()
    packed = folder / "former.tar"
    git = ["git", "-C", str(REPOSITORY), "-c", "safe.directory=*"]
    command = [*git, "archive", "--output", str(packed), COMMIT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        # A shallow clone, or a source package.
        pytest.skip(f"there is no history to upgrade from: {done.stderr.strip()}")
    subprocess.run(["tar", "-xf", packed, "-C", tree], check=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--target", folder / "more", *ITS_OWN], check=True, env=_plain())
    return Former(folder)


def _plain() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
