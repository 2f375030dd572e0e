"""LIV: a server on which somebody has lived: refused before anything changes, or deployed to.

Everything at once on one host of each release, since each deployment costs minutes: first what
somebody needs is refused with a list, each remedy is followed as it is printed, then packages that
nobody has ever set up are taken over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.bench.fingerprint import difference
from tests.system.entrance import Entrance

if TYPE_CHECKING:
    from tests.bench import Bench, Host
    from tests.conftest import MakeHost
    from tests.system.conftest import MakeProject
    from tests.system.project import Project

pytestmark = pytest.mark.lived_in
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install -y -q"
# Apache leaves its page and its settings behind.
PACKAGES = f"""
set -e
apt-get update -q
{INSTALL} apache2
DEBIAN_FRONTEND=noninteractive apt-get remove -y -q apache2 apache2-bin
{INSTALL} nginx prosody coturn certbot unattended-upgrades ufw
"""
KEYRING = "/usr/share/keyrings/jitsi-keyring.gpg"
SOURCES = "/etc/apt/sources.list.d"
TALK = "\nuse-auth-secret\nstatic-auth-secret=of-nextcloud-talk\nrealm=cloud.example.org\n"
CHAT = 'VirtualHost "chat.example.org"\n'


@dataclass
class Trouble:
    """What somebody has on the server: how it came there, and the file that tells."""

    name: str
    prepare: str
    sentence: str
    remedy: str
    """As it is printed, but for URL."""
    follow: str = ""
    """What a person does who follows it, where it is no command."""


def purge(packages: str, places: str) -> str:
    """Return the remedy for a service that becomes ours."""
    return (
        "use an empty server; if nobody needs this any more, on the server, as root: "
        f"apt-get purge {packages}; rm -rf {places}"
    )


TROUBLES = [
    Trouble(
        "Jitsi's handbook",
        f"echo 'deb [signed-by={KEYRING}] URL/ stable/' > {SOURCES}/jitsi-stable.list",
        f"Jitsi's package source stands in {SOURCES}/jitsi-stable.list already; "
        "two of them stop apt.",
        f"on the server, as root: rm {SOURCES}/jitsi-stable.list",
    ),
    Trouble(
        "the present form, among others",
        f"cp {SOURCES}/debian.sources {SOURCES}/more.sources 2>/dev/null || "
        f"printf 'Types: deb\\nURIs: http://x.invalid\\nSuites: x/\\nEnabled: no\\n' "
        f"> {SOURCES}/more.sources; mkdir /srv/other; touch /srv/other/Packages; "
        f"printf '\\nTypes: deb\\nURIs: URL\\nSuites: stable/\\n"
        f"Signed-By: {KEYRING}\\n\\nTypes: deb\\nURIs: file:/srv/other\\nSuites: ./\\n"
        f"Trusted: yes\\n' >> {SOURCES}/more.sources",
        f"Jitsi's package source stands in {SOURCES}/more.sources already; two of them stop apt.",
        rf"on the server, as root: sed -i '\d+s/\^/Enabled: no\\n/' {SOURCES}/more.sources",
    ),
    Trouble(
        "a page in nginx's own site",
        "echo '<h1>Gymnasium</h1>' > /var/www/html/index.html",
        "nginx serves somebody already, and would not any more: /var/www/html/index.html.",
        purge("nginx nginx-common", "/etc/nginx"),
    ),
    Trouble(
        "the school's chat",
        f"echo '{CHAT}' > /etc/prosody/conf.avail/chat.example.org.cfg.lua; "
        "ln -s ../conf.avail/chat.example.org.cfg.lua /etc/prosody/conf.d/; "
        "install -d -o prosody /var/lib/prosody/chat%2eexample%2eorg/accounts; "
        "touch /var/lib/prosody/chat%2eexample%2eorg/accounts/anna.dat",
        "Prosody serves somebody already, and would not any more: "
        "/etc/prosody/conf.avail/chat.example.org.cfg.lua, "
        "/etc/prosody/conf.d/chat.example.org.cfg.lua, "
        "/var/lib/prosody/chat%2eexample%2eorg/accounts/anna.dat.",
        purge("prosody", "/etc/prosody /var/lib/prosody"),
    ),
    Trouble(
        "the relay of Nextcloud Talk",
        f"printf '{TALK.encode('unicode_escape').decode()}' >> /etc/turnserver.conf",
        "coturn serves somebody already, and would not any more: /etc/turnserver.conf.",
        purge("coturn", "/etc/turnserver.conf /etc/default/coturn"),
    ),
    Trouble(
        "a Java program on 8080",
        "cp -L /usr/bin/python3 /usr/local/bin/java; mkdir -p /srv/empty; "
        "systemd-run -q --unit=unifi -p WorkingDirectory=/srv/empty java -m http.server 8080; "
        "until ss -Hltn sport = :8080 | grep -q .; do sleep 0.1; done",
        "The program java (unifi.service) holds port 8080/tcp, which Jitsi needs.",
        "use an empty server, or move that service to another port",
        "systemctl stop unifi; systemd-run -q --unit=unifi-moved -p WorkingDirectory=/srv/empty "
        "java -m http.server 8081",
    ),
]  # fmt: skip


@dataclass
class LivedIn:
    """A host with everything that somebody may have on it, and a technician's directory for it."""

    host: Host
    project: Project
    url: str

    def run(self, command: str) -> None:
        """Run something on the host."""
        self.host.run(["bash", "-c", command.replace("URL", self.url)])


