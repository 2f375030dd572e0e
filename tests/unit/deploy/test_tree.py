"""What the roles declare for a school: complete, nothing but data, refused where it is wrong."""

from __future__ import annotations

import hashlib
import json
import os
import py_compile
import re
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision.deploy import control_side, tree
from provision.messages.errors import BugError, RefusedError, SettingsError
from provision.paths import PACKAGE
from provision.settings.table import TABLE
from tests.unit.made_certificates import key_pem, make, make_key
from tests.unit.trees import (
    DOMAINS,
    HOSTILE,
    NAMES,
    NONCE,
    ROLES,
    contents,
    every_tree,
    rendered,
    school,
    server,
)

# Pages and scripts go to browsers, who would wonder; the others are parts or no text of ours.
WITHOUT_HEADLINE = re.compile(r"/www/|/words/|/acme-ca\.pem$|/(?:mod_)?school_\w+(?:\.lib)?\.lua$")


class Role:
    """A role that a test makes up."""

    def __init__(self, folder: Path) -> None:
        self.roles = folder
        self.folder = folder / "made-up"
        self.folder.mkdir(parents=True)

    def render(self, provides: str, files: dict[str, str] | None = None) -> dict[str, Any]:
        """Return what the role declares with these templates."""
        (self.folder / "provides.yml").write_text(provides)
        for name, content in (files or {}).items():
            path = self.folder / "templates" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tree.render(self.roles, ["made-up"], school(), server(), NONCE)


@pytest.fixture
def role(tmp_path: Path) -> Role:
    """A role that the test makes up."""
    return Role(tmp_path)


# The roles as they are


@pytest.mark.parametrize(("settings", "whole"), every_tree())
def test_every_school_gets_all_its_files(settings: dict[str, Any], whole: dict[str, Any]) -> None:
    files = contents(whole)
    letsencrypt = settings["certificate"] == "letsencrypt"
    assert ("/etc/letsencrypt/renewal-hooks/deploy/jitsi-provision" in files) is letsencrypt
    own_service = bool(letsencrypt and settings["acme_ca_file"])
    assert ("/etc/jitsi-provision/acme-ca.pem" in files) is own_service
    for path in (
        f"/etc/prosody/conf.avail/{settings['domain']}.cfg.lua",
        f"/etc/nginx/sites-available/{settings['domain']}.conf",
        f"/etc/jitsi/meet/{settings['domain']}-config.js",
        "/etc/jitsi/videobridge/jvb.conf",
        "/etc/jitsi/jicofo/jicofo.conf",
        "/etc/turnserver.conf",
    ):
        assert files[path].strip()
    assert not [path for path in files if "_domain_" in path or "{{" in path]


@pytest.mark.parametrize(("settings", "whole"), every_tree())
def test_nothing_of_a_template_is_left_over(
    settings: dict[str, Any], whole: dict[str, Any]
) -> None:
    for path, content in contents(whole).items():
        own = content.replace(settings["school"], "")
        # A program is no template, and has a None of its own; sentences hold Jitsi's own braces.
        if not path.endswith(".py") and "/words/" not in path:
            assert not re.search(r"\{\{|\{%|\bNone\b|Undefined", own), path
        assert content.endswith("\n") or path.endswith(".pem")


def test_every_file_says_that_it_is_managed() -> None:
    for _settings, whole in every_tree():
        for path, content in contents(whole).items():
            if not WITHOUT_HEADLINE.search(path):
                assert "Managed by jitsi-provision" in "".join(content.splitlines()[:3]), path


ELSEWHERE = """
import json, time
from tests.unit.trees import every_school, rendered
time.time = lambda: 4e9  # in the year 2096
print(json.dumps(rendered(*every_school()[5])))
"""


def test_no_file_changes_without_a_reason() -> None:
    """Neither with the hour nor with the order of a set, of which each run has another."""
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"},
        cwd=ROLES.parent, capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == every_tree()[5][1]


def test_each_role_is_applied_once() -> None:
    declared = sorted(path.parent.name for path in ROLES.glob("*/provides.yml"))
    assert sorted(NAMES) == declared


