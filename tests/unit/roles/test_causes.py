"""Why packages or a certificate could not be had, told from what apt and certbot really print.

The texts below `recorded` were printed by these versions in Debian 12 and 13.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.unit import modules
from tests.unit.modules import Server

if TYPE_CHECKING:
    from types import ModuleType

RECORDED = Path(__file__).parent / "recorded"

APT = {
    "broken": ("package_broken", "Job failed"),
    "debconf-locked": ("apt_locked", "config.dat is locked by another process"),
    "full-cache": ("disk_full", "You don't have enough free space"),
    "full-unpack": ("disk_full", "No space left on device"),
    "gone": ("repository_missing", "hello_2.10"),
    "locked-install": ("apt_locked", "lock-frontend"),
    "locked-update": ("apt_locked", "/var/lib/apt/lists/lock"),
    "missing": ("repository_missing", "Unable to locate package jitsi-meet"),
    "no-key-file": ("repository_signature", "is not signed"),
    "no-name": ("no_route", "Could not resolve 'nowhere.invalid'"),
    "no-repository": ("repository_missing", "does not have a Release file"),
    "other-key": ("repository_signature", "78DBA3BC47EF2265"),
    "refused": ("no_route", "Connection refused"),
    "tls": ("no_route", "https://127.0.0.1:8123/debian"),
    "unmet": ("repository_missing", "school-unmet : Depends: not-there"),
    "unreachable": ("no_route", "No route to host"),
    "unsigned": ("repository_signature", "is not signed"),
}
CERTBOT = {
    "directory-404": ("acme_directory", "acme.errors.ClientError: <Response [404]>"),
    "directory-name": ("acme_directory", "Name or service not known"),
    "directory-refused": ("acme_directory", "Requesting 127.0.0.1/dir: Connection refused"),
    "nxdomain": ("acme_dns", "could not resolve URL"),
    "refused": ("acme_connection", "dial tcp 10.91.0.1:80: connect: connection refused"),
    "tls": ("acme_directory", "CERTIFICATE_VERIFY_FAILED"),
    "unauthorized": ("acme_connection", "returned 404"),
}
# In the words of Let's Encrypt, from reports of others; names and addresses are invented.
REFUSED = """\
Saving debug log to /var/log/letsencrypt/letsencrypt.log
Requesting a certificate for meet.example.org

Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority \
reported these problems:
  Domain: meet.example.org
  Type:   {type}
  Detail: {detail}

Hint: The Certificate Authority failed to download the temporary challenge files created by Certbot.

Some challenges have failed.
Ask for help or search for solutions at https://community.letsencrypt.org.
"""
ERROR = """\
Saving debug log to /var/log/letsencrypt/letsencrypt.log
Requesting a certificate for meet.example.org
An unexpected error occurred:
{detail}
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile \
/var/log/letsencrypt/letsencrypt.log or re-run Certbot with -v for more details.
"""
URL = "http://meet.example.org/.well-known/acme-challenge/Zm9v"
LETS_ENCRYPT = [
    ("dns", ("DNS problem: NXDOMAIN looking up A for meet.example.org - check that a DNS record "
     "exists for this domain"), "acme_dns"),
    ("dns", ("no valid A records found for meet.example.org; no valid AAAA records found for "
     "meet.example.org"), "acme_dns"),
    ("dns", ("DNS problem: SERVFAIL looking up CAA for example.org - the domain's nameservers may "
     "be malfunctioning"), "acme_dns"),
    ("connection", (f"203.0.113.10: Fetching {URL}: Timeout during connect (likely firewall "
     "problem)"), "acme_connection"),
    ("connection", f"203.0.113.10: Fetching {URL}: Connection refused", "acme_connection"),
    ("connection", (f"During secondary validation: 203.0.113.10: Fetching {URL}: Connection reset "
     "by peer"), "acme_connection"),
    ("unauthorized", f"203.0.113.10: Invalid response from {URL}: 404", "acme_connection"),
    ("caa", "CAA record for meet.example.org prevents issuance", "acme_caa"),
    ("", ("too many certificates (5) already issued for this exact set of identifiers in the last "
     "168h0m0s, retry after 2026-11-23 04:04:50 UTC: see https://letsencrypt.org/docs/rate-limits/"
     "#new-certificates-per-exact-set-of-hostnames"), "acme_rate_limit"),
    ("", ("Error creating new order :: too many failed authorizations recently: see "
     "https://letsencrypt.org/docs/failed-validation-limit/"), "acme_rate_limit"),
    ("", ("There were too many requests of a given type :: Error creating new order :: too many "
     "certificates already issued for: example.org: see https://letsencrypt.org/docs/rate-limits/"),
     "acme_rate_limit"),
    ("", "Service busy; retry later.", "acme_rate_limit"),
    ("", ("urn:ietf:params:acme:error:rejectedIdentifier :: The server will not issue certificates "
     "for the identifier :: Invalid identifiers requested"), "acme_failed"),
]  # fmt: skip


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the modules take for a server."""
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def packages(server: Server) -> ModuleType:
    """The module that installs packages."""
    return server.module("package_transaction")


