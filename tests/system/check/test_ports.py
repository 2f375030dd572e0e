"""`provision check`: which ports are reached from the technician's chair, and why not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from provision.access import answers
from provision.check import ports
from provision.declared.listening import outside
from tests.bench import nat
from tests.bench.process import wait_until
from tests.system.check import changes
from tests.system.check.desk import Desk, listening
from tests.system.project import finish

if TYPE_CHECKING:
    from tests.bench import Bench
    from tests.system.check.conftest import MakeDesk
    from tests.system.school import School

MEDIA = "From the third participant on, nobody would hear or see anybody."
RULE = (
    "at your provider, in the firewall or security group, add an incoming rule: protocol {}, port "
    "{}, source any (0.0.0.0/0 and ::/0), allow; if it is there, the network of this computer is "
    "in the way: try another"
)


def test_the_providers_firewall_drops_only_the_media(desk: Desk) -> None:
    with changes.providers_firewall(desk.host, "udp dport 10000 drop"):
        done = desk.run()
    assert done.code == 1
    assert desk.neutral(done.out).partition("ports, from this computer\n")[2] == (
        "    ✓ Reached from this computer over IPv4: 80/tcp, 443/tcp, 3478/udp, 5349/tcp.\n"
        "    ✓ Reached from this computer over IPv6: 80/tcp, 443/tcp, 3478/udp, 5349/tcp.\n"
        f"    ✗ 10000/udp is not reached from this computer over IPv4 and IPv6. {MEDIA}\n"
        f"      Next: {RULE.format('UDP', 10000)}\n"
        "One thing has to be repaired before a deployment.\n"
    )
    assert done.err == "Next: repair this, then provision check gymnasium-nord\n"


def test_the_servers_own_firewall_is_told_apart(desk: Desk) -> None:
    with changes.own_firewall(
        desk.host, "meta nfproto ipv4 udp dport 10000 drop; meta nfproto ipv4 tcp dport 443 reject"
    ):
        assert desk.problems() == (
            1,
            [
                (
                    "443/tcp over IPv4 comes to the server, but the server lets nothing back. "
                    "Nobody could open the page."
                ),
                "10000/udp over IPv4 comes to the server, but the server lets nothing back. "
                + MEDIA,
            ],
            [
                "on the server, in its own firewall: nft list ruleset; tcp dport 443 accept",
                "on the server, in its own firewall: nft list ruleset; udp dport 10000 accept",
            ],
        )


def test_something_else_that_answers_is_not_the_server(bench: Bench, make_desk: MakeDesk) -> None:
    desk = make_desk()
    passed = ["tcp . 22", "tcp . 443", "udp . 3478", "tcp . 5349", "udp . 10000"]
    with (
        nat.router(desk.host, *passed) as address,
        nat.web_server(80),
        changes.records(bench, desk.project.domain, A=[address], AAAA=None),
    ):
        desk.write(address=address)
        desk.project.trust(f"{address} {desk.host.host_key}")
        code, sentences, remedies = desk.problems()
    assert code == 1
    assert sentences == [
        (
            f"At {address}, port 80/tcp, something else answers in the server's place. No "
            "certificate could be issued or renewed."
        )
    ]
    assert "proxy" in remedies[0]


def test_a_server_behind_nat(bench: Bench, make_desk: MakeDesk) -> None:
    desk = make_desk()
    passed = ["tcp . 22", "tcp . 80", "tcp . 443", "udp . 3478", "tcp . 5349", "udp . 10000"]
    every = "80/tcp, 443/tcp, 3478/udp, 5349/tcp, 10000/udp"
    for forwarded, code in ((passed, 0), (passed[:-1], 1)):
        with (
            nat.router(desk.host, *forwarded) as address,
            changes.records(bench, desk.project.domain, A=[address], AAAA=None),
        ):
            desk.write(address=address)
            desk.project.trust(f"{address} {desk.host.host_key}")
            done = desk.run()
        assert done.code == code, done.out
        assert (
            "    ✓ The server is behind address translation (NAT): people reach it at "
            f"{address}, it has {nat.PRIVATE}. To be forwarded to it: {every}.\n"
        ) in done.out
    assert f"✗ 10000/udp is not reached from this computer over IPv4. {MEDIA}\n" in done.out
    assert (
        "Next: on the router in front of the server, forward: protocol UDP, port 10000, to "
        f"{nat.PRIVATE}, port 10000\n"
    ) in done.out


def test_a_chair_without_ipv6_says_so(bench: Bench, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.chair = bench.chair(delay=2)
    try:
        desk.chair.run("ip -6 address flush dev eth0; ip -6 route flush default")
        assert desk.problems() == (
            0,
            ["Not checked over IPv6: this computer has no IPv6."],
            ["run this once from a computer with IPv6, for instance over a mobile phone"],
        )
    finally:
        desk.chair.down()


def test_a_deployed_school_is_looked_at_as_it_runs(bench: Bench, school: School) -> None:
    desk = Desk(bench.chair(), school.project)
    running = school.invocations()
    done = desk.run()
    assert done.code == 0, done.out
    assert desk.neutral(done.out).endswith(
        "    ✓ Reached from this computer over IPv4: 80/tcp, 443/tcp, 3478/udp, 5349/tcp, "
        "10000/udp.\n"
        "    ✓ Reached from this computer over IPv6: 80/tcp, 443/tcp, 3478/udp, 5349/tcp, "
        "10000/udp.\n"
        "Everything is ready for a deployment.\n"
    )
    assert school.invocations() == running


@pytest.mark.parametrize("whom", ["all", "program"])
def test_nothing_stays_when_it_is_interrupted(desk: Desk, whom: str) -> None:
    with changes.providers_firewall(desk.host, "udp dport 10000 drop"):
        program = desk.start()
        assert wait_until(lambda: "provision-check" in listening(desk.host), seconds=30)
        if whom == "all":
            os.killpg(program.pid, signal.SIGINT)  # as a terminal does it
        else:
            os.kill(program.pid, signal.SIGKILL)
        done = finish(program, 30)
    if whom == "all":
        assert (done.code, done.out) == (130, "")
        assert done.err.endswith("✗ Interrupted\n")
        assert "Traceback" not in done.err
    assert wait_until(lambda: listening(desk.host) == "", seconds=5)


def test_a_second_check_takes_over_nothing(desk: Desk) -> None:
    given = {
        "program": ports.PROGRAM,
        "secret": "ab" * 16,
        "ports": [port.key for port in outside()],
        "seconds": 120,
        "mark": answers.MARK,
    }
    with subprocess.Popen(
        desk.host.enter(["python3", "-c", ports.START]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdin
        assert first.stdout
        first.stdin.write(json.dumps(given) + "\n")
        first.stdin.flush()
        assert first.stdout.readline() == "\n"
        assert first.stdout.readline()
        held = listening(desk.host)
        done = finish(desk.start("--json"), 120)
        after = listening(desk.host)
        first.stdin.close()
    assert held.count("provision-check") == 10
    assert after == held
    assert done.code == 0
    assert [
        one["sentence"] for one in done.data["findings"] if one["level"] in {"warning", "failure"}
    ] == ["The ports were not checked: another check of this server runs just now."]
    assert wait_until(lambda: listening(desk.host) == "", seconds=10)


def test_a_bridge_that_answers_nobody_is_judged_by_what_arrives(desk: Desk) -> None:
    """Jitsi's own bridge is silent to everybody who was not invited to a conference."""
    with changes.mute_bridge(desk.host):
        fine = desk.problems()
        with changes.providers_firewall(desk.host, "udp dport 10000 drop"):
            cut = desk.problems()
    assert fine == (0, [], [])
    assert cut == (
        1,
        [f"10000/udp is not reached from this computer over IPv4 and IPv6. {MEDIA}"],
        [RULE.format("UDP", 10000)],
    )
