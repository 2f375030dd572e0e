"""Phases and tasks are declared once; everything else has them from there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision.access import connect
from provision.declared import phases
from provision.deploy import run
from provision.play import runner
from provision.settings.table import School

ROOT = Path(__file__).parents[3]
TASKS = ROOT / "roles" / "deployment" / "tasks"
NORD = School(
    address="203.0.113.10", domain="meet.example.org", school="Nord", contact="it@example.org"
)


def tasks(name: str) -> list[dict[str, Any]]:
    """Return the tasks of a file of the role."""
    found: list[dict[str, Any]] = yaml.safe_load((TASKS / f"{name}.yml").read_text("utf-8"))
    return found


@pytest.mark.parametrize("phase", [*phases.DEPLOYMENT, *phases.OTHERS], ids=lambda one: one.key)
def test_each_phase_has_the_tasks_that_are_declared(phase: phases.Phase) -> None:
    declared = [f"{phase.key} | {task}" for task in phase.tasks]
    assert [task["name"] for task in tasks(phase.key)] == declared


def test_the_role_knows_no_other_phases_and_keeps_their_order() -> None:
    (whole,) = tasks("main")
    ran = [(task["name"], task["ansible.builtin.import_tasks"]) for task in whole["block"]]
    assert ran == [(p.key.capitalize(), f"{p.key}.yml") for p in phases.DEPLOYMENT]
    files = {path.stem for path in TASKS.glob("*.yml")} - {"main"}
    assert files == {phase.key for phase in (*phases.DEPLOYMENT, *phases.OTHERS)}


def test_each_other_playbook_has_the_phase_of_its_name() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")} - {"deploy"}
    assert playbooks == {phase.key for phase in phases.OTHERS}


def test_each_task_is_in_a_phase() -> None:
    used = {task for phase in (*phases.DEPLOYMENT, *phases.OTHERS) for task in phase.tasks}
    assert used == set(phases.Task)


def test_the_architecture_tells_of_each_phase() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = text.partition("| phase |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE) == [p.key for p in phases.DEPLOYMENT]


def test_a_plan_that_heard_nothing_of_the_files_does_not_say_that_there_is_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcome = runner.Outcome("nord", {phases.Task.SETTINGS: {}, "Write something else": {}})
    monkeypatch.setattr(connect, "ensure", lambda *_arguments: None)
    monkeypatch.setattr(runner, "run", lambda *_arguments, **_more: {"nord": outcome})
    with pytest.raises(KeyError, match="Write the configuration"):
        run.deploy(tmp_path / "inventory.yml", {"nord": NORD}, rehearse=True)