@pytest.fixture
def certificates(server: Server) -> ModuleType:
    """The module that asks for certificates."""
    return server.module("acme_certificate")


def test_somebody_elses_packages_stay(packages: ModuleType) -> None:
    said = (
        "The following packages will be REMOVED:\n  nginx-from-elsewhere\n"
        "E: Packages need to be removed but remove is disabled.\n"
    )
    assert packages.cause(said)[0] == "package_conflict"
    assert "--no-remove" in packages.QUIET


@pytest.mark.usefixtures("server")
def test_a_program_that_does_not_end_is_told() -> None:
    run = modules.utility("school_server").run
    done = run("sleep", "60", longest=0.1)
    assert (done.returncode, done.stderr) == (124, "sleep did not end within 0 seconds")
    with pytest.raises(subprocess.TimeoutExpired):
        run("sleep", "60", timeout=0.1)


def test_everything_recorded_is_looked_at() -> None:
    recorded = {path.stem for path in RECORDED.glob("apt-*/*.txt")}
    assert recorded == {*APT, "update-ok"}
    assert {path.stem for path in RECORDED.glob("certbot-*/*.txt")} == set(CERTBOT)


@pytest.mark.parametrize("version", ["apt-2.6", "apt-3.0"])
@pytest.mark.parametrize("name", APT)
def test_what_stopped_apt(packages: ModuleType, version: str, name: str) -> None:
    kind, reason = packages.cause((RECORDED / version / f"{name}.txt").read_text())
    wanted, words = APT[name]
    assert kind == wanted
    assert words in reason
    assert len(reason.splitlines()) <= 10
    assert "Some index files failed" not in reason


@pytest.mark.parametrize("version", ["apt-2.6", "apt-3.0"])
def test_an_update_that_ends_with_0_has_failed_where_lists_are_old(
    packages: ModuleType, version: str
) -> None:
    texts = {path.stem: path.read_text() for path in (RECORDED / version).glob("*.txt")}
    assert not packages.failed_update(texts["update-ok"])
    for name in ("no-name", "refused", "tls", "unreachable", "no-repository", "other-key"):
        assert packages.failed_update(texts[name]), name


def test_a_script_that_speaks_of_the_network_is_no_missing_network(packages: ModuleType) -> None:
    said = (RECORDED / "apt-3.0" / "broken.txt").read_text()
    assert "Connection refused" in said
    assert packages.cause(said)[0] == "package_broken"


def test_a_lock_that_was_waited_for_is_no_reason_any_more(packages: ModuleType) -> None:
    waited = (RECORDED / "apt-3.0" / "locked-install.txt").read_text().splitlines()[0]
    said = f"{waited}\nE: Unable to locate package jitsi-meet\n"
    assert packages.cause(said)[0] == "repository_missing"


def test_words_that_nobody_knows_are_passed_on(packages: ModuleType) -> None:
    assert packages.cause("E: The moon is full\n") == ("package_failed", "E: The moon is full")
    assert packages.cause("out of cheese\n") == ("package_failed", "out of cheese")
    assert packages.cause("") == ("package_failed", "")


@pytest.mark.parametrize("version", ["certbot-2.1", "certbot-4.0"])
@pytest.mark.parametrize("name", CERTBOT)
def test_what_stopped_certbot(certificates: ModuleType, version: str, name: str) -> None:
    kind, reason = certificates.cause((RECORDED / version / f"{name}.txt").read_text())
    wanted, words = CERTBOT[name]
    assert kind == wanted
    assert words in reason
    assert "\n" not in reason
    assert "Ask for help" not in reason
    assert "Hint" not in reason


@pytest.mark.parametrize(("word", "detail", "wanted"), LETS_ENCRYPT)
def test_what_the_authority_says(
    certificates: ModuleType, word: str, detail: str, wanted: str
) -> None:
    said = (REFUSED if word else ERROR).format(type=word, detail=detail)
    assert certificates.cause(said) == (wanted, detail)


def test_a_refusal_that_certbot_stumbled_over_is_read_from_its_log(
    certificates: ModuleType,
) -> None:
    said = ERROR.format(detail="AttributeError: can't set attribute")
    log = """\
2026-11-22 01:49:28,120:DEBUG:acme.client:Received response:
HTTP 400
{
  "type": "urn:ietf:params:acme:error:badNonce",
  "detail": "Unable to validate JWS"
}
HTTP 429
{
  "type": "urn:ietf:params:acme:error:rateLimited",
  "detail": "too many failed authorizations (5) for \\"meet.example.org\\"",
  "status": 429
}
"""
    assert certificates.cause(said, log) == (
        "acme_rate_limit",
        'too many failed authorizations (5) for \\"meet.example.org\\"',
    )
    assert certificates.cause(said)[0] == "acme_failed"