def test_every_role_has_its_place_in_the_order() -> None:
    assert sorted(NAMES) == sorted(path.parent.name for path in ROLES.glob("*/provides.yml"))


def test_every_setting_acts_somewhere() -> None:
    """In a role, or in the program, which has it as a field of a school."""
    roles = "\n".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in ROLES.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )
    program = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    idle = {
        name
        for name in TABLE
        if not re.search(rf"settings\.{name}\b", roles) and not re.search(rf"\w\.{name}\b", program)
    }
    assert idle == set()


def test_every_entry_has_its_file() -> None:
    """An entry that matches nothing is a typing error, or a left-over."""
    for name in NAMES:
        declared = yaml.safe_load((ROLES / name / "provides.yml").read_text(encoding="utf-8"))
        paths = [
            "/" + path.relative_to(ROLES / name / kind).as_posix()
            for kind in ("templates", "files")
            for path in (ROLES / name / kind).rglob("*")
            if path.is_file()
        ]
        for entry in declared.get("files", []):
            first = [
                path
                for path in paths
                if fnmatchcase(path, entry["path"])
                and not any(
                    fnmatchcase(path, before["path"])
                    for before in declared["files"][: declared["files"].index(entry)]
                )
            ]
            assert first, f"{name}: {entry['path']}"


def test_every_directory_of_a_restricted_owner_is_declared_before_its_files() -> None:
    whole = every_tree()[0][1]
    owners = {entry["path"] for entry in whole["directories"]}
    for declared in whole["files"]:
        if declared.get("owner", "root") != "root":
            assert str(Path(declared["path"]).parent) in owners


def test_units_that_files_restart_are_started_by_some_role() -> None:
    for _settings, whole in every_tree():
        started = {unit for wave in (*whole["waves"], whole["timers"]) for unit in wave}
        for declared in (*whole["files"], *whole["links"], *whole["key_pairs"]):
            for effect in ("restart", "reload"):
                assert set(declared.get(effect, [])) <= started, declared["path"]


def test_whatever_restarts_prosody_says_that_the_focus_restarts_too() -> None:
    """Its unit is part of Prosody's; what files declare is what `provision plan` tells."""
    whole = every_tree()[0][1]
    (drop_in,) = [each for each in whole["files"] if "/jicofo.service.d/jitsi" in each["path"]]
    assert "\nPartOf=prosody.service\n" in drop_in["content"]
    restarts = [set(each.get("restart", [])) for each in whole["files"]]
    with_prosody = [units for units in restarts if "prosody.service" in units]
    assert with_prosody
    assert all("jicofo.service" in units for units in with_prosody)


def test_secrets_are_only_named() -> None:
    files = contents(every_tree()[0][1])
    named = {
        path: sorted(re.findall(rf"@@secret:{NONCE}:(\w+)@@", content))
        for path, content in files.items()
        if "@@" in content
    }
    assert named == {
        f"/etc/prosody/conf.avail/{DOMAINS[0]}.cfg.lua": ["login", "login", "turn"],
        "/etc/jitsi/jicofo/jicofo.conf": ["focus"],
        "/etc/jitsi/videobridge/jvb.conf": ["bridge"],
        "/etc/turnserver.conf": ["turn"],
    }


# Settings are data


