"""A server on which people have written in the signs of old computers: every look copes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.test_greetings import alike, looks

if TYPE_CHECKING:
    from tests.system.conftest import MakeProject
    from tests.system.school import School

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

NAME = "M\\374ller"
"""Müller in Latin-1, as printf of a shell writes it."""
APPENDED = {
    "/etc/hosts": f"# {NAME}",
    "/etc/default/locale": f"# {NAME}",
    "/etc/ssh/sshd_config": f"# {NAME}",
    "/etc/apt/sources.list": f"# {NAME}",
    "/etc/apt/apt.conf.d/99-old": f"// {NAME}",
    "/etc/fstab": f"# {NAME}",
    "/etc/crypttab": f"# {NAME}",
    "/etc/resolv.conf": f"# {NAME}",
    "/etc/environment": f"# {NAME}",
    "/etc/logrotate.d/old": f"# {NAME}",
    "/etc/sysctl.d/99-old.conf": f"# {NAME}",
    "/etc/systemd/journald.conf.d/99-old.conf": f"# {NAME}",
    "/etc/cron.d/old": f"# {NAME}",
    "/etc/rsyslog.conf": f"# {NAME}",
    "/root/.ssh/authorized_keys": f"# {NAME}",
    "/var/log/old.log": NAME,
    "/var/lib/dpkg/status": "",
}
MADE = ("/root", "/etc/nginx/snippets", "/var/log", "/tmp", "/etc/prosody/conf.d")
"""Folders that get a file whose name nobody can decode."""


def write(school: School) -> None:
    """Write in old signs wherever people do, keeping what was there."""
    files = " ".join(APPENDED)
    school.host.run(
        "set -e; rm -rf /root/kept; mkdir /root/kept; for file in "
        f'{files}; do [ ! -e "$file" ] || cp -aL --parents "$file" /root/kept; done'
    )
    for file, line in APPENDED.items():
        if line:
            school.host.run(f"printf '{line}\\n' >>{file}")
    for folder in MADE:
        school.host.run(f"printf '# {NAME}\\n' >\"$(printf '{folder}/{NAME}.txt')\"")
    school.host.run(
        f"useradd -m -c \"$(printf '{NAME}')\" -s /bin/bash old; "
        f"printf '{NAME}\\n' | logger -t \"$(printf '{NAME}')\"; "
        f"systemd-run -q --unit=old -p Description=\"$(printf '{NAME}')\" sleep 900 || "
        "systemd-run -q --unit=old sleep 900"
    )


def put_back(school: School) -> None:
    """Take all of it away."""
    files = " ".join(APPENDED)
    school.host.run(
        "systemctl stop old; userdel -rf old; "
        f'for file in {files}; do if [ -e "/root/kept$file" ]; then '
        'cat "/root/kept$file" >"$file"; else rm -f "$file"; fi; done; rm -rf /root/kept',
        check=False,
    )
    for folder in MADE:
        school.host.run(f"rm -f \"$(printf '{folder}/{NAME}.txt')\"")


def test_old_signs_on_the_server_change_nothing(school: School, make_project: MakeProject) -> None:
    project = make_project(school.host)
    before = looks(project)
    write(school)
    try:
        after = looks(project)
        deployed = project.run("deploy", "--json")
    finally:
        put_back(school)
    for command, done in before.items():
        assert alike(after[command], done, command), (done, after[command])
    assert (deployed.code, deployed.data["changed"]) == (0, [])


def test_a_report_can_name_a_file_in_old_signs(school: School, make_project: MakeProject) -> None:
    project = make_project(school.host)
    file = f"\"$(printf '/var/log/{NAME}.log')\""
    school.host.run(f"echo x >{file}; touch -d '30 days ago' {file}")
    try:
        done = project.run("verify", "--json")
    finally:
        school.host.run(f"rm {file}")
    (control,) = (one for one in done.data["controls"] if one["id"] == "LOG-07")
    assert (done.code, control["state"]) == (1, "failed")
    (page, *_more) = done.data["files"]
    assert "M\N{REPLACEMENT CHARACTER}ller.log" in (project.folder / page).read_text()
