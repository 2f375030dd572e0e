"""What a server's own programs say, in Debian's words, and what is made of it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
DEBIAN_VERSION_FULL=13.2
ID=debian
HOME_URL="https://www.debian.org/"
"""
SS = """\
udp   UNCONN 0      0       10.91.0.10:3478       0.0.0.0:*    users:(("turnserver",pid=3131,fd=24))
udp   UNCONN 0      0      *:10000            *:*    users:(("java",pid=2987,fd=98))
udp   UNCONN 0      0      [fe80::5054%eth0]:546       [::]:*
tcp   LISTEN 0      511          0.0.0.0:80         0.0.0.0:*    users:(("nginx",pid=1,fd=5),("nginx",pid=2,fd=5))
tcp   LISTEN 0      32         127.0.0.1:5222       0.0.0.0:*    users:(("lua5.4",pid=2890,fd=8))
tcp   LISTEN 0      511             [::]:443           [::]:*    users:(("nginx",pid=1,fd=7))
tcp   LISTEN 0      128                *:22               *:*
"""  # noqa: E501 - as the program writes it
UNITS = """\
Id=prosody.service
LoadState=loaded
ActiveState=active
SubState=running
SourcePath=
InvocationID=0e1cd1a22d3b4a1f8f1fb0f2a3e6a1d0

Id=jicofo.service
LoadState=loaded
ActiveState={state}
SubState={sub}
SourcePath={source}
InvocationID=ab

Id=coturn.service
LoadState=not-found
ActiveState=inactive
SubState=dead
SourcePath=
InvocationID=
"""
DPKG = "ii \tprosody\t13.0.1-1\nhi \tjicofo\t1.0-1200-1\nrc \tapache2\t2.4.62\nun \tnginx-full\t\n"
DEBCONF = """\
Name: jicofo/jicofo-authpassword
Template: jicofo/jicofo-authpassword
Value: x
Owners: jicofo

Name: jitsi-videobridge/jvb-hostname
Template: jitsi-videobridge/jvb-hostname
Value: meet.example.org
Owners: jicofo, jitsi-videobridge2
Flags: seen

Name: jitsi-videobridge/jvbsecret
Value: y
"""
CERTIFICATE = """\
issuer=CN = Example Authority
subject=CN = meet.example.org
notBefore=Nov  5 00:00:00 2026 GMT
notAfter=Feb  3 00:00:00 2027 GMT
sha256 Fingerprint=AA:BB:01
X509v3 Subject Alternative Name: 
    DNS:meet.example.org, DNS:*.example.org, IP Address:203.0.113.10
"""  # noqa: W291 - as the program writes it


