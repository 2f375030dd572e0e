"""The proof over XMPP and TURN on a school as deployed: everything holds, and nothing is left."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from provision.inventory.reading import load
from provision.verify.finding import State
from provision.verify.measure import measure
from provision.verify.target import Target
from provision.verify.verdict import verdicts
from tests.system.project import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from provision.verify.evidence import Evidence
    from tests.system.school import School

SECTIONS = ("xmpp", "lesson", "relay")
MARK = "provision-verify-"
CONTROLS = {
    "MIN-01", "MIN-06", "THP-04", "LOG-08", "ACC-01", "ACC-02", "ACC-03", "ACC-04", "ACC-05",
    "MOD-01", "MOD-02", "MOD-03", "MOD-04", "MOD-05", "MOD-06", "REC-01", "REC-02", "STA-01",
    "HST-03",
}  # fmt: skip
TEACHER = """
import json, sys
from pathlib import Path
from provision.inventory.reading import load
from provision.verify.target import Target
from provision.verify.teacher import temporary_teacher
inventory = Path("inventory.yml").resolve()
school = load(inventory).schools[sys.argv[1]]
target = Target(school.domain, school.address, key=sys.argv[1], school=school, inventory=inventory)
with temporary_teacher(target) as account:
    print(account.user, flush=True)
    sys.stdin.read()
"""
# As somebody might change the server by hand, one line for each hole.
HOLES = """
VirtualHost "DOMAIN"
    external_services = { { type = "stun", host = "192.0.2.1", port = 3478, transport = "udp" } }
VirtualHost "recorder.DOMAIN"
    authentication = "internal_hashed"
    modules_enabled = { "saslauth" }
Component "conference.DOMAIN" "muc"
    modules_enabled = { "muc_meeting_id", "muc_domain_mapper", "muc_rate_limit" }
    jitsi_default_permissions = { recording = true }
Component "internal.auth.DOMAIN" "muc"
    modules_enabled = { "muc_hide_all", "ping" }
Component "speakerstats.DOMAIN" "speakerstats_component"
    muc_component = "conference.DOMAIN"
Component "filesharing.DOMAIN" "filesharing_component"
    muc_component = "conference.DOMAIN"
"""
# As its packages leave it, where whoever comes is told of the relay.
OPEN_RELAY = """
VirtualHost "DOMAIN"
    modules_disabled = { "school_relay" }
    external_services = {
        { type = "turns", host = "DOMAIN", port = 5349, transport = "tcp", secret = true,
          ttl = 14400, algorithm = "turn" },
    }
"""
FOUND = {
    "THP-04", "REC-01", "REC-02", "MOD-01", "MOD-02", "MOD-03", "MOD-04", "MOD-05", "MOD-06",
    "ACC-01", "ACC-03", "ACC-04", "STA-01", "MIN-06",
}  # fmt: skip


@pytest.fixture
def settings(school: School, request: pytest.FixtureRequest) -> Iterator[None]:
    """Prosody with other settings, the parameter, for one test."""
    file = "/etc/jitsi-provision/local/holes.cfg.lua"
    school.host.write(file, request.param.replace("DOMAIN", school.domain))
    try:
        restart(school)
        yield
    finally:
        school.host.run(["rm", file])
        restart(school)


def restart(school: School) -> None:
    """Return when Prosody has been started again, and focus and bridge are back and warm.

    Until then Prosody lets who asks for a conference wait, longer than the proof has patience.
    """
    school.restart("prosody")
    school.restart("jicofo", "jitsi-videobridge2")
    ready = '"operational_bridge_count": 1'
    until(lambda: ready in school.host.run("curl -s http://127.0.0.1:8888/stats || true").stdout)
    warm = ["test", "-e", "/run/jitsi-provision-warm/bridge"]
    until(lambda: school.host.run(warm, check=False).returncode == 0, 90)


@pytest.fixture
def target(school: School, monkeypatch: pytest.MonkeyPatch) -> Target:
    """The deployed school as a technician's program sees it."""
    for name, value in school.project.environment.items():
        monkeypatch.setenv(name, value)
    inventory = school.project.folder / "inventory.yml"
    return Target(
        school.domain,
        school.host.address,
        school.bench.acme.root_file,
        key=KEY,
        school=load(inventory).schools[KEY],
        inventory=inventory,
    )


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Return when something has come about; fail if it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def accounts(school: School) -> str:
    """Return the files that Prosody keeps of temporary accounts."""
    return school.host.run(["find", "/var/lib/prosody", "-name", "provision%2d*"]).stdout


