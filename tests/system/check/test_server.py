"""`provision check`: what the server itself shows, with remedy and exit code."""

from __future__ import annotations

import re
import shutil
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.bench.network import GATEWAY, GATEWAY6
from tests.system.check import changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench import Bench, Host
    from tests.system.check.conftest import MakeDesk
    from tests.system.check.desk import Desk

READY = """\
Gymnasium Nord & Söhne · DOMAIN · ADDRESS · Debian 13
  the server
    ✓ Debian GNU/Linux 13, amd64, SIZE.
    ✓ The clock is right.
    ✓ Nothing that runs there is in the way.
  packages
    ✓ Packages can be installed.
  names
    ✓ DOMAIN points to the server: ADDRESS, ADDRESS6.
    ✓ No CAA record restricts who may issue certificates for DOMAIN.
    · ADDRESS has no reverse name; nothing here needs one.
    · There is no second name for the relay (`turn_domain`): people in networks that let only \
HTTPS out would have neither sound nor picture.
  ports, from this computer
    ✓ Reached from this computer over IPv4: 80/tcp, 443/tcp, 3478/udp, 5349/tcp, 10000/udp.
    ✓ Reached from this computer over IPv6: 80/tcp, 443/tcp, 3478/udp, 5349/tcp, 10000/udp.
Everything is ready for a deployment.
"""
SOURCE = "deb [trusted=yes] {url} stable/\n"


def test_a_bare_server_is_ready(desk: Desk) -> None:
    done = desk.run()
    assert (done.code, done.err) == (0, "Next: provision deploy gymnasium-nord\n")
    assert desk.neutral(done.out) == READY


def test_plain_ansible_looks_at_the_server_as_well(desk: Desk, make_desk: MakeDesk) -> None:
    before = desk.host.state()
    fine = desk.project.playbook(name="check")
    assert (fine.code, fine.err) == (0, ""), fine.out
    assert "failed=0" in fine.out
    with changes.package(desk.host, "apache2"):
        refused = make_desk().project.playbook(name="check")
    assert refused.code == 2
    assert "Another web server (Apache) is installed. use an empty server" in refused.out
    assert desk.host.state() == before


