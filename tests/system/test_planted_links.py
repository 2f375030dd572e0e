"""HST: root follows no link that a service has planted, whatever of it is running.

Each service's account puts links in the place of all that it can move on the server, and then every
step runs that root does there: at night, at a deployment, for teachers, for the proof, and when
packages are upgraded. What belongs to root alone stays as it is, and nobody else reads it.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from provision.verify import teacher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench import Host
    from tests.system.school import School

ACCOUNTS = ("prosody", "jicofo", "jvb", "turnserver", "www-data")
PLANT = Path(__file__).with_name("plant.py")
SECRET = "of-root-alone-7f3a"
# What must stay as it is: the victims of the links, and where a link that leads nowhere points.
LOOK = r"""
import json, os, pathlib, stat
found = {}
def look(path):
    status = os.lstat(path)
    text = open(path).read() if stat.S_ISREG(status.st_mode) else sorted(os.listdir(path))
    found[path] = [status.st_uid, status.st_gid, oct(status.st_mode), text]
for path in ("/root/victim", "/root/victims", "/root/victims/one", "/etc/cron.d", "/root/.ssh"):
    look(path)
print(json.dumps(found))
"""
READ = f"grep -rIls --devices=skip {SECRET} /etc /opt /srv /usr/local /var /tmp /run; true"
PACKAGES = "prosody jicofo jitsi-videobridge2 jitsi-meet-prosody coturn jitsi-meet-turnserver nginx"


def nightly(school: School) -> None:
    """Renew the internal certificates, which end soon."""
    pair = f"/etc/prosody/certs/auth.{school.domain}"
    school.host.run(
        f"openssl x509 -in {pair}.crt -key {pair}.key -days 20 -out /tmp/soon.crt "
        f"&& cat /tmp/soon.crt >{pair}.crt; rm -f /tmp/soon.crt",
        check=False,
    )
    school.host.run("systemctl start jitsi-provision-internal-certificates", check=False)


def teachers(school: School) -> None:
    """Add a teacher, give another password, remove."""
    for verb in ("add", "password", "remove"):
        school.project.run("teachers", verb, "gymnasium-nord", "l.planted", seconds=120)


def proof(school: School) -> None:
    """Make and remove the account of a proof."""
    program = teacher._program()
    wish = json.dumps({"host": school.domain, "seconds": 20})
    call = ["timeout", "60", "python3", "-c", teacher._START, wish, str(len(program))]
    school.host.run(call, input=program.decode() + "over\n", check=False)


def deployment(school: School) -> None:
    """Deploy again, where the internal certificates have to be made and all files are looked at."""
    school.host.run("rm -f /etc/prosody/certs/*.crt /etc/coturn-tls/cert.pem", check=False)
    school.project.run("deploy", seconds=300)


def logs(school: School) -> None:
    """Rotate every log."""
    school.host.run("logrotate -f -s /tmp/planted-state /etc/logrotate.conf", check=False)


def certificate(school: School) -> None:
    """Bring another certificate to web and relay."""
    pair = "/var/lib/jitsi-provision/self-signed"
    school.host.run(
        f"/usr/local/lib/jitsi-provision/install-certificate {pair}/certificate.pem {pair}/key.pem",
        check=False,
    )


def upgrade(school: School) -> None:
    """Let the packages' own scripts run, as at each upgrade."""
    school.host.run(
        "export DEBIAN_FRONTEND=noninteractive; dpkg --force-confold --configure -a; "
        "apt-get install --yes --quiet --reinstall "
        f"-o Dpkg::Options::=--force-confold {PACKAGES}",
        check=False,
        timeout=300,
    )


def look(school: School) -> None:
    """Look from inside, as the proof does."""
    school.project.run("verify", "--json", seconds=120)


STEPS: tuple[Callable[[School], None], ...] = (
    nightly, teachers, proof, deployment, logs, certificate, upgrade, look,
)  # fmt: skip


@contextmanager
def planted(host: Host, kind: str) -> Iterator[list[str]]:
    """Let every account plant; afterwards everything is back in its place."""
    host.put(PLANT, "/usr/local/bin/plant.py", mode="0755")
    host.run(
        f"install -m 0600 /dev/null /root/victim; echo {SECRET} >/root/victim; "
        f"mkdir -p -m 0700 /root/victims; echo {SECRET} >/root/victims/one; "
        "chmod 0600 /root/victims/one; rm -f /etc/cron.d/planted"
    )
    done: list[Any] = []
    try:
        for account in ACCOUNTS:
            become = ["setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups"]
            if account in ("jicofo", "jvb"):
                become[2] = "--regid=jitsi"
            program = ["python3", "/usr/local/bin/plant.py", kind]
            done += json.loads(host.run([*become, *program]).stdout)
        yield [path for path, _moved in done]
    finally:
        host.run(["python3", "/usr/local/bin/plant.py", "undo"], input=json.dumps(done))
        host.run("rm -rf /root/victim /root/victims /usr/local/bin/plant.py /etc/cron.d/planted")


def seen(host: Host) -> dict[str, Any]:
    """Return the victims as they are."""
    found: dict[str, Any] = json.loads(host.run(["python3", "-c", LOOK]).stdout)
    return found


def reads(host: Host, account: str) -> list[str]:
    """Return where an account reads what is root's alone."""
    return host.run(["runuser", "-u", account, "--", "sh", "-c", READ]).stdout.split()


@pytest.fixture(params=["13", "12"])
def attacked(request: pytest.FixtureRequest) -> Iterator[School]:
    """The school on each release; it works as before in the end."""
    school: School = request.getfixturevalue("school" if request.param == "13" else "school12")
    yield school
    school.host.run("dpkg --force-confold --configure -a", check=False, timeout=300)
    # Where its removal met a link, it was refused.
    school.project.run("teachers", "remove", "gymnasium-nord", "l.planted")
    done = school.project.run("deploy", "--json")
    assert done.code == 0, done.err


@pytest.mark.parametrize("kind", ["link", "beside", "dangling", "pipe"])
def test_root_follows_nothing_that_a_service_has_planted(attacked: School, kind: str) -> None:
    host, wrong = attacked.host, {}
    for step in STEPS:
        with planted(host, kind):
            was = seen(host)
            step(attacked)
            after = seen(host)
            readable = [f"{who} reads {path}" for who in ACCOUNTS for path in reads(host, who)]
        changed = [f"{path}: {after.get(path)}" for path in was if after.get(path) != was[path]]
        if changed or readable:
            wrong[step.__name__] = changed + readable
    assert wrong == {}


def test_an_account_can_link_no_file_of_root_into_its_own_directory(attacked: School) -> None:
    """The kernel's own rule, on which the others rely: a hard link would be no link to see."""
    said = attacked.host.run(
        "runuser -u prosody -- ln /etc/shadow /var/lib/prosody/shadow", check=False
    )
    attacked.host.run("rm -f /var/lib/prosody/shadow")
    assert said.returncode != 0


def test_a_services_configuration_is_no_program_of_root(attacked: School) -> None:
    """The focus' package runs its configuration as a shell script at each upgrade, as root."""
    host = attacked.host
    for account, name in (("jicofo", "jicofo"), ("jvb", "videobridge")):
        file = f"/etc/jitsi/{name}/config"
        host.run(
            ["runuser", "-u", account, "--", "sh", "-c", f"echo 'touch /root/owned' >>{file}"],
            check=False,
        )
    upgrade(attacked)
    owned = host.run("ls /root/owned", check=False).returncode == 0
    host.run("rm -f /root/owned")
    assert not owned
