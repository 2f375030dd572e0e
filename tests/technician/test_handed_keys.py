"""A key that an inventory names goes to the server that it names: only one of this project may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.inventories import NORD

if TYPE_CHECKING:
    from tests.technician.conftest import Computer

OWN = f"{NORD}      certificate: own\n      certificate_file: a.pem\n      certificate_key_file: "


@pytest.mark.parametrize("linked", [False, True], ids=["named", "linked"])
@pytest.mark.parametrize("verb", ["plan", "check", "deploy", "verify", "list"])
def test_a_key_of_somebody_goes_nowhere(computer: Computer, verb: str, *, linked: bool) -> None:
    key = computer.home / "id_rsa"
    key.write_text("somebody's own\n")
    computer.write("certificate\n", "a.pem")
    if linked:
        (computer.project / "a.key").symlink_to(key)
    computer.write(f"{OWN}{'a.key' if linked else key}\n")
    seen = computer.run(verb)
    assert (seen.code, seen.out) == (5, ""), seen.err
    assert seen.err.splitlines()[1:] == [
        "  Why    The server that inventory.yml names would receive it, whoever wrote that.",
        "  Next   copy certificate and key into this folder, and name the copies",
    ]
    assert seen.err.startswith("✗ nord: the key ")
    assert "somebody's own" not in seen.err


def test_a_key_of_the_project_is_taken(computer: Computer) -> None:
    computer.write("certificate\n", "certificates/a.pem")
    computer.write("key\n", "certificates/a.key")
    computer.write(OWN.replace("a.pem", "certificates/a.pem") + "certificates/a.key\n")
    assert computer.run("list").code == 0