@pytest.fixture
def readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The functions that read."""
    Server(tmp_path, monkeypatch)
    return utility("readings")


def test_the_release(readings: ModuleType) -> None:
    assert readings.release(OS_RELEASE) == {
        "os": "debian",
        "os_name": "Debian GNU/Linux 13 (trixie)",
        "release": 13,
        "codename": "trixie",
    }
    assert readings.release('ID=ubuntu\nVERSION_ID="24.04"\n')["release"] == 0
    assert readings.release("ID=debian\nPRETTY_NAME='Debian sid'\n")["os_name"] == "Debian sid"
    assert readings.release("")["os_name"] == "an unknown system"


@pytest.mark.parametrize(
    ("limit", "megabytes"), [("max\n", 3916), ("", 3916), ("1073741824\n", 1024)]
)
def test_the_memory_is_what_a_containers_limit_leaves(
    readings: ModuleType, limit: str, megabytes: int
) -> None:
    assert readings.memory("MemTotal:        4010036 kB\nMemFree: 1 kB\n", limit) == megabytes


def test_addresses(readings: ModuleType) -> None:
    text = (
        '[{"ifname":"lo","addr_info":[{"local":"127.0.0.1","scope":"host"}]},{},'
        '{"ifname":"eth0","addr_info":[{"local":"203.0.113.10","scope":"global"},'
        '{"local":"fe80::1","scope":"link"},{"local":"2001:db8::10","scope":"global"}]}]'
    )
    assert readings.interfaces(text) == ["203.0.113.10", "2001:db8::10"]
    assert readings.interfaces("") == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            '[{"dst":"192.0.2.1","gateway":"10.0.0.1","dev":"eth0","prefsrc":"10.0.0.5"}]',
            "10.0.0.5",
        ),
        ('[{"dst":"2001:db8::1","dev":"eth0","prefsrc":"fe80::5"}]', ""),
        ('[{"dst":"2001:db8::1","dev":"lo"}]', ""),
        ("[ ]", ""),
        ("", ""),
    ],
)
def test_the_address_that_leads_outside(readings: ModuleType, text: str, address: str) -> None:
    assert readings.route(text) == address


def test_who_holds_which_port(readings: ModuleType) -> None:
    found = readings.listeners(SS)
    held = [tuple(entry.values()) for entry in found]
    assert held == [
        ("udp", "10.91.0.10", 3478, "turnserver", [3131]),
        ("udp", "*", 10000, "java", [2987]),
        ("udp", "fe80::5054%eth0", 546, "", []),
        ("tcp", "0.0.0.0", 80, "nginx", [1, 2]),
        ("tcp", "127.0.0.1", 5222, "lua5.4", [2890]),
        ("tcp", "::", 443, "nginx", [1]),
        ("tcp", "*", 22, "", []),
    ]


@pytest.mark.skipif(not shutil.which("ss"), reason="ss is not installed")
def test_this_machines_own_ports_can_be_read(readings: ModuleType) -> None:
    said = subprocess.run(
        ["ss", "-H", "-l", "-n", "-t", "-u", "-p"], capture_output=True, check=True, text=True
    ).stdout
    assert all(entry["port"] for entry in readings.listeners(said))


@pytest.mark.parametrize(
    ("state", "sub", "source", "active"),
    [
        ("active", "running", "", True),
        ("reloading", "reload", "", True),
        ("activating", "start", "", True),
        ("activating", "auto-restart", "", False),
        ("activating", "auto-restart-queued", "", False),
        ("active", "running", "/etc/init.d/jicofo", True),
        ("active", "exited", "/etc/init.d/jicofo", False),
        ("active", "exited", "", True),
        ("failed", "failed", "", False),
        ("inactive", "dead", "", False),
        ("deactivating", "stop", "", False),
    ],
)
def test_whether_a_unit_runs_or_only_seems_to(
    readings: ModuleType, state: str, sub: str, source: str, *, active: bool
) -> None:
    units = readings.units(UNITS.format(state=state, sub=sub, source=source))
    assert units["jicofo.service"]["active"] is active
    assert units["coturn.service"] == {"loaded": False, "active": False, "invocation": ""}
    assert units["prosody.service"]["invocation"].startswith("0e1c")
    assert readings.units("") == {}


@pytest.mark.parametrize(
    ("line", "interrupted"),
    [
        ("", False),
        ("iU \tjicofo\t1\n", True),
        ("iF \tjicofo\t1\n", True),
        ("iHR\tjicofo\t1\n", True),
        ("it \tjicofo\t1\n", True),
        ("dU \tjicofo\t1\n", False),
    ],
)
def test_installed_packages_and_interrupted_ones(
    readings: ModuleType, line: str, *, interrupted: bool
) -> None:
    assert readings.packages(DPKG + line) == {
        "packages": {"prosody": "13.0.1-1", "jicofo": "1.0-1200-1"},
        "dpkg_interrupted": interrupted,
    }


def test_the_name_that_jitsi_was_installed_with(readings: ModuleType) -> None:
    assert readings.debconf_host_name(DEBCONF) == "meet.example.org"
    assert readings.debconf_host_name(DEBCONF.replace("Value: meet.example.org\n", "")) == ""
    assert readings.debconf_host_name("") == ""


def test_a_certificate(readings: ModuleType) -> None:
    assert readings.certificate(CERTIFICATE) == {
        "names": ["*.example.org", "meet.example.org"],
        "issuer": "CN = Example Authority",
        "self_signed": False,
        "begins": 1793836800,
        "ends": 1801612800,
        "fingerprint": "AA:BB:01",
    }
    own = CERTIFICATE.replace("CN = meet.example.org", "CN = Example Authority")
    assert readings.certificate(own)["self_signed"]
    assert readings.certificate("") == {}


def test_a_program_that_is_not_there_answers_127(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server(tmp_path, monkeypatch)
    done = utility("school_server").run("not-installed-here", "x")
    assert (done.returncode, done.stdout) == (127, "")


def test_settings_of_the_kernel_are_read_whole() -> None:
    """It refuses to tell one of them to whoever asks for some megabytes at once."""
    assert utility("school_server").read_text("/proc/sys/kernel/ostype") == "Linux\n"
