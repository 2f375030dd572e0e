"""Debian 13 shuts out who fails to sign in: few failures are spent, and it is told as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.connect.technician import PASSWORD, fingerprint

if TYPE_CHECKING:
    from tests.bench import Host
    from tests.system.connect.conftest import MakeTechnician

WRONG = "another password"


def test_who_is_shut_out_is_told_to_wait(rented: Host, technician: MakeTechnician) -> None:
    """Two wrong passwords, and the third call says what it is and not that nobody answers."""
    assert "persourcepenalties crash:90.000 " in rented.run("sshd -T").stdout
    person = technician()
    key = ("--fingerprint", fingerprint(rented))
    for _call in range(2):
        done = person.run(*key, password=WRONG)
        assert done.code == 3
        assert "✗ The server refuses this password for root." in done.err
    done = person.run(*key, password=WRONG)
    assert done.code == 3
    assert "✗ The server lets this computer in no more for a while.\n" in done.err
    assert "wait: half a minute after two wrong passwords" in done.err
    # What the sentence advises heals; the test does not wait for it, but lets sshd forget.
    rented.run("systemctl reset-failed ssh; systemctl restart ssh")
    assert person.run(*key, password=PASSWORD).code == 0
