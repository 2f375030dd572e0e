"""How Ansible is started, as far as that can be judged without a server."""

from __future__ import annotations

import locale
from typing import TYPE_CHECKING

import pytest

from provision import paths
from provision.play import runner
from provision.settings.table import School

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C.UTF-8", {}),
        # What ssh brings along from another computer.
        ("xx_XX.UTF-8", {"LC_ALL": "C.UTF-8"}),
        ("UTF-8", {"LC_ALL": "C.UTF-8"}),
    ],
)
def test_ansible_gets_a_locale_that_exists(
    monkeypatch: pytest.MonkeyPatch, name: str, expected: dict[str, str]
) -> None:
    before = locale.setlocale(locale.LC_ALL)
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LC_CTYPE", name)
    assert runner._usable_locale() == expected
    assert locale.setlocale(locale.LC_ALL) == before


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where to write a playbook; its tasks need no server."""
    playbook = tmp_path / "play.yml"
    (tmp_path / "inventory.yml").write_text("schools:\n  hosts: {nord: {}, sued: {}}\n")
    monkeypatch.setattr(paths, "playbook", lambda _name: playbook)
    return playbook


def outcomes(play: Path, text: str) -> dict[str, runner.Outcome]:
    """Run a playbook on two schools."""
    play.write_text(text)
    schools = {
        key: School(
            address="192.0.2.1",
            domain=f"{key}.example.org",
            school=key,
            contact="it@example.org",
        )
        for key in ("nord", "sued")
    }
    return runner.run("play", play.parent / "inventory.yml", schools)


PLAY = """\
- hosts: {hosts}
  gather_facts: false
  tasks:
    - name: look | Look
      ansible.builtin.debug: {{msg: "{{{{ inventory_hostname }}}}"}}
      failed_when: {failed}
"""


@pytest.mark.parametrize("hosts", ["nobody", "localhost", "schools:!schools"])
def test_a_run_that_comes_to_nobody_is_no_success(play: Path, hosts: str) -> None:
    found = outcomes(play, PLAY.format(hosts=hosts, failed="false"))
    assert [one.failure and one.failure["kind"] for one in found.values()] == ["not_through"] * 2


def test_the_school_that_a_run_did_not_come_to_is_no_success(play: Path) -> None:
    found = outcomes(play, PLAY.format(hosts="nord", failed="false"))
    assert found["nord"].failure is None
    assert found["sued"].failure
    assert found["sued"].failure["kind"] == "not_through"


def test_another_schools_failure_does_not_hide_one_that_was_left_out(play: Path) -> None:
    found = outcomes(play, PLAY.format(hosts="nord", failed="true"))
    assert found["nord"].failure
    assert "kind" not in found["nord"].failure
    assert found["sued"].failure
    assert found["sued"].failure["kind"] == "not_through"


def test_a_run_that_ended_too_early_is_no_success(play: Path) -> None:
    kill = "- hosts: nord\n  gather_facts: false\n  tasks:\n    - name: look | Stop\n      debug:\n"
    kill += "        msg: \"{{ lookup('pipe', 'set -- $(cat /proc/$PPID/stat); kill -9 $4') }}\"\n"
    text = PLAY.format(hosts="schools", failed="false") + kill
    found = outcomes(play, text)
    assert [one.failure and one.failure["kind"] for one in found.values()] == ["not_through"] * 2


def test_both_schools_are_through(play: Path) -> None:
    found = outcomes(play, PLAY.format(hosts="schools", failed="false"))
    assert [one.failure for one in found.values()] == [None, None]
    assert [one.results["Look"]["msg"] for one in found.values()] == ["nord", "sued"]
