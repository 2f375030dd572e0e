"""A file of ours in its place that is not obeyed: sshd_config, SSHD_OPTS, sysctl."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.system.check.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Bench
    from tests.system.school import School

MAIN = "/etc/ssh/sshd_config"
DEFAULTS = "/etc/default/ssh"
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"


@pytest.fixture(params=["school", "school12"])
def place(request: pytest.FixtureRequest) -> Iterator[School]:
    """A deployed school of each release, whose own files of sshd come back afterwards."""
    school: School = request.getfixturevalue(request.param)
    before = {path: school.host.read(path) for path in (MAIN, DEFAULTS)}
    yield school
    for path, text in before.items():
        school.host.write(path, text)
    school.host.run("rm -f /etc/sysctl.d/99-own.conf; systemctl restart systemd-sysctl ssh")
    assert school.project.run("deploy").code == 0


@pytest.mark.parametrize(
    "text", ["PasswordAuthentication yes\n", f"PasswordAuthentication yes\n{INCLUDE}"]
)
def test_sshd_obeys_after_a_deployment(place: School, text: str) -> None:
    host = place.host
    own = f"# The provider's.\nPort 22\nPermitRootLogin yes\n{text}Subsystem sftp internal-sftp\n"
    host.write(MAIN, own)
    host.run("systemctl reload ssh")
    assert "passwordauthentication yes" in host.run("sshd -T").stdout
    done = place.project.run("deploy", "--json")
    assert done.code == 0, done.err
    assert MAIN in done.data["changed"]
    in_force = host.run("sshd -T").stdout
    assert "passwordauthentication no\n" in in_force
    assert "permitrootlogin without-password\n" in in_force
    # What a person wrote stays, and is kept as it was.
    assert host.read(MAIN).decode() == INCLUDE + own
    assert host.read(f"/var/lib/jitsi-provision/previous{MAIN}").decode() == own
    assert place.project.run("deploy", "--json").data["changed"] == []


def test_what_no_deployment_can_change_is_told_with_what_ends_it(
    bench: Bench, place: School
) -> None:
    host = place.host
    desk = Desk(bench.chair(), place.project)
    host.write(DEFAULTS, 'SSHD_OPTS="-o PasswordAuthentication=yes"\n')
    host.write("/etc/sysctl.d/99-own.conf", "net.ipv4.conf.all.accept_redirects = 1\n")
    host.run("systemctl restart ssh systemd-sysctl")
    code, sentences, remedies = desk.problems()
    assert (code, sentences) == (
        1,
        [
            "net.ipv4.conf.all.accept_redirects is 1 and not 0, whatever our file says.",
            "sshd is started with -o PasswordAuthentication=yes, which no file can overrule.",
        ],
    )
    found = re.search(r"delete the line with (\S+) from (\S+), then: (.*)", remedies[0])
    assert found
    host.run(f"sed -i '/{found[1]}/d' {found[2]} && {found[3]}")
    found = re.search(r"out of SSHD_OPTS in (\S+), then: (.*)", remedies[1])
    assert found
    host.run(f"sed -i 's/^SSHD_OPTS=.*/SSHD_OPTS=/' {found[1]} && {found[2]}")
    assert desk.problems() == (0, [], [])
