"""What Jitsi's source could replace: its own packages, and nothing of Debian."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.system.school import School

PREFERENCES = "/etc/apt/preferences.d/jitsi-provision.pref"
PACKAGE = (
    "Package: {name}\nVersion: 99:1\nArchitecture: all\nMaintainer: x\nFilename: ./x.deb\n"
    f"Size: 1\nSHA256: {'0' * 64}\nDescription: x\n\n"
)
DEBIANS = ("nginx", "prosody", "openssh-server", "libc6")
JITSIS = ("jitsi-meet", "jitsi-videobridge2", "jicofo")


@pytest.fixture(params=["13", "12"])
def deployed(request: pytest.FixtureRequest) -> School:
    """A deployed school on each release."""
    found: School = request.getfixturevalue("school" if request.param == "13" else "school12")
    return found


def test_a_newer_nginx_in_jitsis_source_is_not_chosen(deployed: School) -> None:
    host = deployed.host
    ours = host.read(PREFERENCES).decode()
    host.run("mkdir -p /srv/pin/r")
    everything = "".join(PACKAGE.format(name=name) for name in (*DEBIANS, *JITSIS))
    host.write("/srv/pin/r/Packages", everything)
    host.write("/etc/apt/sources.list.d/pin.list", "deb [trusted=yes] file:/srv/pin r/\n")
    only = "-o Dir::Etc::sourcelist=sources.list.d/pin.list -o Dir::Etc::sourceparts=-"
    try:
        host.run(f"apt-get update {only}")
        assert candidates(deployed, *DEBIANS, *JITSIS) == dict.fromkeys((*DEBIANS, *JITSIS), "99:1")
        # A source on this disk has no host; else the very lines that were deployed.
        host.write("/etc/apt/preferences.d/pin.pref", re.sub(r'origin ".*"', 'origin ""', ours))
        found = candidates(deployed, *DEBIANS, *JITSIS)
    finally:
        host.run("rm -rf /srv/pin /etc/apt/preferences.d/pin.pref "
                 "/etc/apt/sources.list.d/pin.list /var/lib/apt/lists/_srv_pin*")  # fmt: skip
    assert {name for name, version in found.items() if version == "99:1"} == set(JITSIS)


def candidates(deployed: School, *names: str) -> dict[str, str]:
    """Which version of each package apt would install."""
    said = deployed.host.run(["apt-cache", "policy", *names]).stdout
    return dict(re.findall(r"^(\S+):\n.*\n  Candidate: (.*)$", said, re.MULTILINE))


def test_browsers_of_today_get_the_exchange_of_keys_that_outlasts_quantum_computers(
    deployed: School,
) -> None:
    """Where the server's OpenSSL knows it; the others still find theirs."""
    known = (
        "X25519MLKEM768"
        in deployed.host.run("openssl list -kem-algorithms 2>/dev/null || true").stdout
    )
    agreed = {}
    for groups in ("X25519MLKEM768:X25519", "X25519", "prime256v1"):
        said = deployed.host.run(
            f"echo | openssl s_client -connect 127.0.0.1:443 -servername {deployed.domain} "
            f"-groups {groups if known else groups.replace('X25519MLKEM768:', '')} 2>/dev/null"
        ).stdout
        found = re.search(
            r"(?:Negotiated TLS1\.3 group|Server Temp Key|Peer Temp Key): (\w+)", said
        )
        agreed[groups] = found[1] if found else said[-300:]
    first = "X25519MLKEM768" if deployed.host.release == "13" else "X25519"
    assert agreed["X25519MLKEM768:X25519"] == first
    assert agreed["X25519"] == "X25519"
    assert agreed["prime256v1"] in {"secp256r1", "prime256v1", "ECDH"}
