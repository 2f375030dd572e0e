"""`provision check` as far as it goes without any server, and what it prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from provision.check import preflight
from provision.check.preflight import Examination
from provision.inventory.reading import load
from provision.messages.errors import ServerError
from provision.messages.result import failure, note, ok, warning

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

HELP = """\
Usage: provision check [SCHOOL …] [OPTIONS]

Find what would go wrong in a deployment; changes nothing on the server.

Looks at the server, at its names in the DNS and, from this computer, at its ports: for some
seconds the server listens where Jitsi will, unless it runs already.

Options
  SCHOOL                Short names of schools; not needed where there is only one.
  --all                 Every school in the file.
  --json                Write JSON for a machine.
  -i, --inventory FILE  The file with the schools; else inventory.yml in this directory.

For example
  provision check gymnasium-nord
  provision check --all --json
"""
ONE = """\
Schule · nord.example.org · 203.0.113.1 · Debian 13
  the server
    ✓ All is well.
    ! A little memory.
      Next: take more
  names
    · Nameless.
    ✗ Nowhere.
      Next: add this
      Next: and that
One thing has to be repaired before a deployment.
"""
MANY = """\
school  domain            state                 failures  warnings
nord    nord.example.org  to be repaired        1         1
ost     ost.example.org   not reached           0         0
sued    sued.example.org  ready                 0         0
west    west.example.org  ready, with warnings  0         1

Schule · nord.example.org · 203.0.113.1 · Debian 13
  the server
    ! A little memory.
      Next: take more
  names
    ✗ Nowhere.
      Next: add this
      Next: and that
One thing has to be repaired before a deployment.

Schule · ost.example.org · 203.0.113.2

Schule · west.example.org · 203.0.113.4
  packages
    ! A little lock.
      Next: wait
A deployment can begin; read the warnings first.
"""


@pytest.fixture
def found(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Examination]:
    """What is found of four schools, for commands that ask for it."""
    hosts = [
        f"    {key}:\n      address: 203.0.113.{number}\n      domain: {key}.example.org\n"
        "      school: Schule\n      contact: it@example.org\n"
        for number, key in enumerate(("nord", "ost", "sued", "west"), start=1)
    ]
    inventory.write_text("schools:\n  hosts:\n" + "".join(hosts))
    schools = load(inventory).schools
    all_found = {key: Examination(school) for key, school in schools.items()}
    all_found["nord"].system = "Debian 13"
    all_found["nord"].findings = {
        "server": [ok("All is well."), warning("A little memory.", "take more")],
        "names": [note("Nameless."), failure("Nowhere.", "add this\nand that")],
    }
    all_found["ost"].error = ServerError("It is off.", "nobody paid", "pay")
    all_found["sued"].findings = {"server": [ok("All is well.")]}
    all_found["west"].findings = {"packages": [warning("A little lock.", "wait")]}
    monkeypatch.setattr(
        preflight,
        "examine",
        lambda _path, wanted, **_options: {key: all_found[key] for key in wanted},
    )
    return all_found


def test_help(run: Run) -> None:
    assert run("check", "--help") == (0, HELP, "")


def test_one_school_with_everything(run: Run, found: dict[str, Examination]) -> None:
    assert found
    assert run("check", "nord") == (1, ONE, "Next: repair this, then provision check nord\n")


def test_many_schools_as_a_table_with_their_problems(
    run: Run, found: dict[str, Examination]
) -> None:
    assert found
    code, out, err = run("check", "--all")
    assert (code, out) == (3, MANY)
    assert "✗ It is off.\n  Why    nobody paid\n  Next   pay\n" in err


def test_a_refusal_outweighs_everything(run: Run, found: dict[str, Examination]) -> None:
    found["sued"].findings["server"] = [failure("Apache.", "go away", refusal=True)]
    code, out, _err = run("check", "sued")
    assert code == 5
    assert out.endswith("This server must not be used as it is; nothing was changed on it.\n")
    assert run("check", "--all").code == 5


def test_json_is_one_object_a_line(run: Run, found: dict[str, Examination]) -> None:
    assert found
    code, out, err = run("check", "nord", "ost", "--json")
    assert (code, err) == (3, "")
    nord, ost = map(json.loads, out.splitlines())
    assert nord["exit_code"] == 1
    assert nord["findings"][3] == {
        "group": "names",
        "level": "failure",
        "sentence": "Nowhere.",
        "remedy": "add this\nand that",
        "refusal": False,
    }
    assert ost["error"] == {
        "what": "It is off.", "exit_code": 3, "rows": {"Why": "nobody paid", "Next": "pay"},
    }  # fmt: skip


def test_every_group_has_its_title() -> None:
    assert list(preflight.GROUPS) == ["server", "packages", "names", "ports"]
