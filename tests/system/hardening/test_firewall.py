"""HST-01, THP-10, HST-03: what comes in, what goes out, and whose rules are left alone."""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.bench.network import GATEWAY
from tests.bench.process import wait_until
from tests.system.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Host
    from tests.system.entrance import Entrance
    from tests.system.school import School
    from tests.system.visitor import Visitor

LOCAL = "/etc/jitsi-provision/local/monitoring.nft"
AGENT = 6556
REPOSITORY = 8099
BANS = "table inet f2b-table {\n chain f2b {\n  type filter hook input priority -1;\n }\n}\n"
ECHO = """
import socket
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("0.0.0.0", 4444))
while True:
    echo.sendto(*echo.recvfrom(2000))
"""


@contextmanager
def service(host: Host, *command: str) -> Iterator[None]:
    """Run a program as a service of somebody else's on the host."""
    host.run(["systemd-run", "--quiet", "--collect", "--unit=somebody-elses", *command])
    try:
        yield
    finally:
        host.run("systemctl stop somebody-elses.service")


def table(host: Host, name: str = "inet jitsi_provision") -> str:
    """Return the rules in force, without counts; nothing where there is no such table."""
    return host.run(f"nft --stateless list table {name}", check=False).stdout


def accepts(address: str, port: int) -> bool:
    """Return whether a port accepts connections; a firewall keeps silent, a host refuses."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except TimeoutError:
        return False
    return True


def refused(host: Host) -> int:
    """Return how many packets of services were refused on their way out."""
    listed = host.run("nft list chain inet jitsi_provision services").stdout
    return sum(int(number) for number in re.findall(r"counter packets (\d+)", listed))


def test_own_rules_open_a_port_and_close_it_again(school: School) -> None:
    host, before = school.host, table(school.host)
    agent = ["python3", "-m", "http.server", str(AGENT), "--bind", "::", "--directory", "/opt"]
    with service(host, *agent):
        assert not accepts(host.address, AGENT)
        try:
            host.write(LOCAL, f"add rule inet jitsi_provision input tcp dport {AGENT} accept\n")
            done = school.project.run("deploy")
            assert done.code == 0, done.err
            assert f"Changes of your own are in force: {LOCAL}" in done.err
            assert accepts(host.address, AGENT)
            assert accepts(host.address6, AGENT)
        finally:
            host.run(["rm", LOCAL])
            assert school.project.run("deploy").code == 0
        assert not accepts(host.address, AGENT)
    assert table(host) == before


def test_a_mistake_in_own_rules_changes_nothing(school: School) -> None:
    before = table(school.host)
    school.host.write(LOCAL, "add rule inet jitsi_provision input tcp dport ssh acept\n")
    site = f"/etc/nginx/sites-available/{school.domain}.conf"
    content = school.host.read(site)
    try:
        done = school.project.run("deploy", "--json")
        assert done.code == 4
        assert done.data["error"]["what"].startswith("A configuration file was refused")
        assert LOCAL in str(done.data["error"]["rows"])
        assert done.data["changed"] == []
        assert table(school.host) == before
        assert school.host.read(site) == content
    finally:
        school.host.run(["rm", LOCAL])
    assert school.project.run("deploy").code == 0
    assert table(school.host) == before


def test_tables_of_other_programs_are_left_alone(school: School) -> None:
    """As of fail2ban and Docker."""
    host, before = school.host, table(school.host)
    host.run(["nft", "-f", "-"], input=BANS)
    others = table(host, "inet f2b-table")
    try:
        host.run("nft delete table inet jitsi_provision")
        assert school.project.run("deploy").code == 0
        assert table(host) == before
        assert table(host, "inet f2b-table") == others
    finally:
        host.run("nft delete table inet f2b-table")


def test_debians_own_firewall_service_does_not_remove_ours(school: School) -> None:
    host, before = school.host, table(school.host)
    host.run("systemctl start nftables.service")
    try:
        for verb in ("reload", "restart"):
            # Its file begins with `flush ruleset`.
            host.run(f"systemctl {verb} nftables.service")
            assert wait_until(lambda: table(host) == before, seconds=10), verb
    finally:
        host.run("systemctl stop nftables.service")
        assert school.project.run("deploy").code == 0
    assert table(host) == before


def test_services_call_nobody_but_participants(school: School) -> None:
    host = school.host
    connect = (
        "import socket, sys\n"
        "socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()"
    )
    send = (
        "import socket, sys\n"
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', (sys.argv[1], int(sys.argv[2])))"
    )

    def goes(user: str, program: str, port: int) -> bool:
        words = ["setpriv", f"--reuid={user}", "--clear-groups", "python3", "-c", program]
        return host.run([*words, GATEWAY, str(port)], check=False).returncode == 0

    before = refused(host)
    for user in ("prosody", "jicofo", "jvb", "turnserver", "www-data"):
        assert not goes(user, connect, REPOSITORY), user
    assert refused(host) - before == 5
    assert goes("jvb", send, 40000)
    assert not goes("jvb", send, 443)
    for user in ("prosody", "jicofo", "turnserver", "www-data"):
        assert not goes(user, send, 40000), user
    assert refused(host) - before == 10
    for user in ("root", "_apt"):
        assert goes(user, connect, REPOSITORY), user


def test_relay_reaches_the_bridge_and_no_other_port_of_the_server(
    school: School, entrance: Entrance, admitted: Visitor
) -> None:
    turns = next(service for service in admitted.services() if service["type"] == "turns")
    session = Relay(entrance.secure(5349), turns["username"], turns["password"])
    session.allocate()
    session.permit(school.host.address)
    with service(school.host, "python3", "-c", ECHO):
        before = refused(school.host)
        session.socket.settimeout(1)
        with pytest.raises(TimeoutError):
            session.exchange(school.host.address, 4444, b"anybody there?")
        assert refused(school.host) == before + 1
    session.socket.close()


def test_figures_of_focus_and_bridge_are_for_the_sysadmin(school: School) -> None:
    for page in ("http://127.0.0.1:8888/stats", "http://127.0.0.1:8080/about/health"):
        ask = f"curl -s -o /dev/null --max-time 5 {page}"
        assert school.host.run(ask, check=False).returncode == 0
        other = school.host.run(f"setpriv --reuid=nobody --clear-groups {ask}", check=False)
        assert other.returncode == 7, "refused"
