"""The playbooks are found in a checkout and in the wheel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provision import paths

if TYPE_CHECKING:
    import pytest

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
