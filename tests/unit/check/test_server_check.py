"""Whether a server can be used: each finding, its remedy, and what it does to the exit code."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from provision.check.judges import server, sources
from provision.deploy import control_side
from provision.messages.errors import DeploymentError, ExitCode, RefusedError
from provision.messages.result import Level, Result
from tests.unit.trees import PROTECTED

DOMAIN = "meet.example.org"
NOWHERE = Path("/nonexistent")
NOW = 1795673670.0
SETTINGS = {
    "open_ports": ["8443/tcp"],
    "public_address": None,
    "domain": DOMAIN,
    "address": "203.0.113.10",
    "certificate": "letsencrypt",
    "repository": "https://download.jitsi.org",
    "acme_directory": "https://acme.example.org/directory",
    "ssh_port": 22,
    "reboot_at": "03:30",
    "turn_domain": None,
}


def seen(**facts: Any) -> dict[str, Any]:
    """Return what is seen of a bare Debian 13, but for some facts."""
    return {
        "os": "debian",
        "os_name": "Debian GNU/Linux 13 (trixie)",
        "release": 13,
        "architecture": "amd64",
        "memory_mb": 7900,
        "disk_free_mb": 30000,
        "packages": {"ca-certificates": "1", "iproute2": "1", "openssl": "1"},
        "debconf_host_name": "",
        "ours": False,
        "listeners": [],
        "others": {},
        "same_sources": [],
        "lost": {"/etc/nginx/mime.types": "nginx-common"},
        "hosts": {},
        "time": NOW,
        "addresses": ["203.0.113.10"],
        "address4": "203.0.113.10",
        "address6": "",
        "repository": {"state": "new", "key": "x"},
        "certificates": {},
        "acme_renewal": "",
        **PROTECTED,
        "access_kept": False,
        **facts,
    }


def listener(program: str, port: int, protocol: str = "tcp", unit: str = "") -> dict[str, Any]:
    """Return who holds a port; without more words, its service bears the program's name."""
    return {
        "protocol": protocol,
        "address": "*",
        "port": port,
        "program": program,
        "unit": unit or f"{program}.service",
    }


def with_packages(*names: str, **facts: Any) -> dict[str, Any]:
    """Return a server on which something is installed already."""
    return seen(packages=seen()["packages"] | dict.fromkeys(names, "1"), **facts)


def test_a_bare_server_is_fine() -> None:
    assert server.check(seen(), SETTINGS) == []
    assert sources.check_repository(seen(), SETTINGS["repository"]) == []
    assert server.check(seen(release=12, architecture="arm64"), SETTINGS) == []


