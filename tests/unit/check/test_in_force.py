"""What is in force counts, not the file in place: sshd's own order, sysctl's, and the journal's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from provision.check.judges import in_force
from tests.unit.modules import Server, utility
from tests.unit.trees import contents, rendered, school
from tests.unit.trees import server as seen

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

DROP_IN = "/etc/ssh/sshd_config.d/10-jitsi-provision.conf"
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"
CONFIG = """# /usr/lib/sysctl.d/50-default.conf
-net.ipv4.conf.all.accept_redirects = 0

# /etc/sysctl.d/60-jitsi-provision.conf
net.ipv4.tcp_syncookies = 1

# /etc/sysctl.d/99-own.conf
# net/ipv4/tcp_syncookies = 9
net/ipv4/tcp_syncookies = 0
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of that name."""
    Server(tmp_path, monkeypatch)
    return utility("ssh_in_force")


def test_every_setting_of_ours_is_looked_for(ssh: ModuleType) -> None:
    text = contents(rendered(school(), seen()))[DROP_IN]
    ours = {line.split()[0].lower() for line in text.splitlines() if re.match("[A-Z]", line)}
    assert ours <= ssh.NAMES


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (f"# As Debian has it.\n\n{INCLUDE}\nPasswordAuthentication yes\n", False),
        (f"Port 22\nUsePAM yes\n  {INCLUDE}", False),
        ('Port 22\ninclude "/etc/ssh/sshd_config.d/*.conf"\n', False),
        ("Port 22\nPasswordAuthentication yes\n", True),
        (f"PasswordAuthentication yes\n{INCLUDE}", True),
        (f"PasswordAuthentication=yes\n{INCLUDE}", True),
        (f"Include /etc/ssh/provider.conf\n{INCLUDE}", True),
        (f"Match User git\n{INCLUDE}", True),
        (f"#{INCLUDE}", True),
        ("", True),
    ],
)
def test_where_sshd_would_not_obey(ssh: ModuleType, text: str, missing: bool) -> None:
    assert ssh.line_missing(text) is missing
    assert not ssh.line_missing(ssh.with_line(text))
    assert ssh.with_line(text).endswith(text)


@pytest.mark.parametrize(
    ("defaults", "found"),
    [
        ("# Options\nSSHD_OPTS=\n", []),
        ('SSHD_OPTS="-o Port=2222 -4"\n', []),
        (
            "SSHD_OPTS='-oPasswordAuthentication=yes -o \"PermitRootLogin yes\"'\n",
            ["-o PasswordAuthentication=yes", "-o PermitRootLogin"],
        ),
        ("SSHD_OPTS='-f /root/sshd_config'\n", ["-f /root/sshd_config"]),
        ('SSHD_OPTS="unclosed\n', []),
    ],
)
def test_options_that_no_file_overrules(ssh: ModuleType, defaults: str, found: list[str]) -> None:
    shown = [" ".join(option.split()[:2]) for option in ssh.options(defaults)]
    assert shown == found


def test_the_file_that_is_read_last_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server(tmp_path, monkeypatch)
    assert utility("overruled").last(CONFIG) == {
        "net.ipv4.conf.all.accept_redirects": ("/usr/lib/sysctl.d/50-default.conf", "0"),
        "net.ipv4.tcp_syncookies": ("/etc/sysctl.d/99-own.conf", "0"),
    }


def test_what_overrules_ours_is_told_with_what_ends_it() -> None:
    one: dict[str, Any] = {
        "program": "sysctl", "name": "kernel.x", "wanted": "1", "found": "0",
        "file": "/etc/sysctl.conf",
    }  # fmt: skip
    facts = seen(
        overruled=[one, one | {"file": ""}],
        ssh={"line_missing": True, "options": ["-o PasswordAuthentication=yes"]},
    )
    assert [(found.sentence, found.remedy) for found in in_force.check(facts)] == [
        (
            "sshd is started with -o PasswordAuthentication=yes, which no file can overrule.",
            (
                "on the server, take that out of SSHD_OPTS in /etc/default/ssh, then: systemctl "
                "restart ssh"
            ),
        ),
        (
            "kernel.x is 0 and not 1, whatever our file says.",
            (
                "on the server, delete the line with kernel.x from /etc/sysctl.conf, then: "
                "systemctl restart systemd-sysctl"
            ),
        ),
        (
            "kernel.x is 0 and not 1, whatever our file says.",
            "on the server: systemctl restart systemd-sysctl",
        ),
    ]
    (told,) = in_force.to_come(facts)
    assert "puts that line first" in told.sentence
