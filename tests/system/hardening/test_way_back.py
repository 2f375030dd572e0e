"""Protection survives a boot, and goes without a trace where it is no longer wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tests.bench.fingerprint import difference
from tests.system.hardening.test_firewall import table
from tests.system.outside import OPEN
from tests.system.project import PLAYBOOKS, finish
from tests.system.scan import open_ports
from tests.system.school import UNITS

if TYPE_CHECKING:
    from tests.system.school import School

ROLES = PLAYBOOKS.parent / "roles"
PROTECTION = ("access", "confinement", "firewall", "kernel", "updates")
JITSI_ALONE = ["base", "certificate", "prosody", "jicofo", "videobridge", "web", "turn"]


def test_a_boot_brings_everything_back(school: School) -> None:
    before = table(school.host)
    school.host.restart()
    assert table(school.host) == before
    for address in (school.host.address, school.host.address6):
        assert open_ports(address) == OPEN
    states = school.host.run(["systemctl", "is-active", *UNITS], check=False).stdout.split()
    assert states == ["active"] * len(UNITS)
    assert school.host.run("systemctl --failed --plain --no-legend").stdout == ""
    # A fresh bridge gets its first conference; nothing else is to be done.
    assert school.project.run("deploy", "--json").data["changed"] == []


def test_what_is_no_longer_declared_goes(school: School) -> None:
    host, before = school.host, school.host.state()
    playbook = school.project.folder / "jitsi-alone.yml"
    role = {
        "role": "deployment",
        "deployment_roles": JITSI_ALONE,
        "deployment_complete": True,
    }
    play = {"hosts": "schools", "gather_facts": False, "roles": [role]}
    playbook.write_text(yaml.safe_dump([play]))
    # What reaches a server stands beside the playbooks.
    (school.project.folder / "group_vars").symlink_to(PLAYBOOKS / "group_vars")
    try:
        command = ["env", "LC_ALL=C.UTF-8", f"ANSIBLE_ROLES_PATH={ROLES}"]
        command += ["ansible-playbook", "-i", "inventory.yml", playbook.name]
        done = finish(school.project.start(command), 300)
        assert done.code == 0, done.out[-3000:]
        assert table(host) == ""
        assert "passwordauthentication yes" in host.run("sshd -T").stdout
        brought = [
            "/" + path.relative_to(ROLES / role / "templates").as_posix()
            for role in PROTECTION
            for path in (ROLES / role / "templates").rglob("*")
            if path.is_file()
        ]
        assert "/etc/jitsi-provision/firewall.nft" in brought
        left = host.run(["ls", *brought], check=False).stdout
        assert left == ""
        timers = host.run("systemctl show apt-daily-upgrade.timer --property=TimersCalendar").stdout
        assert "06:00:00" in timers
        assert host.run("systemctl --failed --plain --no-legend").stdout == ""
        again = finish(school.project.start(command), 300)
        assert "changed=0" in again.out, again.out[-3000:]
    finally:
        (school.project.folder / "group_vars").unlink()
        playbook.unlink()
        assert school.project.run("deploy").code == 0
    assert difference(before, host.state()) == []
    assert table(host)
