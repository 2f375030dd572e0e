"""The packages' maintainer scripts find nothing to edit, replace or restart in what we write.

At each installation, upgrade and reconfiguration those scripts look for certain texts in our
files. Where one is missing they edit the file and restart Prosody, bridge or focus: running lessons
end. What they look for is written down here once more, as it was seen in the packages of August
2026 (jitsi-meet-prosody, jitsi-videobridge2, jicofo, jitsi-meet-web-config, jitsi-meet-turnserver).
Where upstream changes a rule, a file is changed after an installation, which tests/system notices.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.trees import contents, every_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Tree = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(
    params=every_tree(), ids=lambda tree: f"{tree[0]['domain'][:20]}-{tree[0]['language']}"
)
def tree(request: pytest.FixtureRequest) -> Tree:
    """A school's settings and what all roles declare for it."""
    found: Tree = request.param
    return found


def near(text: str, line: str, wanted: str, after: int) -> bool:
    """Tell whether a text stands at most so many lines below a line: `grep -A`."""
    lines = text.splitlines()
    return any(
        wanted in "\n".join(lines[number : number + after + 1])
        for number, each in enumerate(lines)
        if line in each
    )


# What the script asks, and what it does where the answer is no.
HOST_FILE: dict[str, Callable[[str, str], bool]] = {
    "a bridge's component is appended": lambda text, host: f"internal.auth.{host}" in text,
    "the focus becomes a client proxy": lambda text, host: (
        f'Component "focus.{host}"' not in text
        or f'Component "focus.{host}" "client_proxy"' in text
    ),
    "a component for polls is appended": lambda text, host: f'Component "polls.{host}"' in text,
    "polls are commented out, each time": lambda text, _host: '--"polls";' in text,
    "nothing is commented out": lambda text, _host: not re.search(r'(?<!--)"polls";', text),
    "the plugins' path is uncommented": lambda text, _host: (
        '--plugin_paths = { "/usr/share/jitsi-meet/prosody-plugins/" }' not in text
    ),
    "rooms become restricted": lambda text, host: near(
        text, f'Component "conference.{host}" "muc"', "restrict_room_creation", after=2
    ),
    "limits are lifted for focus and bridge": lambda text, _host: "unlimited_jids" in text,
    "the focus becomes the owner of rooms": lambda text, _host: (
        "component_admins_as_room_owners = " in text
    ),
    "a file for telephony is written": lambda text, _host: (
        'VirtualHost "jigasi.meet.jitsi"' in text
    ),
    "a second host file is written": lambda text, host: f'VirtualHost "{host}"' in text,
}


@pytest.mark.parametrize("edit", HOST_FILE)
def test_prosodys_host_file_is_left_as_it_is(tree: Tree, edit: str) -> None:
    settings, whole = tree
    host = settings["domain"]
    text = contents(whole)[f"/etc/prosody/conf.avail/{host}.cfg.lua"]
    assert HOST_FILE[edit](text, host), edit


def test_what_satisfies_the_rules_does_not_work_by_accident(tree: Tree) -> None:
    """Comments answer some questions; what counts must be in force, each exactly once."""
    settings, whole = tree
    host = settings["domain"]
    text = contents(whole)[f"/etc/prosody/conf.avail/{host}.cfg.lua"]
    code = re.sub(r"^\s*--.*", "", text, flags=re.MULTILINE)
    for line in (
        f'VirtualHost "{host}"',
        f'VirtualHost "auth.{host}"',
        f'Component "conference.{host}" "muc"',
        f'Component "internal.auth.{host}" "muc"',
        f'Component "focus.{host}" "client_proxy"',
        "component_admins_as_room_owners = true",
    ):
        assert len(re.findall(rf"^{re.escape(line)}$", code, re.MULTILINE)) == 1, line
    assert "jigasi" not in code
    assert "polls." not in code
    assert near(code, f'Component "conference.{host}" "muc"', "restrict_room_creation = true", 2)


