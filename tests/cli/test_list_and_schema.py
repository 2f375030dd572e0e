"""provision list and provision schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from provision.inventory.schema import inventory_schema

if TYPE_CHECKING:
    from tests.cli.conftest import Run

EXAMPLE = Path(__file__).parents[2] / "inventory.example"


def test_the_schools_as_a_table(run: Run) -> None:
    assert run("list", "--inventory", str(EXAMPLE)) == (
        0,
        """\
short name       school           domain                            address
gymnasium-nord   Gymnasium Nord   meet.gymnasium-nord.example.org   203.0.113.10
comenius-school  Comenius School  meet.comenius-school.example.org  198.51.100.20
""",
        "",
    )


def test_the_schools_for_a_machine(run: Run) -> None:
    code, out, err = run("list", "-i", str(EXAMPLE), "--json")
    assert (code, err) == (0, "")
    school = json.loads(out)["comenius-school"]
    assert (school["ssh_port"], school["certificate"]) == (2222, "letsencrypt")


def test_a_file_without_schools(run: Run, inventory: Path) -> None:
    inventory.write_text("schools:\n")
    assert run("list") == (0, "", "There is no school in inventory.yml yet.\nNext: provision new\n")


def test_no_file(run: Run) -> None:
    assert run("list") == (
        2,
        "",
        """\
✗ inventory.yml: one problem
  Why    There is no such file.
  Next   `provision new` writes one
""",
    )


def test_a_setting_beside_the_file_is_refused(run: Run, inventory: Path) -> None:
    inventory.write_text(EXAMPLE.read_text())
    beside = inventory.parent / "host_vars" / "gymnasium-nord.yml"
    beside.parent.mkdir()
    beside.write_text("# two days late\ndomain: meet.other.example.org\n")
    assert run("list") == (
        2,
        "",
        """\
✗ host_vars/gymnasium-nord.yml: one problem
  line 2   domain
           Settings of a school count only in inventory.yml; here Ansible alone sees them.
  Next     move it to inventory.yml, then run the same command again
""",
    )


def test_ansibles_own_variables_may_stand_beside_the_file(run: Run, inventory: Path) -> None:
    inventory.write_text(EXAMPLE.read_text())
    for name, text in (
        ("group_vars/schools.yml", "deployment_lock_seconds: 300\n"),
        ("host_vars/gymnasium-nord/secret", "$ANSIBLE_VAULT;1.1;AES256\n6162\n"),
        ("host_vars/broken.yml", "a: [\n"),
    ):
        beside = inventory.parent / name
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text)
    assert run("list")[0] == 0


def test_everything_that_is_wrong_in_a_file(run: Run, inventory: Path) -> None:
    inventory.write_text(
        """\
schools:
  hosts:
    nord:
      address: 203.0.113.10
      domain: https://Meet.example.org:8443
      school: no
      contact: it
      certificate: own
      certificate_file: missing.pem
      lang: de
"""
    )
    assert run("list") == (
        2,
        "",
        """\
✗ inventory.yml: 6 problems
  line 3    nord · certificate_key_file
            It is needed, because certificate is own. For instance: certificates/gymnasium-nord.key
  line 5    nord · domain: "https://Meet.example.org:8443"
            Write the name alone, without https://. For instance: meet.gymnasium-nord.example.org
  line 6    nord · school: no
            Ansible would read this differently; put text in quotes, begin no number with 0.
  line 7    nord · contact: "it"
            An e-mail address contains an @. For instance: it@gymnasium-nord.example.org
  line 9    nord · certificate_file: "missing.pem"
            There is no file missing.pem.
  line 10   nord · lang
            This setting is called language here.
  Next      correct the file, then run the same command again
""",
    )


def test_a_tab_in_german(run: Run, inventory: Path) -> None:
    inventory.write_text("schools:\n\thosts:\n")
    assert run("list", "--lang", "de") == (
        2,
        "",
        """\
✗ inventory.yml: ein Problem
  Zeile 2   Diese Zeile beginnt mit einem Tabulator; YAML will Leerzeichen.
  Weiter    berichtigen Sie zuerst diese Zeile
""",
    )


def test_the_schema_is_what_editors_get(run: Run) -> None:
    code, out, err = run("schema")
    assert (code, err) == (0, "")
    assert json.loads(out) == inventory_schema()
