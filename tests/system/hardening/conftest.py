"""Variables of Ansible that a technician sets beside inventory.yml."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.school import School


class SetVariables(Protocol):
    """Set variables for every later run of this test."""

    def __call__(self, **variables: Any) -> None: ...


@pytest.fixture
def set_variables(school: School) -> Iterator[SetVariables]:
    """A function that sets variables; they are gone after the test."""
    folder = school.project.folder / "group_vars"

    def write(**variables: Any) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "schools.yml").write_text(yaml.safe_dump(variables))

    yield write
    shutil.rmtree(folder, ignore_errors=True)