def test_the_host_file_is_linked_and_prosodys_certificates_are_there(tree: Tree) -> None:
    settings, whole = tree
    host = settings["domain"]
    links = {link["path"]: link["to"] for link in whole["links"]}
    conf = "/etc/prosody/conf"
    assert links[f"{conf}.d/{host}.cfg.lua"] == f"{conf}.avail/{host}.cfg.lua"
    made = {pair["certificate"]: pair for pair in whole["key_pairs"]}
    certs = "/etc/prosody/certs"
    for name in (host, f"auth.{host}"):
        assert made[f"{certs}/{name}.crt"]["key"] == f"{certs}/{name}.key"
        for ending in ("crt", "key"):
            # Where the script looks; it would make others, and have them trusted.
            assert links[f"/var/lib/prosody/{name}.{ending}"] == f"{certs}/{name}.{ending}"
    # A copy, because the package would follow a link back to its own file.
    trusted = f"/usr/local/share/ca-certificates/auth.{host}.crt"
    assert made[f"{certs}/auth.{host}.crt"]["copies"] == [trusted]
    assert trusted not in links


OVERRIDDEN = {
    "/etc/jitsi/jicofo": "/etc/jitsi/jicofo",
    "/etc/jitsi/videobridge": "/etc/jitsi/videobridge",
    "/var/lib/prosody": "/var/lib/prosody",
    # These two scripts ask for anything in the directory.
    "/usr/share/jicofo": "/usr/share/jicofo/*",
    "/usr/share/jitsi-videobridge": "/usr/share/jitsi-videobridge/*",
}


@pytest.mark.parametrize("directory", OVERRIDDEN)
def test_no_script_gives_a_directory_of_root_to_its_service(tree: Tree, directory: str) -> None:
    _settings, whole = tree
    declared = {entry["path"]: entry for entry in whole["directories"]}
    assert declared[directory].get("owner", "root") == "root"
    kept = [e for e in whole["overrides"] if fnmatchcase(e["path"], OVERRIDDEN[directory])]
    assert len(kept) == 1
    if kept[0]["path"] == directory:
        for key in ("group", "mode"):
            assert kept[0].get(key) == declared[directory].get(key)


def test_nothing_of_root_lies_in_a_directory_that_a_service_owns(tree: Tree) -> None:
    _settings, whole = tree
    assert {e["path"] for e in whole["directories"] if e.get("owner", "root") != "root"} == set()


def sourced(text: str, tmp_path: Path) -> dict[str, str]:
    """Return the variables that a shell reads from a file."""
    (tmp_path / "config").write_text(text)
    script = f"set -a; . {tmp_path}/config; env -0"
    said = subprocess.run(
        ["env", "-i", "sh", "-euc", script], capture_output=True, check=True, text=True
    ).stdout
    return dict(entry.split("=", 1) for entry in said.split("\0") if entry)


def test_the_focus_keeps_its_own_environment_file(tree: Tree, tmp_path: Path) -> None:
    """Else the script replaces it, and the limit of memory is gone."""
    settings, whole = tree
    found = sourced(contents(whole)["/etc/jitsi/jicofo/config"], tmp_path)
    assert found["JICOFO_HOSTNAME"] == settings["domain"]
    assert found["JICOFO_AUTH_DOMAIN"] == f"auth.{settings['domain']}"
    assert found["JICOFO_AUTH_USER"] == "focus"
    assert found["JICOFO_AUTH_PASSWORD"]
    assert f"jicofo jitsi-videobridge/jvb-hostname string {settings['domain']}" in whole["answers"]


def test_the_bridges_environment_file_is_left_as_it_is(tree: Tree, tmp_path: Path) -> None:
    text = contents(tree[1])["/etc/jitsi/videobridge/config"]
    assert 'JAVA_SYS_PROPS="' in text
    assert "-Dconfig.file" in text
    assert "--apis" not in text
    assert "$JVB_EXTRA_JVM_PARAMS" not in text
    assert "JVB_SECRET" not in text
    options = sourced(text, tmp_path)["JAVA_SYS_PROPS"].split()
    assert "-Dconfig.file=/etc/jitsi/videobridge/jvb.conf" in options