@pytest.fixture(scope="module", params=["13", "12"])
def lived_in(
    request: pytest.FixtureRequest, bench: Bench, make_host: MakeHost, make_project: MakeProject
) -> LivedIn:
    """A host with packages that nobody has set up, of which Apache is removed and not purged."""
    host = make_host(request.param, name=f"lived{request.param}")
    host.run(["bash", "-c", PACKAGES])
    return LivedIn(host, make_project(host), bench.packages.url)


def test_packages_that_nobody_has_set_up_are_in_nobodys_way(lived_in: LivedIn) -> None:
    done = lived_in.project.run("plan")
    assert done.code == 0, done.err


def test_what_somebody_needs_is_refused_before_anything_changes(lived_in: LivedIn) -> None:
    for trouble in TROUBLES:
        lived_in.run(trouble.prepare)
    before = lived_in.host.state()
    done = lived_in.project.run("deploy")
    assert (done.code, done.out) == (5, ""), done.err
    said = [re.sub(r"^  (?:Why    |Next   |       )", "", line) for line in done.err.splitlines()]
    told = said[2:]
    assert said[1] == "✗ This server cannot be used as it is; nothing was changed on it."
    assert len(told) == 2 * len(TROUBLES), done.err
    for trouble in TROUBLES:
        at = told.index(trouble.sentence)
        remedy = told[at + len(TROUBLES)]
        assert remedy == trouble.remedy or re.fullmatch(trouble.remedy, remedy), remedy
        if not trouble.follow:
            trouble.follow = remedy.partition("as root: ")[2]
    assert difference(before, lived_in.host.state()) == []


def test_each_remedy_heals_as_it_is_printed(lived_in: LivedIn) -> None:
    rest = list(TROUBLES)
    for trouble in TROUBLES:
        command = trouble.follow.replace("apt-get purge", "apt-get purge -y -q")
        lived_in.run(command)
        rest.remove(trouble)
    done = lived_in.project.run("plan")
    assert done.code == 0, done.err
    lived_in.run("apt-get update -q -o APT::Update::Error-Mode=any" if not rest else "false")


