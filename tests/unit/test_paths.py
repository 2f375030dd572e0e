"""The playbooks are found in a checkout and in the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from provision import paths
from tests import package

ROOT = Path(__file__).parents[2]


def test_a_checkout_has_them_at_the_top() -> None:
    assert paths.playbooks() == ROOT / "playbooks"
    assert (paths.playbooks() / "roles").is_dir()
    assert paths.playbook("deploy") == ROOT / "playbooks" / "deploy.yml"


def test_the_wheel_has_them_beside_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "INSTALLED", tmp_path)
    assert paths.playbook("deploy") == tmp_path / "deploy.yml"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> package.Built:
    """The source archive, and the wheel that was made from it."""
    return package.build(tmp_path_factory.mktemp("built"))


def files(folder: Path) -> set[str]:
    """Return all files below a directory, links followed, but nothing that Python makes."""
    return {
        str(Path(place, name).relative_to(folder))
        for place, _folders, names in os.walk(folder, followlinks=True)
        for name in names
        if "__pycache__" not in place
    }


def test_the_source_archive_has_the_roles_where_a_checkout_has_them(
    built: package.Built, tmp_path: Path
) -> None:
    with tarfile.open(built.archive) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    for folder in ("roles", "playbooks", "provision", "tests/unit"):
        assert files(unpacked / folder) == files(ROOT / folder), folder


def test_the_wheel_made_of_it_has_playbooks_and_roles(built: package.Built, tmp_path: Path) -> None:
    package.install(built.wheel, tmp_path)
    assert files(tmp_path / "provision" / "ansible" / "playbooks") == files(ROOT / "playbooks")
    shown = subprocess.run(
        [sys.executable, "-c", "from provision import paths; print(paths.playbook('deploy'))"],
        cwd=tmp_path, env=package.environment(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.strip() == str(tmp_path / "provision/ansible/playbooks/deploy.yml")
