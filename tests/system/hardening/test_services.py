"""HST-04, HST-05, LOG-09, OPS-01: how far services are shut in, and when updates come."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.system.school import SERVICES, UNITS

if TYPE_CHECKING:
    from tests.system.school import School

WORST = 4.0
JITSI = "/usr/local/lib/jitsi-provision"


def test_services_are_shut_in(school: School) -> None:
    listed = school.host.run("systemd-analyze security --no-pager").stdout
    rows = [line.split() for line in listed.splitlines()]
    exposure = {row[0]: float(row[1]) for row in rows if row[0] in UNITS}
    assert exposure.keys() == set(UNITS)
    assert {unit: number for unit, number in exposure.items() if number > WORST} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_services_leave_no_memory_on_the_disk(school: School, service: str) -> None:
    wanted = {"LimitCORE": "0", "MemorySwapMax": "0"}
    shown = school.host.run(
        ["systemctl", "show", f"{service}.service", *(f"--property={name}" for name in wanted)]
    ).stdout
    assert dict(line.split("=", 1) for line in shown.splitlines()) == wanted


def test_a_service_can_write_nothing_but_its_own(school: School) -> None:
    """Seen from within: the file system as a running service has it."""
    for service in SERVICES:
        show = ["systemctl", "show", "--value", "--property=MainPID", f"{service}.service"]
        pid = school.host.run(show).stdout.strip()
        enter = f"nsenter --target={pid} --mount"
        for path in ("/etc", "/usr", "/root", "/var/lib/jitsi-provision"):
            tried = school.host.run(f"{enter} touch {path}/written", check=False)
            assert tried.returncode, f"{service} can write to {path}"


def test_no_neighbour_redirects_packets(school: School) -> None:
    # The value of all interfaces decides nothing where an interface has one of its own.
    shown = school.host.run("sysctl -a 2>/dev/null").stdout.splitlines()
    redirects = [line for line in shown if re.match(r"net\..*\.\w+_redirects = ", line)]
    assert "net.ipv6.conf.eth0.accept_redirects = 0" in redirects
    assert "net.ipv4.conf.eth0.secure_redirects = 0" in redirects
    assert [line for line in redirects if not line.endswith(" = 0")] == []
    names = [f"net.{family}.conf.all.accept_source_route" for family in ("ipv4", "ipv6")]
    shown = school.host.run(["sysctl", *names]).stdout.splitlines()
    assert shown == [f"{name} = 0" for name in names]


def test_updates_come_at_night_from_debian_and_jitsi(school: School) -> None:
    for timer, hour in (("apt-daily", "00:00:00"), ("apt-daily-upgrade", "01:00:00")):
        show = ["systemctl", "show", f"{timer}.timer", "--property=TimersCalendar,Persistent"]
        shown = school.host.run(show).stdout
        assert re.findall(r"OnCalendar=(.*?) ;", shown) == [f"*-*-* {hour}"]
        assert "Persistent=no" in shown
        assert school.host.run(f"systemctl is-active {timer}.timer").stdout == "active\n"
    said = school.host.run("unattended-upgrade --dry-run --debug 2>&1").stdout
    allowed = re.search(r"Allowed origins are: (.*)", said)
    assert allowed, said
    assert allowed[1].endswith(", site=10.91.0.1")
    assert "label=Debian-Security" in allowed[1]
    dumped = school.host.run("apt-config dump Unattended-Upgrade").stdout
    assert 'Unattended-Upgrade::Automatic-Reboot "true";' in dumped
    assert 'Unattended-Upgrade::Automatic-Reboot-Time "03:30";' in dumped


@pytest.mark.parametrize("day", ["2027-03-28", "2027-10-31"])
def test_nothing_of_a_night_is_left_out_when_clocks_change(school: School, day: str) -> None:
    """A timer of an hour that does not exist waits for the next day."""
    for timer in ("apt-daily", "apt-daily-upgrade", "jitsi-provision-internal-certificates"):
        show = ["systemctl", "show", f"{timer}.timer", "--property=TimersCalendar"]
        when = re.findall(r"OnCalendar=(.*?) ;", school.host.run(show).stdout)
        assert when
        evening = f"{date.fromisoformat(day) - timedelta(days=1)} 23:59"
        look = ["systemd-analyze", "calendar", f"--base-time={evening}", *when]
        shown = school.host.run(["env", "TZ=Europe/Berlin", *look]).stdout
        assert f"Next elapse: Sun {day}" in shown, shown


def test_only_what_runs_old_code_is_restarted(school: School) -> None:
    before = school.invocations()
    assert school.host.run(f"{JITSI}/restart-outdated").stdout == ""
    # As an update does it: the same name, another file.
    school.host.run("cp -a /usr/sbin/nginx /usr/sbin/new && mv /usr/sbin/new /usr/sbin/nginx")
    assert (
        "nginx.service runs code of before" in school.host.run(f"{JITSI}/restart-outdated").stdout
    )
    now = school.invocations()
    assert [name for name in before if now[name] != before[name]] == ["nginx"]