@dataclass
class Case:
    """Something wrong with a server, and all that is said about it."""

    name: str
    code: int
    sentences: list[str]
    remedies: list[str]
    on_server: list[Callable[[Host], AbstractContextManager[None]]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


EMPTY = "use an empty server: let the provider set up this one anew, or rent another"
CASES = [
    Case(
        "2 GB of memory", 0,
        ["The server has 1953 MB of memory: enough for a trial."],
        ["choose a server with 8 GB of memory for lessons"],
        [lambda host: changes.small_memory(host, 2000000)],
    ),
    Case(
        "another Jitsi", 5,
        ["Somebody else has installed Jitsi on this server: jicofo, jitsi-meet-web."],
        [EMPTY],
        [
            lambda host: changes.package(host, "jicofo"),
            lambda host: changes.package(host, "jitsi-meet-web"),
        ],
    ),
    Case(
        "somebody's pages", 5,
        ["nginx serves somebody already, and would not any more: /etc/nginx/sites-enabled/shop."],
        [
            (
                "use an empty server; if nobody needs this any more, on the server, as root: "
                "apt-get purge nginx nginx-common; rm -rf /etc/nginx"
            )
        ],
        [lambda host: changes.file(host, "/etc/nginx/sites-enabled/shop", "server {}\n")],
    ),
    Case(
        "no package source", 1,
        [
            (
                "The server cannot reach the package source "
                "http://127.0.0.1:9: Could not connect to "
                "127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)."
            ),
        ],
        [
            (
                "in the provider's firewall, allow outgoing TCP, ports 80 and 443; or correct this "
                "source below /etc/apt/sources.list.d"
            )
        ],
        [
            lambda host: changes.file(
                host, "/etc/apt/sources.list.d/other.list",
                SOURCE.format(url="http://127.0.0.1:9")),
            lambda host: changes.file(
                host, "/etc/apt/apt.conf.d/99zz", 'Acquire::http::Proxy::127.0.0.1 "DIRECT";\n'),
        ],
    ),
    Case(
        "no repository", 1,
        ["The server cannot reach http://10.91.0.1:9: [Errno 111] Connection refused."],
        ["allow the server outgoing HTTP and HTTPS, and check its name server"],
        settings={"repository": f"http://{GATEWAY}:9"},
    ),
    Case(
        "all small things", 1,
        [
            "The server is set to the language de_DE.UTF-8, which is not installed.",
            "In the server's /etc/hosts, DOMAIN is 192.0.2.7, which is not this server.",
            "An installation was interrupted on the server.",
            "The server waits for a reboot.",
        ],
        [
            "on the server, as root: echo LANG=C.UTF-8 > /etc/locale.conf",
            "on the server, delete that line from /etc/hosts",
            (
                "`provision deploy` finishes it; or on the server, as root: dpkg --configure -a"
            ),
            "on the server, as root: reboot; then run this again",
        ],
        [
            lambda host: changes.file(host, "/etc/locale.conf", "LANG=de_DE.UTF-8\n"),
            lambda host: changes.file(host, "/etc/hosts", host.read("/etc/hosts").decode()
                                      + f"192.0.2.7 meet.{host.name}.school.test\n"),
            lambda host: changes.file(host, changes.STATUS, host.read(changes.STATUS).decode()
                                      + changes.PACKAGE.format(name="half").replace(
                                          "ok installed", "ok unpacked")),
            lambda host: changes.file(host, "/run/reboot-required", ""),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_wrong_with_a_server(make_desk: MakeDesk, case: Case) -> None:
    desk = make_desk(**case.settings)
    with ExitStack() as stack:
        for change in case.on_server:
            stack.enter_context(change(desk.host))
        assert desk.problems() == (case.code, case.sentences, case.remedies)


def test_a_real_apache(desk: Desk) -> None:
    desk.host.run("apt-get update && apt-get install -y --no-install-recommends apache2")
    try:
        code, sentences, remedies = desk.problems()
        running = desk.host.run("systemctl is-active apache2").stdout
    finally:
        desk.host.run("apt-get purge -y apache2 apache2-bin apache2-data && apt-get autoremove -y")
    assert running == "active\n"
    assert code == 5
    assert sentences == [
        "Another web server (Apache) is installed.",
        "The program apache2 (apache2.service) holds port 80/tcp, which Jitsi needs.",
    ]
    assert remedies[0] == ("use an empty server; if Apache is not needed: `apt-get purge apache2`")


@pytest.mark.parametrize(
    ("wrong", "sentence", "remedy"),
    [
        (
            "server",
            "The server's clock is 1 day slow; certificates would not be accepted.",
            (
                "on the server, as root: timedatectl set-ntp true; in a container only the "
                "provider can set it"
            ),
        ),
        (
            "computer",
            "This computer's clock is 1 day fast: server and repository agree.",
            "on this computer: sudo timedatectl set-ntp true",
        ),
    ],
)
@pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed")
def test_a_clock_that_is_one_day_off(
    bench: Bench, make_desk: MakeDesk, wrong: str, sentence: str, remedy: str
) -> None:
    # A container's clock is the machine's. Time is relative: all others are a day ahead instead.
    faketime = ["faketime", "-f", "+1d"]
    with changes.web_server(
        bench, GATEWAY, 8097, *(faketime if wrong == "server" else [])
    ) as repository:
        desk = make_desk(repository=repository)
        desk.prefix = faketime
        assert desk.problems() == (1, [sentence], [remedy])


def test_a_server_with_ipv6_only(bench: Bench, make_desk: MakeDesk) -> None:
    desk = make_desk()
    host, name = desk.host, desk.project.domain
    # Jitsi's own address would be refused: two of them stop apt. Debian's needs IPv4 here.
    elsewhere = SOURCE.format(url=f"http://[{GATEWAY6}]:8097/.")
    with (
        changes.web_server(bench, GATEWAY6, 8097) as repository,
        changes.file(host, "/etc/apt/sources.list.d/0000debian.sources", None),
        changes.file(host, "/etc/apt/sources.list.d/six.list", elsewhere),
        changes.file(host, "/etc/apt/apt.conf.d/99bench", ""),
        changes.records(bench, name, A=None),
        changes.only_ipv6(host),
    ):  # fmt: skip
        desk.write(address=host.address6, repository=repository)
        desk.project.trust(f"{host.address6} {host.host_key}")
        done = desk.run()
    assert re.findall(r"(?m)^    ✗ (.*?):", done.out) == [
        "A deployment could not install its packages"
    ]
    assert re.findall(r"(?m)^    ! (.*)\n +Next: (.*)$", done.out) == [
        (
            "The server has IPv6 only; people in networks without IPv6 cannot take part.",
            "order an IPv4 address for the server at the provider",
        )
    ]
    assert "✓ Reached from this computer over IPv6: 80/tcp, 443/tcp, 3478/udp" in done.out
    assert "IPv4: 80/tcp" not in done.out


def test_an_account_other_than_root(desk: Desk) -> None:
    desk.host.run("useradd -m -s /bin/bash technik && cp -r /root/.ssh ~technik/ && "
                  "chown -R technik: ~technik/.ssh")  # fmt: skip
    desk.write(ssh_user="technik")
    try:
        refused = desk.run()
        desk.host.write("/etc/sudoers.d/technik", "technik ALL=(ALL) NOPASSWD: ALL\n", mode="0440")
        done = desk.run()
    finally:
        desk.host.run("rm -f /etc/sudoers.d/technik; userdel -r technik", check=False)
    assert refused.code == 3
    assert "technik may not use sudo without a password" in refused.err
    assert done.code == 0, done.out
    assert desk.neutral(done.out) == READY