HOCON = {
    "jicofo.xmpp.client.client-proxy": "focus.{host}",
    "jicofo.xmpp.client.xmpp-domain": "{host}",
    "jicofo.xmpp.client.domain": "auth.{host}",
    "jicofo.xmpp.client.username": "focus",
    "jicofo.bridge.brewery-jid": "jvbbrewery@internal.auth.{host}",
}


@pytest.mark.skipif(not shutil.which("hocon"), reason="hocon (ruby-hocon) is not installed")
def test_hocon_itself_finds_nothing_to_set(tmp_path: Path) -> None:
    """The script sets the first one always, so it must be byte for byte what is there."""
    chosen = sorted(every_tree(), key=lambda tree: len(tree[0]["domain"]))
    for settings, whole in (chosen[0], chosen[-1]):
        path = tmp_path / "jicofo.conf"
        path.write_text(contents(whole)["/etc/jitsi/jicofo/jicofo.conf"])
        before = path.read_bytes()
        found = json.loads(hocon(path, "-j", "get", "jicofo"))
        for name, value in HOCON.items():
            part: Any = {"jicofo": found}
            for step in name.split("."):
                part = part[step]
            assert part == value.format(host=settings["domain"])
        assert found["xmpp"]["client"]["password"]
        assert found["xmpp"]["trusted-domains"] == []
        hocon(path, "set", "jicofo.xmpp.client.client-proxy", f'"focus.{settings["domain"]}"')
        assert path.read_bytes() == before


def hocon(path: Path, *arguments: str) -> str:
    """Return what the packages' own editor says."""
    flags = [argument for argument in arguments if argument.startswith("-")]
    rest = [argument for argument in arguments if not argument.startswith("-")]
    command = ["hocon", *flags, "-f", str(path), *rest]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def test_the_relays_file_is_neither_replaced_nor_extended(tree: Tree) -> None:
    text = contents(tree[1])["/etc/turnserver.conf"]
    assert "jitsi-meet coturn config" in text
    assert "jitsi-meet coturn relay disable config" in text


def test_the_web_packages_scripts_find_their_files(tree: Tree) -> None:
    """A file of that name is kept as it is; the site must not show the package's certificate."""
    settings, whole = tree
    files, host = contents(whole), settings["domain"]
    assert f"/etc/jitsi/meet/{host}-config.js" in files
    site = files[f"/etc/nginx/sites-available/{host}.conf"]
    assert "/etc/jitsi/meet/" not in re.sub(r"alias [^;]*-config\.js;", "", site)
    links = {link["path"]: link["to"] for link in whole["links"]}
    enabled = f"/etc/nginx/sites-enabled/{host}.conf"
    assert links[enabled] == f"/etc/nginx/sites-available/{host}.conf"


QUESTIONS = {
    "jitsi-videobridge/jvb-hostname": (
        "jicofo jitsi-meet-prosody jitsi-meet-turnserver jitsi-meet-web-config jitsi-videobridge2"
    ),
    "jitsi-videobridge/jvbsecret": "jitsi-meet-prosody jitsi-videobridge2",
    "jicofo/jicofo-authpassword": "jicofo jitsi-meet-prosody",
    "jitsi-meet-prosody/turn-secret": "jitsi-meet-prosody",
    "jitsi-meet/cert-choice": "jitsi-meet-prosody jitsi-meet-web-config",
    "jitsi-meet/jaas-choice": "jitsi-meet-prosody jitsi-meet-web-config",
    "jitsi-meet/cert-path-key": "jitsi-meet-web-config",
    "jitsi-meet/cert-path-crt": "jitsi-meet-web-config",
}


def test_every_question_of_every_package_is_answered(tree: Tree) -> None:
    """An unanswered one becomes the word "ok", or a certificate is asked for on the internet."""
    settings, whole = tree
    given: dict[str, list[str]] = {}
    for line in whole["answers"]:
        owner, question, kind, value = line.split(" ", 3)
        given.setdefault(question, []).append(owner)
        assert kind in {"string", "password", "boolean", "select"}
        assert value.strip()
        if question == "jitsi-videobridge/jvb-hostname":
            assert value == settings["domain"]
        if question == "jitsi-meet/cert-choice":
            assert value == "I want to use my own certificate"
        if question == "jitsi-meet/jaas-choice":
            assert value == "false"
    assert {question: " ".join(sorted(owners)) for question, owners in given.items()} == QUESTIONS