class Page(HTMLParser):
    """Collects the text of a page's headline, and what would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headline = ""
        self.scripts = 0
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.scripts += tag == "script" and "src" not in dict(attrs)

    def handle_endtag(self, _tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        self.headline += data if self.inside == "h1" else ""


@pytest.mark.parametrize(
    "name", [*HOSTILE, "{{ 7*7 }}", "{% set x = 1 %}", "{# x #}", "{{ settings }}"]
)
def test_a_schools_name_is_only_ever_text(name: str) -> None:
    files = contents(rendered(school() | {"school": name}, server()))
    plain = contents(rendered(school(), server()))
    pages = [path for path in files if path.endswith(".html") and "<h1>" in files[path]]
    assert pages
    for path in pages:
        page = Page(files[path])
        assert page.headline == name
        assert page.scripts == Page(plain[path]).scripts
        assert "<!--#include" not in files[path]
    (manifest,) = (path for path in files if path.endswith("/manifest.json"))
    assert json.loads(files[manifest]) == json.loads(plain[manifest]) | {
        "name": name, "short_name": name,
    }  # fmt: skip
    assert "<!--#include" not in files[manifest]
    assert [path for path in files if files[path] != plain[path]] == [*pages, manifest]


@pytest.mark.parametrize("name", ["{{ 7*7 }}", "${x}", "{% raw %}"])
def test_a_setting_in_a_declaration_is_never_evaluated(role: Role, name: str) -> None:
    (role.folder / "provides.yml").write_text(
        'answers:\n  - "a b string {{ settings.school }}"\n  - "{{ settings.school }}"\n'
        'directories:\n  - {path: "/x/{{ settings.school }}", mode: "0755"}\n'
        'files:\n  - {path: "*"}\n'
    )
    whole = tree.render(role.roles, ["made-up"], school() | {"school": name}, server(), NONCE)
    assert whole["answers"] == [f"a b string {name}", name]
    assert whole["directories"][0]["path"] == f"/x/{name}"


# What a role may declare


def test_a_whole_expression_keeps_its_type_and_conditions_leave_out(role: Role) -> None:
    whole = role.render(
        "packages:\n  - always\n"
        '  - {when: "{{ server.release == 13 }}", name: new}\n'
        '  - {when: "{{ server.release == 12 }}", name: old}\n'
        "directories:\n"
        '  - {path: /x, when: "{{ false }}"}\n'
        '  - {path: /y, mode: "{{ server.memory_mb }}"}\n'
        "units: {b.service: 2, a.service: 1, c.service: 2}\n"
    )
    assert whole["packages"] == ["always", "new"]
    assert whole["directories"] == [{"path": "/y", "mode": 7900}]
    assert whole["waves"] == [["a.service"], ["b.service", "c.service"]]


def test_the_first_entry_that_matches_counts(role: Role) -> None:
    whole = role.render(
        'files:\n  - {path: "*.conf", mode: "0600"}\n'
        '  - {path: /etc/left, leave_out: true}\n  - {path: "*", restart: [x.service]}\n',
        {
            "etc/_domain_.conf": "x",
            "etc/left": "l",
            "etc/other": "{{ settings.domain }}\n",
        },
    )
    assert {f["path"]: f.get("mode", f.get("restart")) for f in whole["files"]} == {
        "/etc/meet.example.org.conf": "0600",
        "/etc/other": ["x.service"],
    }
    assert contents(whole)["/etc/other"] == "meet.example.org\n"


@pytest.mark.parametrize(
    ("provides", "message"),
    [
        ("package: [x]\n", "made-up: provides.yml has an unknown key 'package'"),
        (
            'files:\n  - {path: "*", onwer: prosody}\n',
            "made-up: an entry under `files` of provides.yml has an unknown key 'onwer'",
        ),
        (
            "directories:\n  - {path: /x, mod: '0755'}\n",
            "made-up: an entry under `directories` of provides.yml has an unknown key 'mod'",
        ),
        (
            "links:\n  - {path: /x, target: /y}\n",
            "made-up: an entry under `links` of provides.yml has an unknown key 'target'",
        ),
        (
            "packages:\n  - {nme: x}\n",
            "made-up: an entry under `packages` of provides.yml has an unknown key 'nme'",
        ),
        (
            "files:\n  - {path: /other}\n",
            "made-up: no entry under `files` of provides.yml matches /etc/x",
        ),
        ("files: []\n", "made-up: no entry under `files` of provides.yml matches /etc/x"),
    ],
)
def test_a_declaration_with_a_mistake_is_a_bug_that_names_it(
    role: Role, provides: str, message: str
) -> None:
    with pytest.raises(BugError, match=re.escape(message)):
        role.render(provides, {"etc/x": "x"})


@pytest.mark.parametrize("text", ["{{ settings.scholl }}", "{{ nothing }}", "{% if %}", "{{ x"])
def test_a_template_with_a_mistake_is_a_bug_that_names_the_file(role: Role, text: str) -> None:
    with pytest.raises(BugError, match="templates/etc/x"):
        role.render('files:\n  - {path: "*"}\n', {"etc/x": text})


def test_a_file_without_a_template_is_taken_as_it_is(role: Role) -> None:
    path = role.folder / "files" / "etc" / "x"
    path.parent.mkdir(parents=True)
    path.write_text("{{ settings.domain }} {% x %}\n")
    whole = role.render('files:\n  - {path: "*"}\n')
    assert contents(whole) == {"/etc/x": "{{ settings.domain }} {% x %}\n"}


def test_what_pip_makes_of_a_program_beside_it_is_no_file_of_the_role(role: Role) -> None:
    place = role.folder / "files" / "usr" / "x.py"
    place.parent.mkdir(parents=True)
    place.write_text("pass\n")
    py_compile.compile(str(place))
    assert list(place.parent.rglob("*.pyc"))
    assert contents(role.render('files:\n  - {path: "*"}\n')) == {"/usr/x.py": "pass\n"}


# What becomes of it on the control side


KEY = make_key()
ISSUER = make_key()
LIFE = {
    "begin": datetime.now(UTC) - timedelta(days=1),
    "end": datetime.now(UTC) + timedelta(days=60),
}
CHAIN = [
    make("leaf", KEY, ("Middle", ISSUER), names=(DOMAINS[0],), **LIFE),
    make("Middle", ISSUER, names=(), authority=True, **LIFE),
]
EC_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def own(folder: Path, chain: bytes, key: bytes) -> dict[str, Any]:
    """Write a certificate and its key as a school brings them; return the settings."""
    (folder / "a.pem").write_bytes(chain)
    (folder / "a.key").write_bytes(key)
    return school(certificate="own", certificate_file="a.pem", certificate_key_file="a.key")


def test_a_schools_own_certificate_travels_apart_from_the_files(tmp_path: Path) -> None:
    chain, key = b"".join(CHAIN), key_pem(KEY)
    settings = own(tmp_path, chain, key)
    arguments, rest = control_side.declare(ROLES, NAMES, settings, server(), tmp_path)
    assert arguments["private"] == {"own_chain": chain.decode(), "own_key": key.decode()}
    files = contents(arguments)
    folder = "/var/lib/jitsi-provision/own"
    assert files[f"{folder}/key.pem"] == f"@@own_key:{arguments['nonce']}@@"
    assert key.decode() not in "".join(files.values())
    assert {"path": folder, "mode": "0700"} in arguments["directories"]
    assert "certbot" not in rest["missing_packages"]
    partial, _rest = control_side.declare(ROLES, ["turn"], settings, server(), tmp_path)
    assert partial["private"] == {}


def test_a_rehearsal_takes_no_key_to_the_server(tmp_path: Path) -> None:
    """What changes nothing there needs nothing there: what a key is compared by says nothing."""
    key = key_pem(KEY)
    settings = own(tmp_path, b"".join(CHAIN), key)
    arguments, _rest = control_side.declare(
        ROLES, NAMES, settings, server(), tmp_path, rehearsal=True
    )
    assert arguments["private"] == {}
    assert arguments["digests"]["own_key"] == hashlib.sha256(key).hexdigest()
    assert "PRIVATE KEY" not in json.dumps(arguments)


def test_plain_ansible_takes_no_key_from_elsewhere_to_a_server(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    settings = own(tmp_path, b"".join(CHAIN), key_pem(KEY))
    for named in ("../a.key", "a.key", str(tmp_path / "a.key")):
        (project / "a.pem").write_bytes(b"".join(CHAIN))
        if named == "a.key":
            (project / "a.key").symlink_to(tmp_path / "a.key")
        with pytest.raises(RefusedError) as error:
            control_side.prepare("nord", settings | {"certificate_key_file": named}, project, ROLES)
        assert error.value.next == "copy certificate and key into this folder, and name the copies"


@pytest.mark.parametrize(
    ("chain", "key"),
    [
        # `cat leaf middle`, where the first file has no line end.
        (CHAIN[0].strip() + CHAIN[1].strip(), key_pem(KEY)),
        ("Schöne Schule\n".encode("latin-1") + b"".join(CHAIN), key_pem(KEY)),
        ("Schöne Schule ".encode() + b"".join(CHAIN), key_pem(KEY)),
        (b"\xef\xbb\xbf" + b"".join(CHAIN), b"\xef\xbb\xbf" + key_pem(KEY)),
        (b"".join(CHAIN).replace(b"\n", b"\r\n"), key_pem(KEY).replace(b"\n", b"\r\n")),
        (b"".join(CHAIN).replace(b"\n", b"\r"), key_pem(KEY)),
        (b"".join(CHAIN), EC_PARAMETERS.strip() + key_pem(KEY)),
        (b"".join(CHAIN), "Schlüssel: ".encode() + key_pem(KEY)),
    ],
    ids=["joined", "latin-1", "one-line", "mark", "windows", "mac", "parameters", "before-key"],
)
def test_what_the_check_calls_right_openssl_can_load(
    tmp_path: Path, chain: bytes, key: bytes
) -> None:
    control_side.prepare("nord", own(tmp_path, chain, key), tmp_path, ROLES)
    settings = own(tmp_path, chain, key)
    arguments, _rest = control_side.declare(ROLES, ["certificate"], settings, server(), tmp_path)
    for name, text in arguments["private"].items():
        (tmp_path / name).write_text(text)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(tmp_path / "own_chain", tmp_path / "own_key")
    assert arguments["private"]["own_chain"] == b"".join(CHAIN).decode()


def test_an_authoritys_file_arrives_so_that_openssl_can_load_it(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes("Schöne Schule ".encode("latin-1") + CHAIN[1].strip() * 2)
    settings = school(acme_ca_file="root.pem")
    control_side.prepare("nord", settings, tmp_path, ROLES)
    arguments, _rest = control_side.declare(ROLES, ["certificate"], settings, server(), tmp_path)
    assert CHAIN[1].decode() * 2 in contents(arguments)["/etc/jitsi-provision/acme-ca.pem"]


@pytest.mark.parametrize(
    "text", [b"", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"]
)
def test_an_authoritys_file_without_a_certificate_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "root.pem").write_bytes(text)
    with pytest.raises(SettingsError) as error:
        control_side.prepare("nord", school(acme_ca_file="root.pem"), tmp_path, ROLES)
    assert [(one.setting, one.sentence) for one in error.value.problems] == [
        ("acme_ca_file", "This file holds no certificate in PEM form.")
    ]


def test_only_what_is_missing_is_installed_and_only_what_stands_still_is_started() -> None:
    running = {"active": True, "loaded": True, "invocation": "x"}
    seen = server(
        packages={"nginx": "1", "prosody": "1"},
        units={"nginx.service": running, "prosody.service": running | {"active": False}},
    )
    _arguments, rest = control_side.declare(ROLES, NAMES, school(), seen, Path())
    assert "nginx" not in rest["missing_packages"]
    assert "jicofo" in rest["missing_packages"]
    assert "nginx.service" not in rest["inactive"]
    assert "prosody.service" in rest["inactive"]
    assert rest["waves"][-1] == [
        "logrotate.timer", "systemd-timesyncd.service", "systemd-sysctl.service", "certbot.timer",
        "jitsi-provision-internal-certificates.timer", "jitsi-provision-words.path",
        "apt-daily.timer", "apt-daily-upgrade.timer",
    ]  # fmt: skip


def test_each_run_has_markers_of_its_own() -> None:
    nonces = {
        control_side.declare(ROLES, ["turn"], school(), server(), Path())[0]["nonce"]
        for _run in range(3)
    }
    assert len(nonces) == 3
