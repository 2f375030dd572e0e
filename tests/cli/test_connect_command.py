"""`provision connect` as far as it goes without any server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision.inventory.reading import load
from provision.play.failures import explain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

HELP = """\
Usage: provision connect [SCHOOL] [OPTIONS]

Make the first contact with a server: compare its key, install yours.

The provider's password is used once and kept nowhere. A server that is connected already is
left alone.

Options
  SCHOOL                     The school's short name; not needed where there is one.
  --fingerprint FINGERPRINT  SHA256:… or MD5:…, the server's key as the provider shows it.
  --identity FILE            Your SSH key; else the one that ssh uses, or a new one.
  --password-fd NUMBER       Read the provider's password from this file descriptor.
  --new-server               The server was set up anew: compare its key again.
  --sudo                     Let the account use sudo without a password, if needed.
  -i, --inventory FILE       The file with the schools; else inventory.yml in this directory.

For example
  provision connect gymnasium-nord
  provision connect gymnasium-nord --fingerprint SHA256:… --password-fd 0 < password
"""
SCHOOL = """\
    {key}:
      address: {address}
      domain: {key}.example.org
      school: Schule
      contact: it@example.org
"""


@pytest.fixture
def schools(inventory: Path) -> Path:
    """Two schools."""
    hosts = [
        SCHOOL.format(key="nord", address="203.0.113.10"),
        SCHOOL.format(key="sued", address="203.0.113.11"),
    ]
    inventory.write_text("schools:\n  hosts:\n" + "".join(hosts))
    return inventory


def test_help(run: Run) -> None:
    assert run("connect", "--help") == (0, HELP, "")


def test_what_is_no_fingerprint_is_refused_before_anything_else(run: Run) -> None:
    assert run("connect", "nord", "--fingerprint", "SHA256:abc") == (
        2,
        "",
        (
            "✗ --fingerprint is not a fingerprint\n"
            "  Why    It looks like SHA256:, then 43 characters, or MD5:, then 16 pairs of "
            "digits.\n"
        ),
    )


def test_one_of_several_schools_has_to_be_named(run: Run, schools: Path) -> None:
    assert run("connect") == (
        2,
        "",
        (
            "✗ Which school?\n"
            f"  Why    {schools.name} has several: nord, sued\n"
            "  Next   name one of them\n"
        ),
    )


def test_a_key_that_is_not_there_is_told_before_the_server_is_asked(
    run: Run, schools: Path
) -> None:
    code, out, err = run("connect", "nord", "--identity", "nowhere")
    assert (code, out) == (2, "")
    assert err.startswith("✗ There is no key nowhere\n")
    assert schools.read_text().count("ansible") == 0


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("No ED25519 host key is known for x and you have requested strict checking", ""),
        ("Host key verification failed.", ""),
        ("root@x: Permission denied (publickey,password).", ""),
        ("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!", " --new-server"),
    ],
)
def test_what_ssh_says_in_a_deployment_leads_here(schools: Path, said: str, remedy: str) -> None:
    school = load(schools).schools["nord"]
    error = explain({"unreachable": True, "msg": said}, school, "nord")
    assert error.exit_code == 3
    assert f"provision connect nord{remedy}" in error.next
    assert "ssh-key" not in error.next
