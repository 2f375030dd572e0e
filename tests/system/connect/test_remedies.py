"""What `provision connect` advises is done as it stands there, and then somebody gets in."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.remedies import in_list, tried_by
from tests.system.connect.technician import (
    KEY,
    PASSWORD,
    Seen,
    Technician,
    fingerprint,
    set_password,
    sshd,
)
from tests.system.project import Agent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench import Host
    from tests.system.connect.conftest import MakeTechnician

FILE = "tests/system/connect/test_remedies.py::"
SAID: set[str] = set()
"""Every advice that was followed here, as it was printed."""


def advice(seen: Seen) -> str:
    """Return what stands behind `Next`, over several lines if need be."""
    found = re.search(r"(?m)^  Next +(.*(?:\n {6,}.*)*)$", seen.err)
    assert found, seen
    said = re.sub(r"\n +", "\n", found[1])
    SAID.add(said)
    return said


def typed(person: Technician, said: str, *, password: str = "", **words: str) -> Seen:
    """Run the command of the program that an advice ends with, its words in capitals filled in."""
    command = said[said.index("provision connect") :].splitlines()[0]
    for word, value in words.items():
        command = command.replace(word, value)
    arguments = shlex.split(command.replace(" --password-fd 0 < FILE", ""))
    assert arguments[1:3] == ["connect", KEY]
    return person.run(*arguments[3:], password=password or None)


@pytest.fixture(scope="module", autouse=True)
def listed() -> Iterator[None]:
    """What the list says that this file follows was followed, if all of it ran."""
    yield
    followed = {one for said in SAID for one in in_list(said)}
    if len(SAID) > 8:
        for test in TESTS:
            assert tried_by(FILE + test) <= followed


def test_a_fingerprint_is_compared_as_advised(rented: Host, technician: MakeTechnician) -> None:
    person = technician()
    said = advice(person.run(password=PASSWORD))
    seen = typed(person, said, password=PASSWORD, FINGERPRINT=fingerprint(rented))
    assert seen.code == 0


def test_a_password_is_handed_over_as_advised(rented: Host, technician: MakeTechnician) -> None:
    person = technician()
    said = advice(person.run("--fingerprint", fingerprint(rented)))
    assert typed(person, said, password=PASSWORD).code == 0


def test_the_right_password_is_looked_up_as_advised(
    rented: Host, technician: MakeTechnician
) -> None:
    person = technician()
    seen = person.run("--fingerprint", fingerprint(rented), password="another-one")
    assert advice(seen).startswith("look at the provider's message again")
    assert person.run(password=PASSWORD).code == 0


def test_a_new_server_is_accepted_as_advised(rented: Host, technician: MakeTechnician) -> None:
    person = technician()
    person.known_hosts.write_text(f"{rented.address} ssh-ed25519 {'A' * 68}\n")
    said = advice(person.run(password=PASSWORD))
    assert said.startswith("only if you know that the provider has set it up anew: ")
    seen = typed(person, f"{said} --fingerprint {fingerprint(rented)}", password=PASSWORD)
    assert seen.code == 0


def test_a_line_is_entered_as_a_key_as_advised(rented: Host, technician: MakeTechnician) -> None:
    sshd(rented, "PasswordAuthentication no", "KbdInteractiveAuthentication no")
    person = technician()
    said = advice(person.run("--fingerprint", fingerprint(rented), password=PASSWORD))
    rented.write("/root/.ssh/authorized_keys", said.splitlines()[-1] + "\n", mode="0600")
    # Said here, because ssh itself does not look at the home that the tests give it.
    assert person.run("--identity", str(person.home / ".ssh" / "id_ed25519")).code == 0


def test_sudo_is_allowed_as_advised(rented: Host, technician: MakeTechnician) -> None:
    rented.run("useradd -m -s /bin/bash technik")
    set_password(rented, "technik", PASSWORD)
    person = technician(ssh_user="technik")
    said = advice(person.run("--fingerprint", fingerprint(rented), password=PASSWORD))
    before, command = said.split("as root: ")
    assert before == "on the server, "
    rented.run(command)
    assert person.run().code == 0


def test_keys_are_allowed_again_as_advised(rented: Host, technician: MakeTechnician) -> None:
    sshd(rented, "PubkeyAuthentication no", "PasswordAuthentication yes", "PermitRootLogin yes")
    person = technician()
    said = advice(person.run("--fingerprint", fingerprint(rented), password=PASSWORD))
    assert said.startswith("look at PubkeyAuthentication and AuthorizedKeysFile")
    sshd(rented, "PubkeyAuthentication yes", "PermitRootLogin yes")
    assert person.run().code == 0


def test_the_account_that_the_provider_names_is_written_as_advised(
    rented: Host, technician: MakeTechnician
) -> None:
    person = technician()
    assert person.run("--fingerprint", fingerprint(rented), password=PASSWORD).code == 0
    line = rented.read("/root/.ssh/authorized_keys").decode()
    rented.run("useradd -m -s /bin/bash technik; install -d -o technik ~technik/.ssh")
    rented.write("/home/technik/.ssh/authorized_keys", line)
    rented.run("echo 'technik ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/provision")
    told = 'command="echo Please login as technik; exit 142" '
    rented.write("/root/.ssh/authorized_keys", told + line, mode="0600")
    assert "`ssh_user` into inventory.yml" in advice(person.run())
    person.write(ssh_user="technik")
    assert person.run().code == 0


@pytest.mark.parametrize(("wrong", "right"), [({"ssh_port": 2300}, {"ssh_port": 22})])
def test_the_port_is_corrected_as_advised(
    rented: Host, technician: MakeTechnician, wrong: dict[str, int], right: dict[str, int]
) -> None:
    person = technician(**wrong)
    said = advice(person.run("--fingerprint", fingerprint(rented), password=PASSWORD))
    assert "`ssh_port` in inventory.yml" in said
    person.write(**right)
    seen = person.run("--fingerprint", fingerprint(rented), password=PASSWORD)
    assert seen.code == 0


def test_an_address_is_corrected_as_advised(rented: Host, technician: MakeTechnician) -> None:
    person = technician(address="nowhere.invalid")
    said = advice(person.run("--fingerprint", fingerprint(rented), password=PASSWORD))
    assert said == "correct `address` in inventory.yml, or write the server's IP address there"
    person.write(address=rented.address)
    seen = person.run("--fingerprint", fingerprint(rented), password=PASSWORD)
    assert seen.code == 0


def test_a_verb_that_needs_the_first_contact_leads_to_it(
    rented: Host, technician: MakeTechnician
) -> None:
    person = technician()
    said = advice(person.run(verb="check"))
    assert said == f"provision connect {KEY}"
    seen = typed(person, f"{said} --fingerprint {fingerprint(rented)}", password=PASSWORD)
    assert seen.code == 0
    assert "provision connect" not in person.run(verb="check").err


def test_the_right_key_is_put_in_front_as_advised(
    rented: Host, technician: MakeTechnician, tmp_path: Path
) -> None:
    person = technician()
    assert person.run("--fingerprint", fingerprint(rented), password=PASSWORD).code == 0
    own = person.home / ".ssh" / "id_ed25519"
    agent = Agent(tmp_path, None)
    person.agent = agent.socket
    try:
        for number in range(7):
            key = str(tmp_path / f"other{number}")
            subprocess.run(["ssh-keygen", "-qtrsa", "-N", "", "-f", key], check=True)
            subprocess.run(["ssh-add", "-q", key], env=person.environment, check=True)
        said = advice(person.run("--identity", str(own)))
        found = re.fullmatch(r"put the right one in front: (ssh-add) FILE; then (.*)", said)
        assert found, said
        subprocess.run([found[1], "-q", str(own)], env=person.environment, check=True)
        assert typed(person, found[2], FILE=str(own)).code == 0
        assert person.run().err == "✓ nord: connected already\n"
    finally:
        agent.stop()


TESTS = [name for name in globals() if name.startswith("test_")]
