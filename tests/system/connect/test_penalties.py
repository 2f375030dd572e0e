"""Debian 13 shuts out who fails to sign in: few failures are spent, and it is told as it is."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from provision.access import shut_out
from tests.system.connect.technician import PASSWORD, fingerprint

if TYPE_CHECKING:
    from tests.bench import Host
    from tests.system.connect.conftest import MakeTechnician
    from tests.system.connect.technician import Technician

WRONG = "another password"
AT_ONCE = 8


def by_hand(person: Technician, key: str) -> str:
    """Try a key that the server does not know, several times at once, and return what ssh says."""
    options = ("BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=no")
    command = ["ssh", "-F", "none", "-i", key, *(f"-o{option}" for option in options)]
    command += ["-oUserKnownHostsFile=/dev/null", f"root@{person.host.address}", "true"]
    tries = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _try in range(AT_ONCE)
    ]
    return "".join(one.communicate(timeout=120)[1] for one in tries)


def test_who_is_shut_out_is_told_to_wait(rented: Host, technician: MakeTechnician) -> None:
    """After failed sign-ins the next call says what it is, and not that nobody answers.

    Penalties add up only while they last, five seconds for each failure: how many calls of this
    program, one after the other, it takes depends on how fast they are. So failures come at once.
    """
    assert "persourcepenalties crash:90" in rented.run("sshd -T").stdout
    person = technician()
    key = ("--fingerprint", fingerprint(rented))
    done = person.run(*key, password=WRONG)
    assert done.code == 3
    assert "✗ The server refuses this password for root." in done.err
    unknown = str(person.folder / "unknown")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", unknown], check=True)
    said = [by_hand(person, unknown)]
    assert "Permission denied" in said[0]
    while not shut_out.told(said[-1]) and len(said) < 6:
        said.append(by_hand(person, unknown))
    done = person.run(*key, password=WRONG)
    assert done.code == 3
    assert "✗ For a while, the server accepts no connection from this computer.\n" in done.err, said
    assert "wait: half a minute after two wrong passwords" in done.err
    # What the sentence advises heals; the test does not wait for it, but lets sshd forget.
    rented.run("systemctl reset-failed ssh; systemctl restart ssh")
    assert person.run(*key, password=PASSWORD).code == 0