def seen(evidence: Evidence) -> dict[str, State]:
    """Return the verdicts of the controls that these sections judge."""
    judged = {verdict.control.id: verdict for verdict in verdicts(evidence, sections=SECTIONS)}
    return {key: judged[key].state for key in sorted(CONTROLS)}


def test_all_holds_and_nothing_is_left(school: School, target: Target) -> None:
    begun = school.host.run(["date", "+%s"]).stdout.strip()
    evidence = measure(target, SECTIONS)
    assert {section: str(reason) for section, reason in evidence.missing.items()} == {}
    assert seen(evidence) == dict.fromkeys(sorted(CONTROLS), State.FULFILLED)
    assert accounts(school) == ""
    rooms = ["prosodyctl", "shell", f"muc:list('conference.{school.domain}')"]
    until(lambda: MARK not in school.host.run(rooms).stdout)
    journal = school.host.run(
        ["journalctl", "--since", f"@{begun}", "-u", "prosody", "-u", "jicofo", "-u", "coturn"]
    ).stdout
    assert MARK not in journal
    assert json.dumps(evidence.data).count("password") == 0


def test_what_a_killed_program_leaves_is_taken_away(school: School, target: Target) -> None:
    assert target.inventory
    program = subprocess.Popen(
        [sys.executable, "-c", TEACHER, KEY],
        cwd=target.inventory.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout
    user = program.stdout.readline().strip()
    assert user.replace("-", "%2d") in accounts(school)
    listed = school.project.run("teachers", "list", KEY, "--json")
    assert json.loads(listed.out) == []
    program.kill()
    program.communicate()
    until(lambda: not accounts(school))


@pytest.mark.parametrize("settings", [HOLES], ids=["holes"], indirect=True)
@pytest.mark.usefixtures("settings")
def test_holes_are_found(target: Target) -> None:
    evidence = measure(target, ("xmpp", "lesson"))
    judged = verdicts(evidence, sections=("xmpp", "lesson"))
    assert {section: str(reason) for section, reason in evidence.missing.items()} == {}
    assert {verdict.control.id for verdict in judged if verdict.state is State.FAILED} == FOUND


@pytest.mark.parametrize(
    ("change", "control", "sentence"),
    [
        ("/^denied-peer-ip=/d", "HST-03", "10.0.0.1"),
        ("/^user-quota=/d", "HST-03", "One person can take the relay from all others"),
        ("/^no-software-attribute/d", "TLS-06", "Coturn-4"),
    ],
)
def test_a_hole_in_the_relay_is_found(
    school: School, target: Target, change: str, control: str, sentence: str
) -> None:
    file = "/etc/turnserver.conf"
    school.host.run(["cp", "-a", file, f"{file}.before"])
    try:
        school.host.run(["sed", "-i", change, file])
        school.restart("coturn")
        until(lambda: sentence in relay_failures(target, control))
    finally:
        school.host.run(["mv", f"{file}.before", file])
        school.restart("coturn")
    until(lambda: relay_failures(target, control) == "")


@pytest.mark.parametrize("settings", [OPEN_RELAY], ids=["open relay"], indirect=True)
@pytest.mark.usefixtures("settings")
def test_credentials_for_whoever_comes_are_found(target: Target) -> None:
    assert "Whoever comes gets credentials for the relay" in relay_failures(target, "HST-03")
    assert "Credentials for the relay hold 2" in relay_failures(target, "THP-04")


def relay_failures(target: Target, control: str) -> str:
    """Return what a control finds wrong with the relay, once it serves again."""
    judged = verdicts(measure(target, ["relay"]), sections=["relay"])
    (verdict,) = [each for each in judged if each.control.id == control]
    if verdict.state is State.NOT_MEASURED:
        return "not yet"
    return " ".join(each.sentence for each in verdict.findings if each.state is State.FAILED)
