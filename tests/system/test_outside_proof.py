"""PROOF: what is measured from outside is fulfilled, and each way to break it is seen as such.

tests/unit/verify/mutations break the evidence; here it is the server that is broken.
"""

from __future__ import annotations

import subprocess
import time
import venv
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from provision.inventory.reading import load
from provision.verify.finding import State
from provision.verify.measure import measure
from provision.verify.outside import sslyze
from provision.verify.outside.deadline import Deadline
from provision.verify.target import of_school
from provision.verify.verdict import verdicts
from tests.system.project import KEY
from tests.system.test_hand_edits import changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from provision.verify.evidence import Evidence
    from provision.verify.target import Target
    from tests.bench import Bench
    from tests.system.entrance import Entrance
    from tests.system.school import School

SECTIONS = ("tls", "certificates", "http", "ports", "config")
SITE = "/etc/nginx/sites-available/{domain}.conf"
HEADERS = "/etc/nginx/snippets/jitsi-provision-headers.conf"
TURN = "/etc/turnserver.conf"
WWW = "/var/lib/jitsi-provision/www"
LOCAL = "/etc/jitsi-provision/local/config.js"
PATIENCE = 30
"""Seconds for one probe on a machine that is busy with tests."""


@pytest.fixture
def target(school: School, entrance: Entrance) -> Target:
    """The school's server, with the root that browsers would know."""
    inventory = school.project.folder / "inventory.yml"
    own = of_school(inventory, KEY, load(inventory).schools[KEY])
    return replace(own, ca_file=entrance.root, seconds=PATIENCE)


def failing(evidence: Evidence, *sections: str) -> dict[str, list[str]]:
    """The controls that fail by these sections, with what was said; none may be unmeasured."""
    assert evidence.missing == {}
    return {
        verdict.control.id: [finding.sentence for finding in verdict.findings]
        for verdict in verdicts(evidence, sections=sections)
        if verdict.state is State.FAILED
    }


@pytest.mark.parametrize("family", ["address", "address6"])
def test_everything_that_the_outside_sees_is_fulfilled(
    school: School, target: Target, family: str
) -> None:
    there = replace(target, address=getattr(school.host, family))
    evidence = measure(there, SECTIONS)
    assert failing(evidence, *SECTIONS) == {}
    measured = {v.control.id for v in verdicts(evidence, sections=SECTIONS)
                if v.state is State.FULFILLED}  # fmt: skip
    assert {"TLS-01", "TLS-02", "TLS-03", "TLS-04", "THP-06", "HST-01", "DOC-01"} < measured


def test_a_look_from_outside_leaves_no_line_behind(school: School, target: Target) -> None:
    # Let what earlier tests caused arrive first.
    school.host.run("journalctl --sync")
    begin = time.time()
    assert measure(target, SECTIONS).missing == {}
    school.host.run("journalctl --sync")
    lines = school.host.run(
        ["journalctl", "-q", "-o", "cat", f"--since=@{begin}", "-u", "nginx", "-u", "prosody",
         "-u", "coturn", "-u", "jicofo", "-u", "jitsi-videobridge2", "-u", "ssh"]
    ).stdout  # fmt: skip
    assert lines == ""
    newer = f"find /var/log -type f -newermt @{begin} -not -path '*/journal/*'"
    assert school.host.run(newer).stdout == ""


class Breakage(NamedTuple):
    """One thing that somebody changes on the server, and the only control that then fails."""

    control: str
    path: str
    old: str
    new: str
    section: str = "http"
    unit: str = "nginx"


