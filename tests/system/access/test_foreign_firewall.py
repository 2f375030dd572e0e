"""Somebody else's firewall on the server: seen in the kernel, opened in its own words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.system.check.desk import Desk
from tests.system.project import finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Bench, Host
    from tests.system.school import School

TABLE = """table inet provider {
 chain arriving {
  type filter hook input priority 10; policy drop;
  iif lo accept
  ct state established,related accept
  meta l4proto ipv6-icmp accept
  tcp dport 22 accept
 }
}
"""
KINDS = {
    # Its unit is inactive until the next boot.
    "ufw": ("ufw", "ufw allow 22/tcp && ufw --force enable", "ufw --force disable"),
    "firewalld": ("firewalld", "systemctl start firewalld", "systemctl stop firewalld"),
    "provider": ("", "nft -f /root/provider.nft", "nft delete table inet provider"),
}
WORDS = {
    "ufw": "on the server, in its own firewall: ufw allow 443/tcp",
    "firewalld": (
        "on the server, in its own firewall: firewall-cmd --permanent --add-port=443/tcp && "
        "firewall-cmd --reload"
    ),
    "provider": (
        "on the server, in its own firewall: nft insert rule inet provider arriving tcp dport 443 "
        "accept"
    ),
}
BEGINNING = "on the server, in its own firewall: "
SHUT = (
    "443/tcp over IPv4 and IPv6 comes to the server, but the server lets nothing back. Nobody "
    "could open the page."
)


@contextmanager
def firewall(host: Host, kind: str) -> Iterator[None]:
    """Put a firewall there that lets SSH in and nothing else."""
    package, begin, end = KINDS[kind]
    host.write("/root/provider.nft", TABLE)
    if package:
        host.run(f"apt-get -qq update; apt-get -y install {package} >/dev/null", timeout=600)
        host.run("systemctl stop ufw.service firewalld.service", check=False)
    try:
        host.run(begin)
        if kind == "ufw":
            assert host.run("systemctl is-active ufw", check=False).stdout == "inactive\n"
        yield
    finally:
        host.run(end, check=False)
        if package:
            host.run(f"apt-get -y purge {package} >/dev/null; nft list tables", timeout=600)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_told_ready_behind_a_closed_firewall(
    bench: Bench, school: School, kind: str
) -> None:
    host = school.host
    desk = Desk(bench.chair(), school.project)
    with firewall(host, kind):
        code, sentences, remedies = desk.problems()
        assert code == 1
        assert SHUT in sentences
        assert remedies[sentences.index(SHUT)] == WORDS[kind]
        done = finish(desk.start(verb="deploy"), 300)
        assert (done.code, done.out) == (1, "")
        assert "✗ Everything is installed, but people do not get in yet.\n" in done.err
        assert WORDS[kind] in done.err
        # What the sentences advise heals.
        rules = [remedy for remedy in remedies if remedy.startswith(BEGINNING)]
        assert len(rules) == 5
        for rule in rules:
            host.run(rule.removeprefix(BEGINNING))
        _code, sentences, _remedies = desk.problems()
        assert [sentence for sentence in sentences if "lets nothing back" in sentence] == []
        done = finish(desk.start(verb="deploy"), 300)
        assert done.code == 0, done.err
    assert school.project.run("deploy").code == 0
