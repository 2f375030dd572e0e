"""ERR: what is wrong with a server is said in words, with the next command, and not touched."""

from __future__ import annotations

import re
import subprocess
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.bench.fingerprint import difference
from tests.system.project import Agent, Done, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.bench import Host
    from tests.conftest import MakeHost
    from tests.system.conftest import MakeProject

UNUSABLE = "This server cannot be used as it is; nothing was changed on it."
OTHER_KEY = "F" * 40
FOREIGN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHgVw1fJ3o4VYEyGqL2bzEsvqpXQ3KNB4c3gxhmjNDqX"


@pytest.fixture(scope="module")
def bare(make_host: MakeHost) -> Host:
    """A server with nothing on it, on which nothing is ever to happen."""
    return make_host("13", name="bare")


@contextmanager
def appended(host: Host, path: str, text: str) -> Iterator[None]:
    """Add text to a file for a while."""
    before = host.read(path)
    host.run(["tee", "-a", path], input=text)
    yield
    host.run(["tee", path], input=before.decode())


@contextmanager
def replaced(host: Host, path: str, old: str, new: str) -> Iterator[None]:
    """Change a file for a while."""
    before = host.read(path).decode()
    assert old in before
    host.run(["tee", path], input=before.replace(old, new))
    yield
    host.run(["tee", path], input=before)


@contextmanager
def occupied(host: Host, port: int) -> Iterator[None]:
    """Let another program have a port for a while."""
    host.run(f"systemd-run --unit=occupant python3 -m http.server {port}")
    host.run(f"until ss -Hltn sport = :{port} | grep -q .; do sleep 0.05; done", timeout=20)
    yield
    host.run("systemctl stop occupant")


@contextmanager
def nearly_full(host: Host) -> Iterator[None]:
    """Give /var a small disk for a while."""
    host.run(
        "mkdir /run/small && mount -t tmpfs -o size=600m none /run/small && cp -a /var/. /run/small"
        " && mount --bind /run/small /var"
    )
    yield
    host.run("umount -l /var && umount /run/small && rmdir /run/small")


@contextmanager
def old_release(host: Host) -> Iterator[None]:
    """Let the server be a Debian 11 for a while."""
    with (
        replaced(host, "/usr/lib/os-release", "GNU/Linux 13", "GNU/Linux 11"),
        replaced(host, "/usr/lib/os-release", 'VERSION_ID="13"', 'VERSION_ID="11"'),
    ):
        yield


def installed(package: str) -> str:
    """Return dpkg's entry for an installed package."""
    return (
        f"\nPackage: {package}\nStatus: install ok installed\nMaintainer: nobody\n"
        "Architecture: all\nVersion: 1\nDescription: somebody else's\n"
    )


@dataclass
class Case:
    """Something wrong, and what the program says; ADDRESS and FREE stand for what differs."""

    name: str
    code: int
    what: str
    why: str
    next: str
    settings: dict[str, Any] = field(default_factory=dict)
    on_server: Callable[[Host], AbstractContextManager[None]] = lambda _host: nullcontext()
    trust: str | None = None

    def lines(self) -> list[str]:
        """Return what follows the headline."""
        rows = [("Why    ", self.why), ("Next   ", self.next)]
        return [f"✗ {self.what}", *(f"  {label}{text}" for label, text in rows if text)]


CASES = [
    Case(
        "unknown key", 3,
        "The server's key is not known yet, so nobody can say that it is the right server.",
        "", "provision connect gymnasium-nord",
        trust="",
    ),
    Case(
        "another key", 3,
        "The server shows another key than last time.",
        "",
        "if you know that the provider has set it up anew: provision connect gymnasium-nord "
        "--new-server; otherwise somebody may be in between: do not sign in",
        trust=f"ADDRESS {FOREIGN}",
    ),
    Case(
        "wrong port", 3,
        "The server answers, but not to SSH on port 2222.",
        "", "start it in the provider's web page, or correct `ssh_port` in inventory.yml",
        settings={"ssh_port": 2222},
    ),
    Case(
        "nobody there", 3,
        "The server does not answer at 10.91.0.254, port 22.",
        "", "check that it runs, that `address` is right, and that no firewall is in between",
        settings={"address": "10.91.0.254"},
    ),
    Case(
        "no such name", 3,
        "The address nobody.school.invalid is not known to any name server.",
        "", "correct `address` in inventory.yml, or write the server's IP address there",
        settings={"address": "nobody.school.invalid"},
    ),
    Case(
        "full disk", 4, UNUSABLE,
        "Only FREE MB are free on the disk; 2500 MB are needed.",
        "delete what is not needed (`apt-get clean`, `du -xh / | sort -h | tail`)",
        on_server=nearly_full,
    ),
    Case(
        "no repository", 4, UNUSABLE,
        "There is no package repository at http://10.91.0.1:8099/none/jitsi-key.gpg.key: "
        "it answers 404.",
        "correct `repository` in inventory.yml",
        settings={"repository": "http://10.91.0.1:8099/none"},
    ),
    Case(
        "unreachable repository", 4, UNUSABLE,
        "The server cannot reach http://10.91.0.1:8098: [Errno 111] Connection refused.",
        "allow the server outgoing HTTP and HTTPS, and check its name server",
        settings={"repository": "http://10.91.0.1:8098"},
    ),
    Case(
        "repository of somebody else", 5, UNUSABLE,
        "The repository http://10.91.0.1:8099 is signed with another key: FINGERPRINT.",
        "ask the repository's owner for its fingerprint; only if it is this one, enter it as "
        "`repository_fingerprint` in inventory.yml",
        settings={"repository_fingerprint": OTHER_KEY},
    ),
    Case(
        "old Debian", 5, UNUSABLE,
        "The server runs Debian GNU/Linux 11 (trixie); this program knows Debian 12 and 13.",
        "choose Debian 13 on the provider's web page and let it set up the server anew",
        on_server=old_release,
    ),
    Case(
        "Apache", 5, UNUSABLE,
        "Another web server (Apache) is installed.",
        "use an empty server; if Apache is not needed: `apt-get purge apache2`",
        on_server=lambda host: appended(host, "/var/lib/dpkg/status", installed("apache2")),
    ),
    Case(
        "occupied port", 5, UNUSABLE,
        "The program python3 (occupant.service) holds port 443/tcp, which Jitsi needs.",
        "use an empty server, or move that service to another port",
        on_server=lambda host: occupied(host, 443),
    ),
    Case(
        "somebody else's Jitsi", 5, UNUSABLE,
        "Somebody else has installed Jitsi on this server: jitsi-videobridge2.",
        "use an empty server: let the provider set up this one anew, or rent another",
        on_server=lambda host: appended(
            host, "/var/lib/dpkg/status", installed("jitsi-videobridge2")
        ),
    ),
]  # fmt: skip


