"""The look from inside, on real servers: complete, silent, without secrets, changing nothing."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from provision.inventory.reading import load
from provision.verify.evidence import Evidence
from provision.verify.finding import State
from provision.verify.inside.program import PARTS
from provision.verify.judges import parts
from provision.verify.probes import inside
from provision.verify.target import Target, of_school
from tests.system.project import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.school import School

# What signing in over SSH writes by itself, and nobody can avoid.
SIGN_IN = ("sshd", "systemd-logind", "systemd[", "(systemd)", "sudo", "(sd-pam)")


@pytest.fixture(autouse=True)
def key(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign in with the technician's agent."""
    monkeypatch.setenv("SSH_AUTH_SOCK", str(school.project.agent.socket))


def look(school: School, **settings: Any) -> dict[str, Any]:
    """What is seen of a school's server, by this very program."""
    inventory = school.project.folder / "inventory.yml"
    found = load(inventory).schools[KEY].model_copy(update=settings)
    target: Target = of_school(inventory, KEY, found)
    return inside.measure(target)


@pytest.fixture(params=["13", "12"])
def deployed(request: pytest.FixtureRequest) -> School:
    """A deployed school on each release."""
    name = "school" if request.param == "13" else "school12"
    found: School = request.getfixturevalue(name)
    return found


def test_every_part_comes_back(deployed: School) -> None:
    seen = look(deployed)
    assert seen["missing"] == {}
    assert set(seen["parts"]) == set(PARTS)
    assert (seen["root"], seen["visited"]) == (True, True)
    running = {name for name, part in seen["parts"].items() if part.get("running")}
    assert running == {"prosody", "bridge", "focus", "web", "relay"}
    assert seen["parts"]["prosody"]["asked"] is True
    assert seen["parts"]["traces"] == {
        "searched": True, "address_known": True, "marked": {}, "addressed": {}, "stored": {},
    }  # fmt: skip


def test_logs_access_and_contacts_are_as_required(deployed: School) -> None:
    # Only a sign-in at a terminal is written into the record of sign-ins.
    host = deployed.host
    subprocess.run(
        ["ssh", "-tt", *host.ssh_args, f"root@{host.address}", "true"],
        check=True,
        capture_output=True,
    )
    record = "wtmp.db" if host.release == "13" else "wtmp"
    assert host.read(f"/var/log/{record}")
    evidence = Evidence({"inside": look(deployed)})
    judged = {
        control: part.function(evidence)
        for control, known in parts().items()
        for part in known
        if part.section == "inside"
        and control.startswith(("LOG", "ACC", "MIN", "MOD", "REC", "STA", "TLS"))
    }
    failed = {key: found for key, found in judged.items() if found.state is not State.FULFILLED}
    assert failed == {}
    assert len(judged) == 24


def test_nothing_is_changed_and_nothing_is_written_down(deployed: School) -> None:
    host = deployed.host
    before, logs = host.state_hash(), sizes(deployed)
    begun = int(time.time())
    look(deployed)
    assert host.state_hash() == before
    assert sizes(deployed) == logs
    lines = host.run(["journalctl", "-q", "-o", "short", f"--since=@{begun}"]).stdout
    told = [line for line in lines.splitlines() if not any(word in line for word in SIGN_IN)]
    assert told == []


def test_no_secret_and_no_person_leaves_the_server(school: School, teacher: str) -> None:
    told = json.dumps(look(school))
    assert [name for name, value in school.secrets().items() if value in told] == []
    assert teacher not in told
    assert "BEGIN" not in told
    meet = school.domain
    assert look(school)["parts"]["accounts"]["hosts"][meet]["accounts"] >= 1


def test_an_account_with_sudo_sees_the_same(school: School) -> None:
    host = school.host
    host.run("useradd -m -s /bin/bash technician && cp -r /root/.ssh /home/technician/ && "
             "chown -R technician: /home/technician/.ssh && "
             "echo 'technician ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/technician")  # fmt: skip
    try:
        seen = look(school, ssh_user="technician")
    finally:
        host.run("loginctl terminate-user technician; userdel -rf technician; "
                 "rm /etc/sudoers.d/technician", check=False)  # fmt: skip
    assert (seen["root"], seen["missing"]) == (True, {})
    assert seen["parts"]["traces"]["address_known"] is True


