"""What `provision check` advises is done as it stands there, and what was wrong is gone.

Many things are wrong at once, because each look takes some seconds.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.bench.outer import PUBLIC
from tests.remedies import in_list, tried_by
from tests.system.check import changes

if TYPE_CHECKING:
    from tests.bench import Bench
    from tests.system.check.desk import Desk

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

HERE = "tests/system/check/test_remedies.py::test_what_is_advised_is_done_and_nothing_is_wrong"
BROKEN = changes.PACKAGE.format(name="broken").rstrip() + "\nDepends: nothing-has-this-name\n"
HALF = changes.PACKAGE.format(name="half").replace("ok installed", "ok unpacked")
OLD_SOURCE = "deb [trusted=yes] http://127.0.0.1:9 stable/\n"


class Repairer:
    """Does what stands in a remedy: on the server, at the registrar, at the provider's."""

    def __init__(self, bench: Bench, desk: Desk) -> None:
        self.bench, self.desk = bench, desk

    def follow(self, remedy: str) -> None:
        """Do each line of a remedy, and fail where one is not understood."""
        for line in remedy.splitlines():
            done = [kind(self, *found.groups()) for pattern, kind in self.KINDS
                    if (found := re.search(pattern, line))]  # fmt: skip
            assert len(done) == 1, f"nobody knows how to do this: {line}"

    def on_server(self, command: str) -> None:
        """Run a command, as root."""
        if command == "reboot":
            self.desk.host.restart()
        else:
            self.desk.host.run(command, input="y\n")  # to what apt asks

    def in_hosts(self) -> None:
        """Delete the line of the school's name."""
        self.desk.host.run(f"sed '/{self.desk.project.domain}/d' /etc/hosts >/run/hosts && "
                           "cat /run/hosts >/etc/hosts")  # fmt: skip

    def source(self) -> None:
        """Correct the package source that was named."""
        self.desk.host.run("rm -f /etc/apt/sources.list.d/other.list")

    def add_record(self, kind: str, name: str, value: str) -> None:
        """Add a record at the registrar's."""
        before = self.bench.names.all().get(name, {}).get(kind, [])
        self.bench.names.set(name, kind, *before, value)

    def change_record(self, kind: str, name: str, value: str, old: str) -> None:
        """Give a record another value."""
        values = self.bench.names.all()[name][kind]
        self.bench.names.set(name, kind, *[value if one == old else one for one in values])

    def delete_record(self, kind: str, name: str, old: str) -> None:
        """Delete one value of a record."""
        values = [one for one in self.bench.names.all()[name][kind] if one != old]
        self.bench.names.set(name, kind, *values)

    def allow(self, protocol: str, port: str) -> None:
        """Add a rule to the provider's firewall, in front of the others."""
        table = f"firewall_{self.desk.host.number}"
        changes.run(["nft", "insert", "rule", "bridge", table, "way",
                     f"{protocol.lower()} dport {port} accept"])  # fmt: skip

    KINDS = (
        (r"on the server, as root: (.*?)(?:; then run this again)?$", on_server),
        (r"on the server, delete that line from /etc/hosts$", in_hosts),
        (r"correct this source below /etc/apt/sources.list.d$", source),
        (r"add a record: type (\w+), name (\S+), value (\S+)$", add_record),
        (r"change this record: type (\w+), name (\S+), value (\S+) instead of (\S+)$",
         change_record),
        (r"delete this record: type (\w+), name (\S+), value (\S+)$", delete_record),
        (r"add an incoming rule: protocol (\w+), port (\d+),", allow),
    )  # fmt: skip


def test_what_is_advised_is_done_and_nothing_is_wrong(bench: Bench, desk: Desk) -> None:
    host, domain = desk.host, desk.project.domain
    hosts = host.read("/etc/hosts").decode()
    nameless = re.sub(rf"(?m)^.*\b{host.name}\b.*\n", "", hosts)
    status = host.read(changes.STATUS).decode()
    # The bench's own addresses are of an inner network, to which no record may lead.
    desk.write(public_address=PUBLIC)
    with ExitStack() as stack:
        for change in (
            changes.public_address(host, desk.chair, PUBLIC),
            changes.file(host, "/etc/locale.conf", "LANG=de_DE.UTF-8\n"),
            changes.file(host, "/etc/default/locale", "LANG=de_DE.UTF-8\n"),
            changes.file(host, "/etc/hosts", f"{nameless}192.0.2.7 {domain}\n"),
            changes.file(host, changes.STATUS, status + HALF),
            changes.file(host, "/etc/apt/sources.list.d/other.list", OLD_SOURCE),
            changes.file(
                host, "/etc/apt/apt.conf.d/99zz", 'Acquire::http::Proxy::127.0.0.1 "DIRECT";\n'
            ),
            changes.providers_firewall(host, "udp dport { 3478, 10000 } drop"),
            changes.records(bench, domain, A=["10.91.0.250"], AAAA=None),
        ):
            stack.enter_context(change)
        stack.callback(host.run, "apt-mark unhold bash", check=False)
        host.run("apt-mark hold bash; touch /run/reboot-required")
        followed = set()
        # What is broken hides behind what is half installed, and records behind each other.
        for _look in range(3):
            done = desk.run("--json")
            remedies = [one["remedy"] for one in done.data["findings"] if one["remedy"]]
            if not remedies:
                break
            for remedy in remedies:
                followed |= {one for line in remedy.splitlines() for one in in_list(line)}
                Repairer(bench, desk).follow(remedy)
            if _look == 0:
                host.write(changes.STATUS, host.read(changes.STATUS).decode() + BROKEN)
        found = [one for one in done.data["findings"] if one["level"] not in {"ok", "note"}]
        assert found == []
        assert done.code == 0
    assert tried_by(HERE) <= followed