def said(done: Done, project: Project) -> list[str]:
    """Return the lines of an error below the headline, without what differs between runs."""
    assert "Traceback" not in done.out + done.err
    headline, *lines = done.err.splitlines()
    assert headline.startswith(f"Gymnasium Nord & Söhne · {project.domain} · ")
    text = "\n".join(lines).replace(project.settings["repository_fingerprint"], "FINGERPRINT")
    text = re.sub(r"Only \d+ MB are free", "Only FREE MB are free", text)
    return re.sub(r"another key: [0-9A-F]{40}", "another key: FINGERPRINT", text).splitlines()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_server_is_refused_untouched(bare: Host, make_project: MakeProject, case: Case) -> None:
    project = make_project(bare, **case.settings)
    if case.trust is not None:
        project.trust(case.trust.replace("ADDRESS", bare.address))
    with case.on_server(bare):
        before = bare.state()
        done = project.run("deploy")
        assert (done.code, done.out) == (case.code, ""), done.err
        assert said(done, project) == case.lines()
        assert difference(before, bare.state()) == []


def test_key_that_the_server_does_not_accept(
    bare: Host, make_project: MakeProject, tmp_path: Path
) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True
    )
    project = make_project(bare)
    project.agent = Agent(tmp_path, tmp_path / "key")
    try:
        done = project.run("deploy")
    finally:
        project.agent.stop()
    assert done.code == 3
    assert said(done, project) == [
        "✗ The server refuses to let root sign in.",
        "  Next   provision connect gymnasium-nord",
    ]


def test_server_with_too_little_memory(make_host: MakeHost, make_project: MakeProject) -> None:
    small = make_host("13", name="small", memory="512M")
    project = make_project(small)
    before = small.state()
    done = project.run("deploy")
    assert done.code == 4
    assert said(done, project) == [
        f"✗ {UNUSABLE}",
        "  Why    The server has 512 MB of memory; Jitsi needs 2 GB at least.",
        "  Next   choose a server with 8 GB of memory; 4 GB carry one class",
    ]
    german = project.run("deploy", "--lang", "de")
    assert german.code == 4
    assert "Der Server hat 512 MB Arbeitsspeicher" in german.err
    assert small.state() == before


def test_all_that_is_wrong_is_said_at_once(bare: Host, make_project: MakeProject) -> None:
    project = make_project(bare)
    with occupied(bare, 80), old_release(bare):
        done = project.run("plan")
    assert done.code == 5
    shown = "\n".join(said(done, project))
    assert "Debian GNU/Linux 11" in shown
    assert "The program python3 (occupant.service) holds port 80/tcp" in shown


def test_account_with_and_without_sudo(bare: Host, make_project: MakeProject) -> None:
    bare.run("useradd --create-home --shell /bin/bash technician")
    bare.run("cp -r /root/.ssh ~technician/ && chown -R technician: ~technician/.ssh")
    project = make_project(bare, ssh_user="technician")
    try:
        before = bare.state()
        done = project.run("plan")
        assert done.code == 3
        assert said(done, project)[0] == ("✗ technician may not use sudo without a password.")
        assert bare.state() == before
        bare.write("/etc/sudoers.d/technician", "technician ALL=(ALL) NOPASSWD: ALL\n", mode="0440")
        before = bare.state()
        done = project.run("plan")
        assert done.code == 0, done.err
        assert "would install" in done.out
        assert bare.state() == before
    finally:
        bare.run("rm -f /etc/sudoers.d/technician; userdel --remove technician", check=False)