def test_an_account_without_sudo_is_a_clear_line(school: School) -> None:
    school.host.run("useradd -m -s /bin/bash visitor && cp -r /root/.ssh /home/visitor/ && "
                    "chown -R visitor: /home/visitor/.ssh")  # fmt: skip
    try:
        with pytest.raises(inside.NotMeasuredError, match="without an answer: sudo: "):
            look(school, ssh_user="visitor")
    finally:
        school.host.run("loginctl terminate-user visitor; userdel -rf visitor", check=False)


# How somebody may spoil a server by hand, how it is taken back, and where that must be seen.
SPOILED = {
    "LOG-01": (
        "cd /etc/nginx/conf.d && echo 'server { access_log /var/log/nginx/x.log; }' > x.conf",
        "rm /etc/nginx/conf.d/x.conf",
        "/var/log/nginx/x.log",
    ),
    "LOG-04": (
        "cd /var/log/jitsi && echo x > jvb.log.4 && touch -d '12 days ago' jvb.log.4",
        "rm /var/log/jitsi/jvb.log.4",
        "/var/log/jitsi/jvb.log.4",
    ),
    "LOG-06": ("logger -t turnserver provision-verify-room", "true", "journal: turnserver"),
    "LOG-09": ("touch /tmp/java_pid1.hprof", "rm /tmp/java_pid1.hprof", "/tmp/java_pid1.hprof"),
    "ACC-07": (
        "cd /var/lib/prosody/meet*/ && mkdir -p vcard && touch vcard/left.dat",
        "rm -r /var/lib/prosody/meet*/vcard",
        "vcard (1)",
    ),
    "HST-02": (
        "echo 'PasswordAuthentication yes' > /etc/ssh/sshd_config.d/00-x.conf",
        "rm /etc/ssh/sshd_config.d/00-x.conf",
        "passwordauthentication yes",
    ),
    "HST-03": (
        "sed -i.x '/^denied-peer-ip=0/d' /etc/turnserver.conf",
        "mv /etc/turnserver.conf.x /etc/turnserver.conf",
        "169.254.169.254",
    ),
    "HST-06": (
        "chmod 0644 /etc/turnserver.conf",
        "chmod 0640 /etc/turnserver.conf",
        "/etc/turnserver.conf (0644)",
    ),
    "OPS-01": (
        # Type=exec: it returns when the program was really started.
        "cd /usr/bin && cp sleep x && systemd-run -q --collect -pType=exec -u x x 900 && rm x",
        "systemctl stop x",
        "x.service runs in an old version",
    ),
    "OPS-05": (
        "cp -p /etc/jitsi/jicofo/config /tmp/x && echo >> /etc/jitsi/jicofo/config",
        "mv /tmp/x /etc/jitsi/jicofo/config",
        "/etc/jitsi/jicofo/config",
    ),
}


@pytest.fixture(scope="module")
def spoiled(school: School) -> Iterator[Evidence]:
    """What is seen of a server that was spoiled in every way at once."""
    before = school.host.state_hash()
    try:
        for spoil, _back, _evident in SPOILED.values():
            school.host.run(spoil)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSH_AUTH_SOCK", str(school.project.agent.socket))
            yield Evidence({"inside": look(school)})
    finally:
        for _spoil, back, _evident in SPOILED.values():
            school.host.run(back, check=False)
    assert school.host.state_hash() == before


@pytest.mark.parametrize("control", SPOILED)
def test_what_was_done_by_hand_is_seen(spoiled: Evidence, control: str) -> None:
    judges = [part.function for part in parts()[control] if part.section == "inside"]
    failed = [found for found in (one(spoiled) for one in judges) if found.state is State.FAILED]
    (finding,) = failed
    assert SPOILED[control][2] in finding.sentence


@pytest.fixture
def teacher(school: School) -> Iterator[str]:
    """A teacher with an account."""
    name = "m.mustermann-huber"
    school.project.run("teachers", "add", KEY, name)
    yield name
    school.project.run("teachers", "remove", KEY, name)


def sizes(school: School) -> dict[str, str]:
    """Every log file with its size, but for the records of sign-ins."""
    listing = school.host.run(
        ["find", "/var/log", "-type", "f", "-not", "-path", "*/journal/*", "-printf", "%p %s\n"]
    ).stdout
    found = dict(line.rsplit(" ", 1) for line in listing.splitlines())
    return {
        path: size for path, size in found.items() if not path.endswith(("tmp", "lastlog", ".db"))
    }
