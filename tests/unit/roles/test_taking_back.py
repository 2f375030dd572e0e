"""Taking back survives a power cut: whatever is cut off between two lines is taken up again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.modules import Server, utility
from tests.unit.trees import contents, rendered, school
from tests.unit.trees import server as seen

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

SCRIPT = "/usr/local/lib/jitsi-provision/take-back"
UNIT = "/etc/systemd/system/jitsi-provision-take-back.service"
# bash runs the script line by line, and is killed like the power goes: before the line number N.
CUT = "set -T; n=0; trap '[ $((n+=1)) -lt {cut} ] || kill -9 $$' DEBUG; . {script}"


class PowerCutError(BaseException):
    """The machine stops here."""


class Machine:
    """A directory as a server with two guarded files, one of which is new."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = Server(root, monkeypatch)
        self.guard: Any = utility("access_guard")
        self.rules_now = "new rules\n"
        self.ran: list[str] = []
        monkeypatch.setattr(self.guard, "run", self.run)
        monkeypatch.setattr(self.guard, "rules_now", lambda: self.rules_now)
        self.old, self.new = self.server.path("/etc/ssh/old.conf"), self.server.path("/etc/new.nft")
        self.kept = self.server.state / "firewall.nft"
        programs = root / "programs"
        programs.mkdir()
        for name in ("nft", "systemctl", "sync"):
            (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{root}/calls\n')
            (programs / name).chmod(0o755)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
        self.calls = root / "calls"
        text = contents(rendered(school(), seen()))[SCRIPT]
        self.script = root / "take-back"
        self.script.write_text(text.replace("/var/lib/", f"{root}/var/lib/"))

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Note a command instead of running it."""
        self.ran.append(" ".join(command))
        return subprocess.CompletedProcess(command, 0, "", "")

    def begin(self) -> None:
        """Be as before a deployment that changes both files."""
        shutil.rmtree(self.server.root / "etc", ignore_errors=True)
        shutil.rmtree(self.server.state, ignore_errors=True)
        self.calls.unlink(missing_ok=True)
        self.old.parent.mkdir(parents=True)
        self.server.state.mkdir(parents=True)
        self.old.write_text("former")
        self.kept.write_text("old rules\n")

    def change(self) -> None:
        """Note both files, and change them."""
        self.guard.arm([str(self.old), str(self.new)], 60)
        self.old.write_text("changed")
        self.new.write_text("changed")

    def take_back(self, cut: int | None = None) -> bool:
        """Let the server take back, or the power go before a line; return whether it went."""
        command = ["sh", str(self.script)]
        if cut is not None:
            command = ["bash", "-c", CUT.format(cut=cut, script=self.script)]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=False)
        assert done.returncode in {0, -9}, done.stderr
        return done.returncode == -9

    def state(self) -> tuple[str, bool, str, list[str]]:
        """Return both files, the rules of the next boot, and what is left of a note."""
        left = [path.name for path in self.server.state.iterdir() if path != self.kept]
        return self.old.read_text(), self.new.exists(), self.kept.read_text(), sorted(left)


FORMER = ("former", False, "old rules\n", [])
CHANGED = ("changed", True, "new rules\n", [])


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine before a deployment."""
    made = Machine(tmp_path, monkeypatch)
    made.begin()
    return made


def cut_off(function: Any, line: int, *arguments: Any) -> bool:
    """Call a function, and cut it off before a line of its module; return whether it was."""
    reached = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal reached
        if not frame.f_code.co_filename.endswith("access_guard.py"):
            return None
        if event == "line":
            reached += 1
            if reached == line:
                sys.settrace(None)
                raise PowerCutError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    except PowerCutError:
        return True
    finally:
        sys.settrace(before)
    return False


def test_without_a_cut_everything_is_as_before(machine: Machine) -> None:
    machine.change()
    machine.take_back()
    assert machine.state() == FORMER
    assert f"nft -f {machine.kept}" in machine.calls.read_text()
    assert not machine.guard.keep()


def test_a_cut_between_any_two_lines_of_taking_back_is_taken_up_at_boot(machine: Machine) -> None:
    cut = 1
    while True:
        machine.begin()
        machine.change()
        came = machine.take_back(cut)
        machine.calls.unlink(missing_ok=True)
        machine.take_back()
        assert machine.state() == FORMER, cut
        if not came:
            break
        cut += 1
    assert cut > 10


def test_a_deployment_after_a_cut_keeps_the_way_back_to_what_was(machine: Machine) -> None:
    cut = 1
    while True:
        machine.begin()
        machine.change()
        came = machine.take_back(cut)
        machine.change()
        machine.take_back()
        assert machine.state() == FORMER, cut
        machine.change()
        assert machine.guard.keep()
        assert machine.state() == CHANGED, cut
        if not came:
            break
        cut += 1
    assert cut > 10


def test_a_cut_between_any_two_lines_of_keeping_ends_in_one_of_both_states(
    machine: Machine,
) -> None:
    line, found = 1, set()
    while True:
        machine.begin()
        machine.change()
        came = cut_off(machine.guard.keep, line)
        machine.take_back()
        state = machine.state()
        assert state in (FORMER, CHANGED), line
        found.add(state[0])
        if not came:
            break
        line += 1
    assert line > 5
    assert found == {"former", "changed"}


def test_a_deployment_after_a_cut_of_keeping_can_keep_again(machine: Machine) -> None:
    line = 1
    while True:
        machine.begin()
        machine.change()
        came = cut_off(machine.guard.keep, line)
        machine.change()
        assert machine.guard.keep() is True
        assert machine.state() == CHANGED, line
        if not came:
            break
        line += 1


def test_a_cut_between_any_two_lines_of_noting_changes_nothing(machine: Machine) -> None:
    line = 1
    while True:
        machine.begin()
        came = cut_off(machine.guard.arm, line, [str(machine.old), str(machine.new)], 60)
        machine.take_back()
        assert machine.state()[:3] == FORMER[:3], line
        machine.change()
        machine.take_back()
        assert machine.state() == FORMER, line
        if not came:
            break
        line += 1


@pytest.mark.parametrize("name", ["guard.kept", "guard.taken-back"])
def test_what_a_former_version_left_is_neither_restored_nor_in_the_way(
    machine: Machine, name: str
) -> None:
    stale = machine.server.state / name
    for path, text in ((f"files{machine.old}", "stale"), ("present", f"{machine.old}\n")):
        (stale / path).parent.mkdir(parents=True, exist_ok=True)
        (stale / path).write_text(text)
    (stale / "absent").write_text("")
    machine.change()
    assert machine.guard.keep() is True
    machine.change()
    machine.take_back()
    assert machine.state() == ("changed", True, "new rules\n", [])


def test_the_server_takes_up_at_boot_whatever_was_begun(machine: Machine) -> None:
    unit = contents(rendered(school(), seen()))[UNIT]
    begun = utility("protection").BEGUN
    for name in begun:
        assert f"ConditionPathExists=|{name.replace(str(machine.server.root), '')}\n" in unit
    assert unit.count("ConditionPathExists=") == len(begun)