FAILURES = [
    (
        seen(os="ubuntu", os_name="Ubuntu 24.04", release=0),
        "The server runs Ubuntu 24.04; this program knows Debian 12 and 13.",
        "choose Debian 13",
        True,
    ),
    (
        seen(release=11, os_name="Debian 11"),
        "The server runs Debian 11; this program knows Debian 12 and 13.",
        "choose Debian 13",
        True,
    ),
    (
        seen(architecture="armhf"),
        "The processor is of the kind armhf; Jitsi needs amd64 or arm64.",
        "rent a server",
        False,
    ),
    (
        seen(memory_mb=1600),
        "The server has 1600 MB of memory; Jitsi needs 2 GB at least.",
        "8 GB",
        False,
    ),
    (
        seen(disk_free_mb=2400),
        "Only 2400 MB are free on the disk; 2500 MB are needed.",
        "apt-get clean",
        False,
    ),
    (
        with_packages("jitsi-videobridge2", ours=True, disk_free_mb=199),
        "Only 199 MB are free on the disk; 200 MB are needed.",
        "apt-get clean",
        False,
    ),
    (
        seen(packages={"iproute2": "1"}),
        "The server lacks ca-certificates, openssl, without which nothing can be fetched.",
        "apt-get install ca-certificates openssl",
        False,
    ),
    (
        seen(debconf_host_name="meet.other.example"),
        "Jitsi was installed on this server for meet.other.example, not for meet.example.org.",
        "set `domain: meet.other.example`",
        True,
    ),
    (
        with_packages("jitsi-videobridge2"),
        "Somebody else has installed Jitsi on this server: jitsi-videobridge2.",
        "use an empty server",
        True,
    ),
    (
        seen(others={"nginx": ["/etc/nginx/sites-enabled/shop", "/var/www/html/index.html"]}),
        (
            "nginx serves somebody already, and would not any more: /etc/nginx/sites-enabled/shop, "
            "/var/www/html/index.html."
        ),
        "apt-get purge nginx nginx-common; rm -rf /etc/nginx",
        True,
    ),
    (
        seen(others={"prosody": ["/var/lib/prosody/chat/accounts/a.dat"]}),
        (
            "Prosody serves somebody already, and would not any more: "
            "/var/lib/prosody/chat/accounts/a.dat."
        ),
        "apt-get purge prosody; rm -rf /etc/prosody /var/lib/prosody",
        True,
    ),
    (
        seen(same_sources=[{"path": "/etc/apt/sources.list.d/jitsi-stable.list", "sed": ""}]),
        (
            "Jitsi's package source stands in /etc/apt/sources.list.d/jitsi-stable.list already; "
            "two of them stop apt."
        ),
        "on the server, as root: rm /etc/apt/sources.list.d/jitsi-stable.list",
        True,
    ),
    (
        seen(same_sources=[{"path": "/etc/apt/sources.list", "sed": "3s/^/# /"}]),
        "Jitsi's package source stands in /etc/apt/sources.list already; two of them stop apt.",
        "on the server, as root: sed -i '3s/^/# /' /etc/apt/sources.list",
        True,
    ),
    (
        seen(same_sources=[{"path": "/etc/apt/sources.list", "sed": None}]),
        "Jitsi's package source stands in /etc/apt/sources.list already; two of them stop apt.",
        "on the server, take this address out of /etc/apt/sources.list",
        True,
    ),
    (
        with_packages("nginx-common"),
        "/etc/nginx/mime.types is gone, without which the package nginx-common does not work.",
        "apt-get install --reinstall -y -o Dpkg::Options::=--force-confmiss nginx-common",
        False,
    ),
    (
        seen(others={"coturn": ["/etc/turnserver.conf"]}),
        "coturn serves somebody already, and would not any more: /etc/turnserver.conf.",
        "apt-get purge coturn; rm -rf /etc/turnserver.conf /etc/default/coturn",
        True,
    ),
    (
        with_packages("jicofo", "jitsi-meet-web"),
        "Somebody else has installed Jitsi on this server: jicofo, jitsi-meet-web.",
        "use an empty server",
        True,
    ),
    (
        with_packages("apache2"),
        "Another web server (Apache) is installed.",
        "apt-get purge apache2",
        True,
    ),
    (
        seen(listeners=[listener("caddy", 443)]),
        "The program caddy (caddy.service) holds port 443/tcp, which Jitsi needs.",
        "move that service",
        True,
    ),
    (
        seen(listeners=[listener("openvpn", 10000, "udp")]),
        "The program openvpn (openvpn.service) holds port 10000/udp, which Jitsi needs.",
        "move that service",
        True,
    ),
    (
        # A bridge is a Java program, too; and it need not be ours that is on a server of ours.
        seen(ours=True, listeners=[listener("java", 8080, unit="unifi.service")]),
        "The program java (unifi.service) holds port 8080/tcp, which Jitsi needs.",
        "move that service",
        True,
    ),
    (
        # What stand-ins are written in is no excuse.
        seen(listeners=[listener("python3", 8080, unit="session-2.scope")]),
        "The program python3 holds port 8080/tcp, which Jitsi needs.",
        "move that service",
        True,
    ),
    (
        seen(ours=True, listeners=[listener("ruby", 10000, "udp", unit="puma.service")]),
        "The program ruby (puma.service) holds port 10000/udp, which Jitsi needs.",
        "move that service",
        True,
    ),
    (
        # Started by hand, with settings that nobody finds.
        seen(listeners=[listener("turnserver", 3478, "udp", unit="session-3.scope")]),
        "The program turnserver holds port 3478/udp, which Jitsi needs.",
        "move that service",
        True,
    ),
    (
        seen(listeners=[listener("", 10000, "udp", unit="?")]),
        "The program ? holds port 10000/udp, which Jitsi needs.",
        "move that service",
        True,
    ),
]


@pytest.mark.parametrize(("facts", "sentence", "remedy", "refusal"), FAILURES)
def test_what_speaks_against_a_server(
    facts: dict[str, Any], sentence: str, remedy: str, *, refusal: bool
) -> None:
    (finding,) = server.check(facts, SETTINGS)
    assert (finding.level, finding.sentence, finding.refusal) == (
        Level.FAILURE,
        sentence,
        refusal,
    )
    assert remedy in finding.remedy
    with pytest.raises((RefusedError, DeploymentError)) as caught:
        control_side.judge(SETTINGS, facts, NOWHERE)
    error: Any = caught.value
    assert error.what == "This server cannot be used as it is; nothing was changed on it."
    assert (error.why, error.next) == (sentence, finding.remedy)
    wanted = ExitCode.REFUSED if refusal else ExitCode.DEPLOYMENT_FAILED
    assert error.exit_code == wanted


