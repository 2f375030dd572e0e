"""A server whose accounts greet: what shells say before and after an answer spoils none.

bash reads `.bashrc` for every command that comes over SSH. What people write there, greetings
without a line end and something to say goodbye with among it, stands around whatever we ask for.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Host
    from tests.system.conftest import MakeProject
    from tests.system.project import Done, Project
    from tests.system.school import School

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

KINDS = {
    "a line": "echo 'Welcome to the server of the school'",
    "no line end": "printf 'Hi: '",
    "it looks like an answer": """echo '{"parts": 1, "held": [], "user": "x"}'""",
    "braces without an end": "echo '{ open [ brackets'",
    "to the error stream": "echo 'sudo: Permission denied' >&2",
    "afterwards": "trap 'echo; echo goodbye }' EXIT",
    "no UTF-8": r"printf 'Gr\374\337 Gott\n'",
}
ADMIN = "anna"


def greet(host: Host, home: str, words: str) -> None:
    """Put the greeting where bash reads it, in front of everything else."""
    host.run(f"cp -a {home}/.bashrc {home}/.bashrc.kept 2>/dev/null; true")
    kept = host.run(f"cat {home}/.bashrc.kept 2>/dev/null; true").stdout
    host.write(f"{home}/.bashrc", f"{words}\n{kept}")


def forget(host: Host, home: str) -> None:
    """Take the greeting away."""
    file = f"{home}/.bashrc"
    host.run(f"rm -f {file}; test ! -e {file}.kept || mv {file}.kept {file}")


@pytest.fixture(scope="module")
def admin(school: School) -> Iterator[str]:
    """An account with sudo, in which the bench's key signs in."""
    school.host.run(
        f"useradd -m -s /bin/bash {ADMIN} && install -d -m 700 -o {ADMIN} /home/{ADMIN}/.ssh && "
        f"install -m 600 -o {ADMIN} /root/.ssh/authorized_keys /home/{ADMIN}/.ssh && "
        f"apt-get install -qy sudo >&2; "
        f"echo '{ADMIN} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{ADMIN}"
    )
    yield ADMIN
    school.host.run(f"rm -f /etc/sudoers.d/{ADMIN}; userdel -rf {ADMIN}", check=False)


def looks(project: Project) -> dict[str, Done]:
    """What each command that asks the server answers."""
    return {
        "check": project.run("check", "--json"),
        "verify": project.run("verify", "--json"),
        "plan": project.run("plan", "--json"),
        "teachers": project.run("teachers", "list", "gymnasium-nord", "--json"),
    }


LATE = "This could not be read on the server: it took too long"
"""What a busy machine may say of anything; it tells of no difference."""


def alike(one: Done, other: Done, command: str) -> bool:
    """Whether two answers say the same, apart from what one of them had no time to measure."""
    if command != "verify":
        return told(one, command) == told(other, command)
    late = {
        control["id"]
        for done in (one, other)
        for control in done.data["controls"]
        if any(found["sentence"] == LATE for found in control["findings"])
    }
    states = [
        {
            control["id"]: control["state"]
            for control in done.data["controls"]
            if control["id"] not in late
        }
        for done in (one, other)
    ]
    return one.code == other.code and states[0] == states[1]


def told(done: Done, command: str) -> object:
    """What of an answer must not depend on greetings."""
    if command == "check":
        return done.code, [
            (one["level"], re.sub(r"\d+ MB free", "… MB free", one["sentence"]))
            for one in done.data["findings"]
        ]
    if command == "plan":
        return done.code, {name: value for name, value in done.data.items() if name != "seconds"}
    return done.code, done.out


@pytest.mark.parametrize("account", ["root", ADMIN])
def test_greetings_spoil_no_answer(
    school: School, admin: str, make_project: MakeProject, account: str
) -> None:
    project = make_project(school.host, **({} if account == "root" else {"ssh_user": admin}))
    home = "/root" if account == "root" else f"/home/{admin}"
    quiet = looks(project)
    greet(school.host, home, "\n".join(KINDS.values()))
    try:
        words = ["ssh", *school.host.ssh_args, f"{account}@{school.host.address}", "true"]
        assert b"Hi: " in subprocess.run(words, capture_output=True, check=True).stdout
        noisy = looks(project)
        connected = project.run("connect")
        # As the other account it would close root's way in, which the other tests take.
        deployed = project.run("deploy", "--json") if account == "root" else None
    finally:
        forget(school.host, home)
    for command, done in quiet.items():
        assert alike(noisy[command], done, command), (done, noisy[command])
    assert (connected.code, connected.out, connected.err) == (
        0,
        "",
        "✓ gymnasium-nord: connected already\n",
    )
    assert deployed is None or (deployed.code, deployed.data["changed"]) == (0, [])