# apt-get, dpkg and debconf-set-selections are stand-ins here, which print what was recorded.


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of programs that succeed, and write down how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("apt-get", "dpkg", "debconf-set-selections", "update-ca-certificates"):
        (folder / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {folder}/calls\n')
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


class Install(Protocol):
    """Run the module and return its answer."""

    def __call__(self, **arguments: Any) -> dict[str, Any]: ...


@pytest.fixture
def install(
    packages: ModuleType,
    server: Server,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Install:
    """Run the module that installs packages, without any pause."""
    monkeypatch.setattr(packages, "POLICY", str(server.path("/usr/sbin/policy-rc.d")))
    monkeypatch.setattr(packages.time, "sleep", lambda _seconds: None)
    usual = {
        "packages": ["jicofo"],
        "answers": ["jicofo jitsi-videobridge/jvb-hostname string x"],
        "keyring": str(server.path("/etc/apt/keyrings/ours.asc")),
        "repository": "https://download.jitsi.org",
    }
    return lambda **arguments: modules.run(packages, capsys, **usual | arguments)


def answer(programs: Path, name: str, text: str, code: int, times: int) -> None:
    """Let a program print a text and fail, as often as is said; then it succeeds."""
    (programs / name).write_text(
        f"#!/bin/sh\necho {name} >> {programs}/calls\n"
        f"[ $(grep -c '^{name}$' {programs}/calls) -gt {times} ] && exit 0\n"
        f"cat <<'TEXT'\n{text}TEXT\nexit {code}\n"
    )


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        ("apt-get", "locked-update"),
        ("debconf-set-selections", "debconf-locked"),
    ],
)
def test_a_server_whose_daily_update_is_running_is_waited_for(
    install: Install, programs: Path, name: str, recorded: str
) -> None:
    answer(programs, name, (RECORDED / "apt-3.0" / f"{recorded}.txt").read_text(), 100, times=3)
    assert not install().get("failed")
    answer(programs, name, (RECORDED / "apt-3.0" / f"{recorded}.txt").read_text(), 100, times=99)
    assert install(lock_seconds=0)["kind"] == "apt_locked"


def test_what_was_interrupted_is_finished_even_behind_a_lock(
    install: Install, programs: Path
) -> None:
    locked = (
        "dpkg: error: dpkg frontend lock was locked by /usr/bin/python3.13 process with pid 2\n"
    )
    answer(programs, "dpkg", locked, 2, times=2)
    assert not install().get("failed")
    assert (programs / "calls").read_text().splitlines()[:3] == ["dpkg"] * 3


def test_no_service_starts_meanwhile_and_everything_is_as_before_afterwards(
    install: Install, server: Server, programs: Path
) -> None:
    policy = server.path("/usr/sbin/policy-rc.d")
    (programs / "apt-get").write_text(
        f"#!/bin/sh\ngrep -q KEY {server.path('/etc/apt/keyrings/ours.asc')} || exit 3\n"
        f"{policy}; [ $? = 101 ] || exit 4\necho 'Setting up jicofo:all (1) ...'\n"
    )
    done = install(key="THE KEY", trust=True)
    assert (done["changed"], done["installed"]) == (True, ["jicofo:all"])
    assert server.path("/etc/apt/keyrings/ours.asc").read_text() == "THE KEY"
    assert not policy.exists()
    assert (programs / "calls").read_text().splitlines() == [
        "dpkg --configure -a --force-confold --force-confdef",
        "debconf-set-selections",
        "update-ca-certificates --fresh",
    ]


def test_a_policy_of_somebody_else_stays(install: Install, server: Server, programs: Path) -> None:
    policy = server.path("/usr/sbin/policy-rc.d")
    policy.parent.mkdir(parents=True)
    policy.write_text("theirs")
    assert (programs / "apt-get").exists()
    install()
    assert policy.read_text() == "theirs"


def test_the_policy_goes_although_the_packages_fail(
    install: Install, server: Server, programs: Path
) -> None:
    answer(programs, "apt-get", (RECORDED / "apt-3.0" / "broken.txt").read_text(), 100, times=9)
    assert install()["kind"] == "package_broken"
    assert not server.path("/usr/sbin/policy-rc.d").exists()


def test_a_rehearsal_installs_nothing(install: Install, server: Server, programs: Path) -> None:
    told = install(_ansible_check_mode=True, key="THE KEY")
    assert (told["changed"], told["installed"]) == (True, ["jicofo"])
    assert not (programs / "calls").exists()
    assert not server.path("/etc").exists()
