"""HST-02: SSH takes keys only and nothing weak, and its known key stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.process import wait_until

if TYPE_CHECKING:
    from tests.system.school import School


def test_independent_judge_finds_no_fault(school: School) -> None:
    judge = Path(sys.executable).parent / "ssh-audit"
    done = subprocess.run(
        [judge, "--json", school.host.address], capture_output=True, text=True, check=False
    )
    # For a while sshd refuses whoever ends so many connections without signing in.
    assert wait_until(lambda: not school.host.ssh("true", check=False).returncode, seconds=120)
    report = json.loads(done.stdout)
    faults = [
        f"{kind} {entry['algorithm']}: {fault}"
        for kind in ("kex", "key", "enc", "mac")
        for entry in report[kind]
        for fault in entry.get("notes", {}).get("fail", [])
    ]
    assert faults == []
    assert report["cves"] == []


def test_passwords_are_not_even_asked_for(school: School) -> None:
    school.host.run("useradd --create-home colleague && echo colleague:secret | chpasswd")
    try:
        tried = subprocess.run(
            [
                *("ssh", *school.host.ssh_args, "-o", "PubkeyAuthentication=no"),
                *("-o", "PreferredAuthentications=password,keyboard-interactive"),
                f"colleague@{school.host.address}",
                "true",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert tried.returncode == 255
        assert tried.stderr.endswith("Permission denied (publickey).\n")
    finally:
        school.host.run("userdel --remove colleague", check=False)


def test_settings_in_force(school: School) -> None:
    wanted = {
        "passwordauthentication": "no",
        "kbdinteractiveauthentication": "no",
        "permitrootlogin": "without-password",
        "allowtcpforwarding": "no",
        "allowagentforwarding": "no",
        "x11forwarding": "no",
        "permittunnel": "no",
    }
    lines = school.host.run("sshd -T").stdout.splitlines()
    found = dict(line.split(" ", 1) for line in lines if " " in line)
    assert {name: found[name] for name in wanted} == wanted