def test_the_first_deployment_takes_over_what_nobody_has_set_up(
    lived_in: LivedIn, bench: Bench
) -> None:
    # One that was removed, not purged, and whose settings somebody has deleted; two that run. The
    # page of before would be nginx's again, and somebody's.
    gone, place = {
        "13": ("prosody", "/etc/prosody"), "12": ("nginx nginx-common", "/etc/nginx")
    }[lived_in.host.release]  # fmt: skip
    lived_in.run(
        f"set -e; rm -f /var/www/html/index.html; {INSTALL} nginx prosody coturn; "
        f"DEBIAN_FRONTEND=noninteractive apt-get remove -y -q {gone}; rm -rf {place}"
    )
    done = lived_in.project.run("deploy", "--json")
    assert done.code == 0, done.err
    entrance = Entrance(lived_in.host.address, lived_in.project.domain, bench.acme.root_file)
    assert entrance.get("/").status == 200
    assert lived_in.host.run("nginx -t -q", check=False).stderr == ""
    lived_in.run("apt-get update -q -o APT::Update::Error-Mode=any")
    again = lived_in.project.run("deploy", "--json")
    assert again.data["changed"] == []
    assert again.data["restarted"] == []


def test_a_program_that_takes_a_port_later_ends_the_wait_with_a_sentence(
    lived_in: LivedIn,
) -> None:
    folder = "/etc/systemd/system/jitsi-videobridge2.service.d"
    lived_in.run(
        f"set -e; systemctl stop jitsi-videobridge2; cat > {folder}/zz-late.conf <<'END'\n"
        "[Service]\n"
        "ExecStartPre=-+/usr/bin/systemd-run -q --unit=late -p WorkingDirectory=/srv/empty "
        "/usr/local/bin/java -m http.server 8080\n"
        "ExecStartPre=+/bin/sh -c 'until ss -Hltn sport = :8080 | grep -q .; do sleep 0.1; done'\n"
        "END\nsystemctl daemon-reload"
    )
    try:
        done = lived_in.project.run("deploy", seconds=300)
        assert done.code == 4
        assert "✗ A service does not start: another program holds its port." in done.err
        assert "run this again, which names that program" in done.err
        # Followed as it is printed.
        named = lived_in.project.run("deploy")
        assert named.code == 5
        assert "The program java (late.service) holds port 8080/tcp" in named.err
    finally:
        lived_in.run(f"rm {folder}/zz-late.conf; systemctl daemon-reload; systemctl stop late")
    assert lived_in.project.run("deploy").code == 0


def test_every_service_starts_where_the_kernel_knows_no_ipv6(
    lived_in: LivedIn, bench: Bench
) -> None:
    # As `ipv6.disable=1` does: no address, and no program may open such a port. A connection that
    # is kept from the test before would still be of a server that knows IPv6.
    lived_in.run(
        "set -e; sysctl -q -w net.ipv6.conf.all.disable_ipv6=1\n"
        "for unit in ssh nginx coturn prosody jicofo jitsi-videobridge2; do\n"
        "    folder=/etc/systemd/system/$unit.service.d; mkdir -p $folder\n"
        "    printf '[Service]\\nRestrictAddressFamilies=\\nRestrictAddressFamilies="
        "AF_UNIX AF_INET AF_NETLINK\\n' > $folder/zz-no-ipv6.conf\n"
        "done\n"
        "systemctl daemon-reload; systemctl restart ssh\n"
        "pkill -KILL -f '^sshd(-session)?: root' || true\n"
        "systemctl stop nginx coturn prosody jicofo jitsi-videobridge2"
    )
    done = lived_in.project.run("deploy", "--json")
    assert done.code == 0, done.err
    assert "/etc/nginx/modules-enabled/70-jitsi-provision.conf" in done.data["changed"]
    entrance = Entrance(lived_in.host.address, lived_in.project.domain, bench.acme.root_file)
    assert entrance.get("/").status == 200
    assert lived_in.project.run("deploy", "--json").data["changed"] == []
