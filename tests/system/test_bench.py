"""The bench itself: hosts are what tests take them for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.bench import creation, fingerprint, network
from tests.bench.process import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Bench, Host
    from tests.conftest import MakeHost

pytestmark = pytest.mark.host
STRANGER = "203.0.113.1"  # an address that documentation uses and nobody has


@pytest.fixture(scope="module", params=["12", "13"])
def host(request: pytest.FixtureRequest, make_host: MakeHost) -> Host:
    """One host of each release."""
    return make_host(request.param)


def test_host_boots_its_release_without_a_failed_unit(host: Host) -> None:
    assert host.run("cat /etc/debian_version").stdout.startswith(f"{host.release}.")
    assert host.run("systemctl is-system-running").stdout.strip() == "running"


def test_host_has_no_tool_that_a_bare_server_lacks(host: Host) -> None:
    for tool in ("gpg", "curl", "git", "pip"):
        assert host.run(f"command -v {tool}", check=False).returncode != 0


def test_record_is_seen_inside_as_soon_as_it_is_set(bench: Bench, host: Host) -> None:
    name = "changing.school.test"
    try:
        for address in ("203.0.113.7", "203.0.113.8"):
            bench.names.set(name, "A", address)
            assert host.run(f"getent ahostsv4 {name}").stdout.split()[0] == address
    finally:
        bench.names.remove(name)
    assert host.run(f"getent hosts {name}", check=False).returncode != 0
    assert f"A {name}" in host.questions()


def test_apt_update_works_and_nobody_but_the_bench_is_asked(host: Host) -> None:
    host.packets.start()
    assert "InRelease" in host.run("apt-get update").stdout
    assert "Candidate: (none)" not in host.run("apt-cache policy nginx-light").stdout
    assert host.packets.read() == []


def test_ssh_accepts_the_key_and_shows_the_true_host_key(host: Host) -> None:
    assert host.ssh("hostname").stdout.strip() == host.name
    assert host.host_key in host.known_hosts.read_text()


def test_state_hash_is_stable_until_something_changes(host: Host) -> None:
    before = host.state()
    assert fingerprint.difference(before, host.state()) == []
    first = host.state_hash()
    host.run("touch /etc/motd")
    assert host.state_hash() == first, "a new date alone is no change"
    host.write("/etc/bench-test", "content")
    assert host.state_hash() != first
    host.run("rm /etc/bench-test && chmod 600 /etc/issue")
    changes = fingerprint.difference(before, host.state())
    assert [change.partition(":")[0] for change in changes] == ["/etc/issue"]
    host.run("chmod 644 /etc/issue && systemctl disable cron")
    changed = {line.partition(":")[0] for line in fingerprint.difference(before, host.state())}
    assert "unit cron.service" in changed
    host.run("systemctl enable cron")
    assert host.state_hash() == first


@pytest.mark.parametrize("words", [("host", "destroy", "{name}"), ("down",)])
def test_another_checkouts_bench_takes_nothing_of_this_one_away(
    host: Host, tmp_path: Path, words: tuple[str, ...]
) -> None:
    record = creation.record(host.name)
    (tmp_path / "hosts").mkdir()
    shutil.copy(record, tmp_path / "hosts")
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *(word.format(name=host.name) for word in words)],
        env={**os.environ, "PROVISION_BENCH_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list((tmp_path / "hosts").glob("*.json")) == []
    assert host.ssh("hostname").stdout.strip() == host.name
    assert network.exists()


def test_one_packet_to_a_stranger_is_counted_whatever_the_host_does(host: Host) -> None:
    host.packets.start()
    host.run("nft flush ruleset")
    send = f"""import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"hello", ("{STRANGER}", 3478))"""
    host.run(["python3", "-c", send])
    flows = host.packets.read()
    assert [(one.destination, one.protocol, one.port, one.packets) for one in flows] == [
        (STRANGER, "udp", 3478, 1)
    ]


def test_starts_of_a_unit_are_counted(host: Host) -> None:
    before = host.journal_starts(["cron.service"])["cron.service"]
    host.run("systemctl restart cron")
    assert host.journal_starts(["cron.service"]) == {"cron.service": before + 1}


def test_acme_directory_is_trusted_with_its_authority_only(bench: Bench, host: Host) -> None:
    host.put(bench.acme.ca_file, "/root/acme-ca.pem")
    look = """import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2] if len(sys.argv) > 2 else None)
print(urllib.request.urlopen(sys.argv[1], context=context).read().decode())"""
    command = ["python3", "-c", look, bench.acme.directory]
    assert "newOrder" in host.run([*command, "/root/acme-ca.pem"]).stdout
    assert "CERTIFICATE_VERIFY_FAILED" in host.run(command, check=False).stderr


def test_restarted_host_keeps_its_addresses_and_files(host: Host) -> None:
    host.run("echo kept > /root/kept")
    host.restart()
    assert host.ssh("cat /root/kept").stdout == "kept\n"


def test_host_reboots_itself(host: Host) -> None:
    before = host.pid
    host.run("systemctl reboot", check=False)
    end = time.monotonic() + 60
    while not (after := type(host).load(host.name)) or after.pid == before:
        assert time.monotonic() < end, "the host did not come back"
        time.sleep(0.2)
    host.wait()
    assert host.ssh("true").returncode == 0


@pytest.mark.parametrize("address", ["address", "address6"])
def test_chair_is_as_far_away_as_asked(bench: Bench, host: Host, address: str) -> None:
    def round_trip(delay: float) -> float:
        command = f"ping -q -c 3 -i 0.2 {getattr(host, address)}"
        text = bench.chair(delay=delay).run(command).stdout
        found = re.search(r"= ([\d.]+)/", text)
        assert found, text
        return float(found.group(1))

    assert round_trip(0) < 5
    assert 30 <= round_trip(15) < 40


def test_chair_knows_the_test_zone(bench: Bench, host: Host) -> None:
    answer = bench.chair().run(["getent", "ahostsv4", f"{host.name}.school.test"]).stdout
    assert answer.split()[0] == host.address


def test_nobody_is_cut_off_when_another_host_goes(bench: Bench) -> None:
    chair, lowest = bench.chair(), "02:00:00:00:00:01"
    cable = ["pbench-lowest", "address", lowest, "type", "veth", "peer", "name", "pbench-other"]
    run(["ip", "link", "add", *cable])
    try:
        run(["ip", "link", "set", "pbench-lowest", "master", network.BRIDGE, "up"])
        run(["ip", "link", "set", "pbench-other", "up"])
        chair.run(f"ping -c 1 -W 1 {network.GATEWAY}")
    finally:
        run(["ip", "link", "delete", "pbench-lowest"])
    chair.run(f"ping -c 1 -W 1 {network.GATEWAY}")


def test_chair_loses_packets(bench: Bench, host: Host) -> None:
    chair = bench.chair(loss=100)
    assert chair.run(f"ping -c 1 -W 1 {host.address}", check=False).returncode == 1


def test_small_host_looks_small_and_is(make_host: MakeHost) -> None:
    host = make_host(memory="300M")
    assert "MemTotal: 307200 kB" in host.run("cat /proc/meminfo").stdout
    done = host.ssh("python3 -c 'x = bytearray(500 << 20)'; echo $?")
    assert done.stdout == "137\n", "killed for lack of memory"
