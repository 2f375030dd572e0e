"""Small files that stand for something without end; each is refused with a sentence, at once."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from provision.common import limits
from tests.inventories import NORD

if TYPE_CHECKING:
    from tests.technician.conftest import Computer

LAUGHS = "".join(
    f"x{number}: &x{number} [{', '.join([f'*x{number - 1}'] * 9)}]\n" for number in range(1, 12)
)
MERGES = "".join(
    f"m{number}: &m{number} {{<<: [{', '.join([f'*m{number - 1}'] * 9)}]}}\n"
    for number in range(1, 12)
)
BOMBS = {
    "aliases": "x0: &x0 [lol]\n" + LAUGHS,
    "aliases in a setting": "schools:\n  vars:\n    x0: &x0 [lol]\n"
    + "".join(f"    {line}\n" for line in LAUGHS.splitlines()),
    "merge keys": "m0: &m0 {a: 1}\n" + MERGES,
    "itself": "schools: &a\n  hosts: *a\n",
    "itself in a list": "a: &a [*a]\n",
    "brackets": "a: " + "[" * 100_000 + "\n",
    "braces": "a: " + "{a: " * 20_000 + "\n",
    "steps": "".join(f"{' ' * number}a:\n" for number in range(300)),
    "a long number": NORD + "      ssh_port: " + "9" * 100_000 + "\n",
    "a number that Python refuses": NORD + "      ssh_port: " + "9" * 4096 + "\n",
    "a hexadecimal number": NORD + "      ssh_port: 0x" + "f" * 100_000 + "\n",
    "a date that there is not": NORD + "      reboot_at: 2026-99-99\n",
    "a number that is none": NORD + "      ssh_port: !!int x\n",
    "a mapping as a name": NORD + "      ? {a: b}\n      : c\n",
    "a list as a name": NORD + "      ? [a, b]\n      : c\n",
    "many entries": "schools:\n  hosts:\n" + "    a: {}\n" * 60_000,
    "a large file": "# " + "x" * (limits.FILE + 1) + "\n",
    "a large text": NORD + "      imprint_url: " + "x" * 500_000 + "\n",
}
SECONDS = 20
"""Of processor time, the start of Python included; a bomb wants minutes, or years."""


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("place", ["inventory.yml", "group_vars/schools.yml"])
def test_a_bomb_is_refused(computer: Computer, name: str, place: str) -> None:
    computer.write(BOMBS[name], place)
    if place != "inventory.yml" and BOMBS[name].startswith(NORD):
        pytest.skip("what is wrong there, is wrong in a setting")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seen = computer.run("list")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (seen.code, seen.out) == (2, ""), seen.err
    assert len(seen.err) < 2000
    assert spent.ru_utime - used.ru_utime < SECONDS


def test_a_file_beside_that_only_ansible_reads_costs_nothing(computer: Computer) -> None:
    computer.write(BOMBS["aliases"], "group_vars/web.yml")
    computer.write(BOMBS["brackets"], "host_vars/x.json")
    assert computer.run("list").code == 0


def test_a_list_of_schools_has_a_limit(computer: Computer) -> None:
    (computer.project / "inventory.yml").unlink()
    computer.write("short_name,address\n" + "a,b\n" * limits.FILE, "schools.csv")
    seen = computer.run("new", "--csv", "schools.csv")
    assert seen.code == 2
    assert "larger than 1048 kB" in seen.err


def test_anchors_that_people_use_are_fine(computer: Computer) -> None:
    second = (
        NORD.partition("hosts:\n")[2]
        .replace("nord", "sued").replace("113.10", "113.11").replace("it@sued.example.org", "*c")
    )  # fmt: skip
    computer.write(NORD.replace("contact: ", "contact: &c ") + second)
    seen = computer.run("list", "--json")
    assert seen.code == 0, seen.err
    assert seen.out.count("it@nord.example.org") == 2
