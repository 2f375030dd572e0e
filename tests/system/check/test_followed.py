"""What `provision check` advises about names, sources and firewalls, done as it stands there.

Several faults at once, because each look takes some seconds; `check/test_remedies.py` has more.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.bench import nat
from tests.bench.network import GATEWAY
from tests.remedies import in_list, tried_by
from tests.system.check import changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.bench import Bench
    from tests.system.check.conftest import MakeDesk
    from tests.system.check.desk import Desk

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

FILE = "tests/system/check/test_followed.py::"
FOLLOWED: dict[str, set[str]] = {}
"""The sentences of the list that each test followed."""
SOURCES = "/etc/apt/sources.list.d"
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
OTHER_KEY = "0123456789ABCDEF0123456789ABCDEF01234567"


@pytest.fixture(scope="module", autouse=True)
def listed() -> Iterator[None]:
    """What the list says that a test of this file follows, it followed."""
    yield
    for name, followed in FOLLOWED.items():
        assert tried_by(FILE + name) <= followed, name


def healed(desk: Desk, name: str, expected: list[str], follow: Callable[[str], None]) -> None:
    """See that each of these things is told, follow what is advised, and see that all is well."""
    _code, sentences, remedies = desk.problems()
    for beginning in expected:
        assert [one for one in sentences if one.startswith(beginning)], (beginning, sentences)
    assert len(sentences) == len(expected), sentences
    for line in [line for remedy in remedies for line in remedy.splitlines()]:
        FOLLOWED.setdefault(name, set()).update(in_list(line.replace("DOMAIN", "{name}")))
        follow(line.replace("DOMAIN", desk.project.domain))
    assert desk.problems() == (0, [], [])


def test_records_are_corrected(bench: Bench, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.write(acme_directory=LETS_ENCRYPT, acme_ca_file=None)
    above = f"{desk.host.name}.school.test"

    def follow(line: str) -> None:
        if found := re.search(r"delete this record: type (\w+), name (\S+), value (\S+)$", line):
            kind, name, value = found.groups()
            kept = [one for one in bench.names.all()[name][kind] if one != value]
            bench.names.set(name, kind, *kept)
        else:
            found = re.search(
                r"add a record: type CAA, name (\S+), flag (\d), tag (\w+), value (\S+)$",
                line.replace("HOST", desk.host.name),
            )
            assert found, line
            name, flag, tag, value = found.groups()
            there = bench.names.all()[name]["CAA"]
            bench.names.set(name, "CAA", *there, f'{flag} {tag} "{value}"')

    with (
        changes.records(
            bench, desk.project.domain, A=[desk.host.address, "10.91.0.250"],
            AAAA=[desk.host.address6, "fd00:91::250"],
        ),
        changes.records(bench, above, CAA=['0 issue "ca.example.net"']),
    ):  # fmt: skip
        healed(
            desk,
            "test_records_are_corrected",
            [
                "DOMAIN points to 10.91.0.250 as well",
                "DOMAIN points to fd00:91::250 as well",
                f"The CAA records of {above} do not let".replace(desk.host.name, "HOST"),
            ],
            follow,
        )


def test_the_repository_is_corrected(bench: Bench, make_desk: MakeDesk) -> None:
    for wrong, told in (
        ({"repository": f"{bench.packages.url}/none"}, "There is no package repository at"),
        ({"repository": f"http://{GATEWAY}:9"}, "The server cannot reach"),
        ({"repository_fingerprint": OTHER_KEY}, f"The repository {bench.packages.url} is signed"),
    ):
        desk = make_desk(**wrong)
        right = {
            "repository": bench.packages.url,
            "repository_fingerprint": bench.packages.fingerprint,
        }

        def follow(line: str, desk: Desk = desk, right: dict[str, str] = right) -> None:
            found = re.search(r"`(repository\w*)` in inventory.yml", line)
            if found:
                desk.write(**{found[1]: right[found[1]]})
            else:
                # Who lets the server out lets it out to where it is.
                assert line.startswith("allow the server outgoing HTTP and HTTPS"), line
                desk.write(**right)

        healed(desk, "test_the_repository_is_corrected", [told], follow)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("echo 'dbe x' > {sources}/own.list", "apt does not understand its list"),
        (
            (
                "mkdir -p /srv/foreign/s; cd /srv/foreign/s; touch Packages; "
                "printf 'Date: Tue, 01 Dec 2026 08:00:00 UTC\\n' > InRelease; "
                "echo 'deb [signed-by=/etc/ssl/certs/ca-certificates.crt] file:/srv/foreign s/' "
                "> {sources}/own.list"
            ),
            "apt refuses what comes from file:/srv/foreign",
        ),
    ],
)
def test_a_source_of_others_is_corrected(desk: Desk, change: str, told: str) -> None:
    host = desk.host

    def follow(line: str) -> None:
        found = re.search(r"delete (\S+) on the server$", line)
        if not found:
            assert line == "on the server, correct what is below /etc/apt/sources.list.d"
        host.run(["rm", found[1] if found else f"{SOURCES}/own.list"])

    try:
        host.run(["sh", "-c", change.format(sources=SOURCES)])
        healed(desk, "test_a_source_of_others_is_corrected", [told], follow)
    finally:
        host.run(f"rm -rf /srv/foreign {SOURCES}/own.list")


def test_a_program_that_is_missing_is_installed(desk: Desk) -> None:
    host = desk.host

    def follow(line: str) -> None:
        command = line.removeprefix("on the server, as root: ")
        assert command == "apt-get install openssl"
        host.run(f"apt-get update -q && DEBIAN_FRONTEND=noninteractive {command} -y")

    host.run("dpkg --purge --force-depends openssl")
    try:
        code, sentences, remedies = desk.problems()
        wanted = "The server lacks openssl, without which nothing can be fetched."
        assert code == 1
        (remedy,) = (
            advice for said, advice in zip(sentences, remedies, strict=True) if said == wanted
        )
        FOLLOWED["test_a_program_that_is_missing_is_installed"] = in_list(remedy)
        follow(remedy)
        assert desk.problems() == (0, [], [])
    finally:
        host.run("apt-get install -y -q openssl", check=False)


def test_a_port_is_forwarded(bench: Bench, make_desk: MakeDesk) -> None:
    desk = make_desk()
    every = ["tcp . 22", "tcp . 80", "tcp . 443", "udp . 3478", "tcp . 5349", "udp . 10000"]

    def behind(ports: list[str]) -> AbstractContextManager[ExitStack]:
        stack = ExitStack()
        address = stack.enter_context(nat.router(desk.host, *ports))
        stack.enter_context(changes.records(bench, desk.project.domain, A=[address], AAAA=None))
        desk.write(address=address)
        desk.project.trust(f"{address} {desk.host.host_key}")
        return stack

    forwarded = [one for one in every if "3478" not in one and "10000" not in one]
    with behind(forwarded):
        code, _sentences, remedies = desk.problems()
    assert code == 1
    advised = FOLLOWED.setdefault("test_a_port_is_forwarded", set())
    for line in [line for remedy in remedies for line in remedy.splitlines()]:
        advised |= in_list(line)
        found = re.search(r"forward: protocol (\w+), port (\d+), to (\S+), port (\d+)$", line)
        assert found, line
        assert found[3] == nat.PRIVATE
        assert found[2] == found[4]
        forwarded.append(f"{found[1].lower()} . {found[2]}")
    assert sorted(forwarded) == sorted(every)
    with behind(forwarded):
        assert desk.problems() == (0, [], [])
