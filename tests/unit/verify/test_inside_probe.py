"""The look from inside: what it sends, and what it makes of servers that answer badly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from provision.access.answers import MARK
from provision.settings.table import School
from provision.verify.evidence import NotMeasuredError
from provision.verify.inside import program as inside
from provision.verify.probes import inside as probe
from provision.verify.target import Target

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A school whose web server does not answer; ssh is the script in tmp_path/ssh."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("schools:\n  hosts:\n    nord:\n      address: 192.0.2.1\n")
    school = School(
        address="192.0.2.1",
        domain="meet.example.org",
        school="Nord",
        contact="it@example.org",
        ssh_user="admin",
        retention_days=5,
    )
    monkeypatch.setattr(probe, "_visit", lambda _target: False)
    return Target(
        "meet.example.org", "192.0.2.1", key="nord", school=school, inventory=inventory, seconds=2
    )


def says(tmp_path: Path, script: str) -> None:
    """Let ssh be a shell script."""
    (tmp_path / "ssh").write_text("#!/bin/sh\n" + script)
    (tmp_path / "ssh").chmod(0o755)


def test_what_is_sent_runs_on_a_plain_python_and_answers_every_part() -> None:
    wanted = {"marker": "provision-verify-", "mark": MARK, "seconds": 1, "patience": 20}
    sent = probe.program(wanted)
    done = subprocess.run(
        [sys.executable, "-ISB", "-"], input=sent, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout.removeprefix(f"\n{MARK}"))
    assert {*answer["parts"], *answer["missing"]} == set(inside.PARTS)
    assert answer["root"] is (os.geteuid() == 0)


def test_the_answer_is_handed_on_with_the_schools_promise(target: Target, tmp_path: Path) -> None:
    answer = MARK + '{"parts": {"x": {}}, "missing": {}, "root": true}'
    noise = """cat > /dev/null; echo '{"parts": 1}'; echo '{ open' >&2; printf 'Hi: '"""
    says(tmp_path, f"{noise}; printf '\\n%s\\nbye }}' '{answer}'")
    assert probe.measure(target) == {
        "parts": {"x": {}},
        "missing": {},
        "root": True,
        "visited": False,
        "promised": {"retention_days": 5},
    }


def test_another_account_than_root_asks_sudo_and_says_nothing_in_arguments(
    target: Target, tmp_path: Path
) -> None:
    says(tmp_path, f"""cat > /dev/null; echo "$*" > {tmp_path}/said; exit 1""")
    with pytest.raises(NotMeasuredError):
        probe.measure(target)
    said = (tmp_path / "said").read_text().split()
    assert said[-7:] == ["--", "192.0.2.1", "sudo", "-n", "python3", "-IB", "-"]
    assert "StrictHostKeyChecking=yes" in said


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'Host key verification failed.' >&2; exit 255",
         "Nobody could sign in at 192.0.2.1: Host key verification failed."),
        ("echo 'sudo: a password is required' >&2; exit 1",
         "The look from inside ended without an answer: sudo: a password is required"),
        ("echo 'bash: python3: command not found' >&2; exit 127",
         "The look from inside ended without an answer: bash: python3: command not found"),
        ("echo 'Welcome! {}'; echo 'sudo: a password is required' >&2; exit 1",
         "The look from inside ended without an answer: sudo: a password is required"),
        ("exit 3", "The look from inside ended without an answer: 3"),
        ("echo '[]'", "The look from inside ended without an answer: []"),
        ("exec sleep 60", "Nobody could sign in at 192.0.2.1: timed out"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_a_clear_line(
    target: Target, tmp_path: Path, script: str, reason: str
) -> None:
    says(tmp_path, script)
    with pytest.raises(NotMeasuredError) as raised:
        probe.measure(target)
    assert str(raised.value) == reason


def test_a_server_that_floods_is_cut_off(target: Target, tmp_path: Path) -> None:
    says(tmp_path, "exec yes '{\"parts\": {}}'")
    begun = time.monotonic()
    with pytest.raises(NotMeasuredError, match="ended without an answer"):
        probe.measure(target)
    assert time.monotonic() - begun < 30  # it would go on for ever


def test_a_strangers_server_is_not_looked_into() -> None:
    with pytest.raises(NotMeasuredError, match=r"not in inventory\.yml"):
        probe.measure(Target("meet.example.org"))


def test_a_part_that_hangs_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hang(_wanted: object) -> dict[str, object]:
        inside.reading.run("sleep", "60")
        return {}

    monkeypatch.setattr(inside, "PARTS", {"slow": hang, "quick": lambda _wanted: {"seen": True}})
    seen = inside.collect({"patience": 0.2})
    assert seen["parts"] == {"quick": {"seen": True}}
    assert seen["missing"] == {"slow": "it took too long"}
    for process in inside.reading.RUNNING:
        process.kill()
