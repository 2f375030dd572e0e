"""UPG: a server of the last landed state, in use and with local changes, takes up this one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import Refused
from tests.system import former, school
from tests.system.check.desk import Desk
from tests.system.entrance import Entrance
from tests.system.visitor import Visitor

if TYPE_CHECKING:
    from tests.bench import Bench, Host
    from tests.conftest import MakeHost
    from tests.system.conftest import MakeProject
    from tests.system.project import Done, Project

KEY, TEACHER = "gymnasium-nord", "anna.berg"
LOCAL = "/etc/jitsi-provision/local"
CHANGES = {
    "config.js": "config.startWithAudioMuted = true;\n",
    "own.nft": ("table inet jitsi_provision {\n    chain input { tcp dport 9100 accept; }\n}\n"),
    "own.nginx.conf": 'location = /own { default_type text/plain; return 200 "own page"; }\n',
    "own.cfg.lua": "-- nothing but this line\n",
    "jvb.conf": "videobridge.load-management.reducer-enabled = false\n",
    "jicofo.conf": "jicofo.conference.max-ssrcs-per-user = 20\n",
}
"""What a sysadmin has added, in the way that the handbook of this program tells."""
MAY_START_ANEW = {
    *school.UNITS,
    "jitsi-provision-first-conference.service",
    "jitsi-provision-internal-certificates.timer",
    # When security updates come: in the night, before the restart.
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    # They do their work at each call and end.
    "systemd-sysctl.service",
    "jitsi-provision-firewall.service",
    "jitsi-provision-take-back.service",
}
RUNS = """
for unit in $(systemctl list-units --plain --no-legend --state=active --type=service,timer,socket |
    cut -d' ' -f1); do
    echo "$unit $(systemctl show --value -p InvocationID "$unit")"
done
"""


def invocations(host: Host) -> dict[str, str]:
    """Return what identifies the present run of each unit that is no sign-in of somebody."""
    lines = (line.split(" ", 1) for line in host.run(RUNS).stdout.splitlines())
    return {unit: run for unit, run in lines if not unit.startswith(("user", "session", "sshd@"))}


@dataclass
class Upgraded:
    """A server before and after."""

    host: Host
    project: Project
    password: str
    secrets: dict[str, str]
    before: dict[str, str]
    after: dict[str, str]
    checked: Done
    first: Done
    second: Done


def secrets(host: Host) -> dict[str, str]:
    """Return the secrets that were born on the server."""
    lines = host.run("cd /etc/jitsi-provision/secrets && grep -H . *").stdout.splitlines()
    return dict(line.split(":", 1) for line in lines)


@pytest.fixture(scope="module", params=["13", pytest.param("12", marks=pytest.mark.lived_in)])
def upgraded(
    request: pytest.FixtureRequest,
    make_host: MakeHost,
    make_project: MakeProject,
    bench: Bench,
    tmp_path_factory: pytest.TempPathFactory,
) -> Upgraded:
    """A server that was deployed with the former program, and then with this one twice."""
    before = former.bring(tmp_path_factory.mktemp("former"))
    host = make_host(request.param, name=f"upgrade{request.param}")
    project = make_project(host)
    done = before.run(project, "deploy")
    assert done.code == 0, done.err
    made = before.run(project, "teachers", "add", KEY, TEACHER, "--json")
    assert made.code == 0, made.err
    for name, text in CHANGES.items():
        host.write(f"{LOCAL}/{name}", text)
    # As somebody does who has never heard of the directory: our file is changed where it stands.
    host.run("echo '# by hand' >> /etc/turnserver.conf")
    assert before.run(project, "deploy").code == 0
    born, running = secrets(host), invocations(host)
    checked = Desk(bench.chair(), project).run()
    first = project.run("deploy", "--json")
    return Upgraded(
        host=host,
        project=project,
        password=json.loads(made.out)[TEACHER],
        secrets=born,
        before=running,
        after=invocations(host),
        checked=checked,
        first=first,
        second=project.run("deploy", "--json"),
    )


def test_the_check_finds_nothing_in_the_way(upgraded: Upgraded) -> None:
    assert upgraded.checked.code == 0, upgraded.checked.out


def test_it_converges(upgraded: Upgraded) -> None:
    assert upgraded.first.code == 0, upgraded.first.err
    assert upgraded.second.code == 0, upgraded.second.err
    told = upgraded.second.data
    assert [told[what] for what in ("changed", "started", "restarted", "reloaded")] == [[]] * 4


def test_accounts_and_secrets_are_kept(upgraded: Upgraded, bench: Bench) -> None:
    # A later state may bring new ones.
    assert upgraded.secrets.items() <= secrets(upgraded.host).items()
    domain = upgraded.project.domain
    entrance = Entrance(upgraded.host.address, domain, bench.acme.root_file)
    with pytest.raises(Refused):
        Visitor(entrance, domain).sign_in(TEACHER, "not-the-password")
    Visitor(entrance, domain).sign_in(TEACHER, upgraded.password)
    listed = upgraded.project.run("teachers", "list", KEY, "--json")
    assert TEACHER in listed.out


def test_nothing_is_restarted_that_need_not_be(upgraded: Upgraded) -> None:
    others = set(upgraded.before) - MAY_START_ANEW
    assert {"ssh.service", "systemd-journald.service", "dbus.service"} <= others
    assert {unit: upgraded.after.get(unit) for unit in others} == {
        unit: upgraded.before[unit] for unit in others
    }
    # Each of ours at most once, and only for a file of its own that has changed.
    told = upgraded.first.data
    done = [*told["started"], *told["restarted"], *told["reloaded"]]
    assert len(done) == len(set(done))
    # This state may bring units that did not run before.
    assert set(done) & set(upgraded.before) <= MAY_START_ANEW


def test_local_changes_are_in_force(upgraded: Upgraded, bench: Bench) -> None:
    for name, text in CHANGES.items():
        assert upgraded.host.read(f"{LOCAL}/{name}").decode() == text
    entrance = Entrance(upgraded.host.address, upgraded.project.domain, bench.acme.root_file)
    assert entrance.get("/own").text == "own page"
    assert "config.startWithAudioMuted = true;" in entrance.get("/config.js").text + (
        entrance.get("/local-config.js").text
    )
    rules = upgraded.host.run("nft list table inet jitsi_provision").stdout
    assert "tcp dport 9100 accept" in rules