def test_little_memory_is_a_warning_and_the_deployment_goes_on() -> None:
    facts = seen(memory_mb=2000)
    assert [finding.level for finding in server.check(facts, SETTINGS)] == [Level.WARNING]
    assert control_side.judge(SETTINGS, facts, NOWHERE)["warnings_found"] == [
        "The server has 2000 MB of memory: enough for a trial."
    ]


@pytest.mark.parametrize(
    "facts",
    [
        with_packages("jitsi-videobridge2", ours=True, debconf_host_name=DOMAIN),
        seen(debconf_host_name=DOMAIN),
        seen(listeners=[listener("sshd", 22), listener("nginx", 80)]),
        # Whatever the program is called.
        seen(listeners=[listener("lua5.4", 5222, unit="prosody.service")]),
        seen(
            listeners=[
                listener("python3", 8080, unit="jitsi-videobridge2.service"),
                listener("java", 10000, "udp", unit="jitsi-videobridge2.service"),
                listener("turnserver", 3478, "udp", unit="coturn.service"),
            ]
        ),
        # The port is only taken for the other protocol.
        seen(listeners=[listener("something", 10000), listener("something", 443, "udp")]),
        seen(memory_mb=1700, disk_free_mb=2500),
        # Another look at the ports, just now.
        seen(listeners=[listener("provision-check", 443, unit="session-9.scope")]),
    ],
)
def test_what_does_not_speak_against_a_server(facts: dict[str, Any]) -> None:
    assert not [f for f in server.check(facts, SETTINGS) if f.level is Level.FAILURE]


def test_a_service_that_the_firewall_would_close_is_named() -> None:
    held = [("nginx", 443), ("sshd", 22), ("zabbix_agentd", 10050), ("zabbix_agentd", 10050)]
    listeners = [listener(program, port) for program, port in held]
    listeners.append(listener("redis-server", 6379) | {"address": "::1"})
    listeners += [listener("", 51820, "udp"), listener("dhclient", 68, "udp")]
    listeners.append(listener("avahi", 5353, "udp") | {"address": "fe80::1%eth0"})
    facts = seen(listeners=listeners, tunnels={"ports": {"51820/udp": "wireguard"}, "way_in": {}})
    before = control_side.judge(SETTINGS, facts, NOWHERE)["warnings_found"]
    sentence = (
        "The firewall will close: 10050/tcp (zabbix_agentd), 51820/udp (wireguard). What is to "
        "stay open, name in inventory.yml: `open_ports: [8443/tcp, 10050/tcp, 51820/udp]`"
    )
    assert before == [sentence]
    opened = SETTINGS | {"open_ports": ["8443/tcp", "10050/tcp", "51820/udp"]}
    assert control_side.judge(opened, facts, NOWHERE)["warnings_found"] == []
    after = control_side.judge(SETTINGS, facts | {"open_now": ["22/tcp"]}, NOWHERE)
    assert after["warnings_found"] == []
    taken = control_side.judge(SETTINGS, facts | {"open_now": ["22/tcp", "51820/udp"]}, NOWHERE)
    assert "close: 51820/udp (wireguard)." in taken["warnings_found"][0]


def test_the_way_in_that_would_be_closed_is_refused() -> None:
    way = {"interface": "wg0", "kind": "wireguard", "ports": ["51820/udp"]}
    facts = seen(
        listeners=[listener("", 51820, "udp")],
        tunnels={"ports": {"51820/udp": "wireguard"}, "way_in": way},
        access_kept=True,
        open_now=["22/tcp"],
    )
    with pytest.raises(RefusedError) as caught:
        control_side.judge(SETTINGS, facts, NOWHERE)
    assert caught.value.next == "write into inventory.yml: `open_ports: [8443/tcp, 51820/udp]`"
    # A rule of the sysadmin's own may let it in, too.
    assert control_side.judge(SETTINGS, facts | {"own_rules": [51820]}, NOWHERE)["server"]


def test_everything_that_is_wrong_is_told_at_once_and_the_worst_decides() -> None:
    facts = seen(os="ubuntu", os_name="Ubuntu", memory_mb=2000, disk_free_mb=1, architecture="i386")
    findings = server.check(facts, SETTINGS)
    assert [finding.level for finding in findings] == [Level.WARNING, *[Level.FAILURE] * 3]
    with pytest.raises(RefusedError) as caught:
        control_side.judge(SETTINGS, facts, NOWHERE)
    assert len(caught.value.why.splitlines()) == 3
    assert len(caught.value.next.splitlines()) == 3