BREAKAGES = {
    "static files lose their headers": Breakage(
        "TLS-01", SITE,
        "try_files $uri =404;\n        include /etc/nginx/snippets/jitsi-provision-headers",
        "try_files $uri =404;\n        #include /etc/nginx/snippets/jitsi-provision-headers",
    ),
    "hsts lasts a month": Breakage("TLS-01", HEADERS, "max-age=63072000", "max-age=2592000"),
    "port 80 serves pages": Breakage(
        "TLS-01", SITE, "return 301 https://{domain}$request_uri;", "return 200 'hello';"
    ),
    "scripts inside pages run": Breakage(
        "THP-06", HEADERS, "'nonce-$request_id' 'wasm", "'unsafe-inline' 'wasm"
    ),
    "pages connect anywhere": Breakage("THP-06", HEADERS, "connect-src", "connect-src wss: https:"),
    "any page embeds the meeting": Breakage(
        "MOD-07", HEADERS, "frame-ancestors 'self'", "frame-ancestors https:"
    ),
    "referrer tells the room": Breakage(
        "TLS-06", HEADERS, '"no-referrer"', '"no-referrer-when-downgrade"'
    ),
    "server tells its version": Breakage("TLS-06", SITE, "server_tokens off", "server_tokens on"),
    "close page leaves the browser as it is": Breakage("MIN-05", SITE, "Clear-Site-Data", "X-Site"),
    "a cookie is set": Breakage(
        "MIN-05", HEADERS, "add_header X-C", "add_header Set-Cookie a=b;\nadd_header X-C"
    ),
    "rooms are counted": Breakage(
        "ACC-03", SITE, "    location = / {",
        "    location = /room-size {\n        return 200 '{\"participants\": 3}';\n    }\n"
        "    location = / {",
    ),
    "figures of the bridge are public": Breakage(
        "ACC-04", SITE, "    location = / {",
        "    location = /colibri/stats {\n        return 200 '{}';\n    }\n    location = / {",
    ),
    "start page links no notice": Breakage(
        "DOC-01", f"{WWW}/index.html", 'datenschutz">Datenschutz', 'other">Other', unit=""
    ),
    "an old version is spoken": Breakage(
        "TLS-02", SITE, "ssl_protocols TLSv1.2 TLSv1.3;\n    ssl_ciphers ",
        "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\n    ssl_ciphers ALL:@SECLEVEL=0:",
        section="tls",
    ),
    "curves are not named": Breakage(
        "TLS-02", SITE, "ssl_ecdh_curve", "#ssl_ecdh_curve", section="tls"
    ),
    "relay takes every cipher": Breakage(
        "TLS-02", TURN, "cipher-list=", "#cipher-list=", section="tls", unit="coturn"
    ),
    "relay takes every curve": Breakage(
        "TLS-02", TURN, "ec-curve-name=", "#ec-curve-name=", section="tls", unit="coturn"
    ),
    "crafted links work": Breakage(
        "THP-07", f"{WWW}/guard.js", "    clean();\n}());", "}());", section="config", unit=""
    ),
    "logo links the makers": Breakage(
        "THP-09", f"{WWW}/interface_config.js", "JITSI_WATERMARK_LINK", "OTHER", section="config",
        unit="",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKAGES)
def test_broken_server_fails_the_right_control(school: School, target: Target, name: str) -> None:
    broken = BREAKAGES[name]
    path, old = (text.replace("{domain}", school.domain) for text in (broken.path, broken.old))
    with restarting(school, broken.unit), changed(school.host, path, old, broken.new):
        refresh(school, broken.unit)
        found = failing(measure(target, [broken.section]), broken.section)
    assert list(found) == [broken.control], found


@contextmanager
def restarting(school: School, unit: str) -> Iterator[None]:
    """Let a unit read its old configuration again afterwards."""
    try:
        yield
    finally:
        refresh(school, unit)


def refresh(school: School, unit: str) -> None:
    """Let a unit read its configuration; return when it answers with it."""
    if unit == "nginx":
        # The old workers answer until they notice.
        command = "old=$(pgrep -P $(cat /run/nginx.pid)); systemctl reload nginx; "
        school.host.run(f"{command} while kill -0 $old; do sleep 0.05; done 2>/dev/null; true")
    elif unit:
        school.restart(unit)
        school.host.run("until ss -Hltn | grep -q :5349; do sleep 0.05; done")


SETTINGS = {
    "config.hideEmailInSettings = false": "MIN-02",
    "config.startWithVideoMuted = false": "MIN-03",
    "config.doNotStoreRoom = false": "MIN-04",
    "delete config.enableClosePage": "MIN-05",
    "config.transcription.enabled = true": "MIN-06",
    "config.virtualBackground = {}; delete config.disableAddingBackgroundImages": "MIN-07",
    "delete config.disableThirdPartyRequests": "THP-01",
    "delete config.p2p.stunServers": "THP-02",
    "config.analytics.matomoEndpoint = 'https://matomo.example.org/'": "THP-05",
    "config.dropbox = {appKey: 'x'}": "THP-08",
    "config.toolbarButtons.push('sharedvideo')": "THP-08",
    "config.deeplinking.disabled = false": "THP-09",
    "config.p2p.enabled = true": "TLS-05",
    "config.remoteVideoMenu.disablePrivateChat = false": "MOD-04",
    "config.breakoutRooms.hideAddRoomButton = false": "MOD-05",
    "config.giphy.enabled = true": "MOD-06",
    "config.liveStreaming.enabled = true": "REC-01",
    "config.localRecording.disable = false": "REC-03",
    "config.speakerStats = {}": "STA-01",
}


def test_settings_that_an_expert_adds_fail_the_right_control(
    school: School, target: Target
) -> None:
    found = {}
    try:
        for line in SETTINGS:
            school.host.write(LOCAL, f"{line};\n")
            found[line] = [*failing(measure(target, ["config"]), "config")]
    finally:
        school.host.run(["rm", "-f", LOCAL])
    assert found == {line: [control] for line, control in SETTINGS.items()}


@pytest.mark.parametrize(
    ("address", "port", "control"),
    [("0.0.0.0", 5269, "TLS-04"), ("::", 8080, "ACC-04"), ("0.0.0.0", 3306, "HST-01")],
)
def test_open_port_fails_the_right_control(
    school: School, target: Target, address: str, port: int, control: str
) -> None:
    program = f"import socket; s = socket.create_server(('{address}', {port}), family=socket."
    program += f"AF_INET{'6' if ':' in address else ''}); print(flush=True); input()"
    listener = subprocess.Popen(
        school.host.enter(["python3", "-c", program]), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert listener.stdout
        listener.stdout.readline()
        place = school.host.address6 if ":" in address else school.host.address
        aim = replace(target, address=place)
        assert failing(measure(aim, ["ports"]), "ports") == {}, "the firewall is in front of it"
        rule = f"nft insert rule inet jitsi_provision input tcp dport {port} accept"
        school.host.run(rule)
        found = failing(measure(aim, ["ports"]), "ports")
    finally:
        school.host.run("systemctl reload jitsi-provision-firewall")
        listener.communicate(b"\n")
    assert list(found) == [control]


def test_certificate_that_nobody_vouches_for_is_seen(
    school: School, target: Target, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_bytes(school.bench.acme.ca_file.read_bytes())
    stranger = replace(target, ca_file=tmp_path / "other.pem")
    found = failing(measure(stranger, ["certificates"]), "certificates")
    [sentence] = found["TLS-03"]
    known = "Browsers do not know who issued the certificate at port 443: CN=Pebble Root CA "
    assert list(found) == ["TLS-03"]
    assert sentence.startswith(known)


@pytest.fixture(scope="session")
def judge_of_tls(bench: Bench) -> str:
    """Where sslyze is: beside the bench, in an environment of its own, as its users have it."""
    folder = bench.directory / "sslyze"
    program = folder / "bin" / "sslyze"
    if not program.exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [folder / "bin" / "pip", "install", "-q", "sslyze"]
        if subprocess.run(install, check=False).returncode:
            pytest.skip("sslyze cannot be installed here")
    return str(program)


def test_sslyze_finds_no_fault(
    target: Target, judge_of_tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sslyze, "program", lambda: judge_of_tls)
    found = sslyze.compliance(target, (443, 5349), Deadline(PATIENCE * 2))
    assert {port: said["compliant"] for port, said in found.items()} == {443: True, 5349: True}
