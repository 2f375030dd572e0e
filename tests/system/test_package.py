"""The wheel made of the source archive deploys as the checkout does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests import package
from tests.system.project import finish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.school import School


def test_a_plan_of_the_wheel_made_of_the_source_archive(school: School, tmp_path: Path) -> None:
    package.install(package.build(tmp_path / "built").wheel, tmp_path / "installed")
    program = ["env", f"PYTHONPATH={tmp_path / 'installed'}", sys.executable, "-m", "provision.cli"]
    planned = finish(school.project.start([*program, "plan"]), 600)
    assert (planned.code, planned.err) == (0, ""), planned.err
    assert planned.out.endswith("  nothing to change\n")
    assert planned == school.project.run("plan")