REPOSITORY = [
    (
        {"state": "missing", "url": "https://x.example/key", "reason": "it answers 404"},
        "There is no package repository at https://x.example/key: it answers 404.",
        ExitCode.DEPLOYMENT_FAILED,
    ),
    (
        {"state": "unreachable", "reason": "[Errno -2] Name or service not known"},
        (
            "The server cannot reach https://download.jitsi.org: [Errno -2] Name or service not "
            "known."
        ),
        ExitCode.DEPLOYMENT_FAILED,
    ),
    (
        {"state": "other_key", "found": "AB" * 20},
        f"The repository https://download.jitsi.org is signed with another key: {'AB' * 20}.",
        ExitCode.REFUSED,
    ),
    (
        {"state": "other_key", "found": ""},
        "The repository https://download.jitsi.org is signed with another key: ?.",
        ExitCode.REFUSED,
    ),
]


@pytest.mark.parametrize(("state", "sentence", "code"), REPOSITORY)
def test_a_repository_that_cannot_be_used(
    state: dict[str, str], sentence: str, code: ExitCode
) -> None:
    findings: list[Result] = sources.check_repository(
        seen(repository=state), SETTINGS["repository"]
    )
    assert [finding.sentence for finding in findings] == [sentence]
    with pytest.raises((RefusedError, DeploymentError)) as caught:
        control_side.judge(SETTINGS, seen(repository=state), NOWHERE)
    assert getattr(caught.value, "exit_code", None) == code


def test_a_repository_whose_updates_apt_refuses_stops_no_deployment_and_no_check() -> None:
    state = {"state": "refused", "reason": "NO_PUBKEY 0CB7", "found": "AB" * 20}
    sentence = (
        "apt on the server refuses Jitsi's packages, so no update of Jitsi arrives: NO_PUBKEY 0CB7"
    )
    after = control_side.judge(SETTINGS, seen(repository=state), NOWHERE)
    assert after["warnings_found"] == [sentence]


def test_a_known_repository_is_not_asked_again() -> None:
    assert sources.check_repository(seen(repository={"state": "known"}), "x") == []


@pytest.mark.parametrize(
    ("own", "address", "expected"),
    [
        # Rented: the address is the server's own.
        (["8.8.8.8"], "8.8.8.8", (True, False, "8.8.8.8")),
        (["8.8.8.8", "2a01:4f8::1"], "2a01:4f8::1", (True, False, "own")),
        # A cloud's server knows only its private address.
        (["10.0.0.5"], "8.8.8.8", (True, True, "8.8.8.8")),
        (["10.0.0.5", "172.17.0.1"], "8.8.4.4", (True, True, "8.8.4.4")),
        # Guests over IPv4 could not reach the bridge of a server that is public over IPv6 alone.
        (["10.0.0.5", "2a01:4f8::1"], "8.8.8.8", (True, True, "8.8.8.8")),
        (["10.0.0.5", "2a01:4f8::1"], "2a01:4f8::1", (True, False, "own")),
        # In the school's own network.
        (["10.0.0.5"], "10.0.0.5", (False, False, "own")),
        (["fd00::5"], "fd00::5", (False, False, "own")),
        ([], "10.0.0.5", (False, False, "own")),
    ],
)
def test_how_a_server_is_seen_from_outside(
    own: list[str], address: str, expected: tuple[bool, bool, str]
) -> None:
    found = server.addressing({"addresses": own, "address4": "own"}, address)
    assert (found["public"], found["nat"], found["public_address4"]) == expected


def test_a_host_name_as_address_is_looked_up_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def known(name: str, *_arguments: Any) -> list[Any]:
        if name != "server.example.org":
            raise socket.gaierror
        return [(0, 0, 0, "", ("8.8.8.8", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    facts = {"addresses": ["10.0.0.5"], "address4": "10.0.0.5"}
    assert server.addressing(facts, "server.example.org")["public_address4"] == "8.8.8.8"
    assert server.addressing(facts, "other.example.org") == {
        "public": False,
        "nat": False,
        "address4": "10.0.0.5",
        "public_address4": "10.0.0.5",
    }


def test_a_service_that_holds_a_port_in_both_families_is_told_once() -> None:
    both = [listener("caddy", 443), listener("caddy", 443) | {"address": "::"}]
    assert len(server.check(seen(listeners=both), SETTINGS)) == 1


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            seen(hosts={DOMAIN: ["127.0.1.1", "198.51.100.7"]}),
            (f"In the server's /etc/hosts, {DOMAIN} is 198.51.100.7, which is not this server."),
        ),
        (
            seen(repository={"state": "new", "key": "x", "time": NOW + 86400}),
            "The server's clock is 1 day slow; certificates would not be accepted.",
        ),
    ],
)
def test_a_deployment_would_not_end_well_on_such_a_server(
    facts: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DeploymentError) as caught:
        control_side.judge(SETTINGS, facts, NOWHERE)
    assert caught.value.why == sentence