def test_users_are_those_that_the_packages_would_make(tree: Tree) -> None:
    users = {user["name"]: user for user in tree[1]["users"]}
    assert (users["jvb"]["group"], users["jicofo"]["group"]) == ("jitsi", "jitsi")
    assert users["jvb"]["home"] == "/usr/share/jitsi-videobridge"
    assert users["jicofo"]["home"] == "/usr/share/jicofo"
    assert "jitsi" in tree[1]["groups"]
    folders = {entry["path"]: entry for entry in tree[1]["directories"]}
    own = {"/etc/jitsi/jicofo": "jitsi-focus", "/etc/jitsi/videobridge": "jitsi-bridge"}
    for path, group in own.items():
        # Each service reads what is its own, and nobody but root changes it.
        assert (folders[path]["group"], folders[path]["mode"]) == (group, "0750")
        for declared in tree[1]["files"]:
            if declared["path"].startswith(path + "/"):
                assert "owner" not in declared
                assert (declared["group"], declared["mode"]) == (group, "0640")
    # The scripts delete groups of these names.
    assert not {"jicofo", "jvb"} & set(tree[1]["groups"])


# What packages of Debian 12 and 13 ship at paths of ours (`dpkg-query -W -f '${Conffiles}'`).
SHIPPED = {
    "/etc/logrotate.d/btmp": {"55631862595faf6432786dc335eb3f44"},
    "/etc/logrotate.d/certbot": {"a815a66a333f2637c00055fcd44b02d4"},
    "/etc/logrotate.d/nginx": {"b29112f9480a70fa7de2729ff39923e2"},
    "/etc/logrotate.d/prosody": {"806c5f1c3137ccb0ab544c8a38d63a54"},
    "/etc/logrotate.d/wtmp": {"46cd7ecb1810441bd450987a976f5540"},
    "/etc/logrotate.d/wtmpdb": {"a55e14a8c5b9889d799ae2a29578ba86"},
    "/etc/nginx/nginx.conf": {
        "e5398edc0b51497dba606859fb13a86e",
        "fadf2b090b18f83f2ec4ae6813d86719",
    },
    "/etc/turnserver.conf": {"afff68e09aac177d11ec0d1d5a0101c7"},
}
# Jitsi's own packages ship these; their bytes were not seen, only their names.
SHIPPED_BY_JITSI = {"/etc/logrotate.d/jicofo", "/etc/logrotate.d/jitsi-videobridge"}


def test_no_file_of_ours_ever_has_the_bytes_that_a_package_ships(tree: Tree) -> None:
    """dpkg takes such a file for its own from then on, and replaces it in spite of confold."""
    files = contents(tree[1])
    met = SHIPPED.keys() & files.keys()
    for path in met:
        digest = hashlib.md5(files[path].encode(), usedforsecurity=False).hexdigest()
        assert digest not in SHIPPED[path], path
    assert met >= SHIPPED.keys() - {"/etc/logrotate.d/wtmpdb", "/etc/logrotate.d/certbot"}
    # A later version of a package may ship anything but this line.
    for path in met | (SHIPPED_BY_JITSI & files.keys()):
        assert "jitsi-provision" in files[path].partition("\n")[0], path


def test_nothing_but_jitsis_own_packages_comes_from_its_source(tree: Tree) -> None:
    """apt takes the specific lines first, and every other name only where Debian has none."""
    text = contents(tree[1])["/etc/apt/preferences.d/jitsi-provision.pref"]
    host = tree[0]["repository_host"]
    pins = [dict(re.findall(r"^([\w-]+): (.*)$", block, re.MULTILINE))
            for block in text.split("\n\n")]  # fmt: skip
    assert [pin for pin in pins if pin] == [
        {"Package": "*", "Pin": f'origin "{host}"', "Pin-Priority": "1"},
        {"Package": "jitsi-* jicofo", "Pin": f'origin "{host}"', "Pin-Priority": "500"},
    ]
