"""DEP: a change by hand goes back, the way for own changes stays, and no secret is ever shown."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.system.school import UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Host
    from tests.system.entrance import Entrance
    from tests.system.school import School

TURN = "/etc/turnserver.conf"
LOCAL = "/etc/jitsi-provision/local"
WITH_SECRETS = (
    TURN,
    "/etc/jitsi/jicofo/jicofo.conf",
    "/etc/jitsi/videobridge/jvb.conf",
    "/etc/prosody/conf.avail/{domain}.cfg.lua",
)


@contextmanager
def changed(host: Host, path: str, old: str, new: str) -> Iterator[str]:
    """Change a file by hand and yield its former content; it is put back whatever happens."""
    before = host.read(path).decode()
    assert old in before
    try:
        rewrite(host, path, before.replace(old, new))
        yield before
    finally:
        rewrite(host, path, before)


def rewrite(host: Host, path: str, text: str) -> None:
    """Write into a file that is there; owner and rights stay."""
    host.run(["sh", "-c", 'cat > "$1"', "sh", path], input=text)


def test_hand_edited_file_goes_back_and_is_kept_once(school: School) -> None:
    states, running = school.host.state(), school.invocations()
    with changed(school.host, TURN, "no-cli\n", "no-cli\nverbose\n") as before:
        done = school.project.run("deploy", "--json")
        assert done.code == 0, done.err
        assert done.data["changed"] == [TURN]
        assert done.data["restarted"] == ["coturn.service"]
        assert school.host.read(TURN).decode() == before
        kept = f"/var/lib/jitsi-provision/previous{TURN}"
        assert school.host.read(kept).decode() == before.replace("no-cli\n", "no-cli\nverbose\n")
        rights = school.host.run(["stat", "-c", "%a %U %G", TURN, kept]).stdout.splitlines()
        assert rights[0] == rights[1] == "640 root turnserver"
    assert school.host.state() == states
    now = school.invocations()
    assert [name for name in running if now[name] != running[name]] == ["coturn"]


def test_changed_rights_go_back(school: School) -> None:
    states = school.host.state()
    school.host.run(["chmod", "0644", TURN])
    done = school.project.run("deploy", "--json")
    assert done.data["changed"] == [TURN]
    assert school.host.state() == states


def test_secrets_are_never_shown(school: School) -> None:
    """Files with secrets are changed by hand beside them, so that every diff comes near them."""
    secrets = school.secrets()
    assert {"turn", "focus", "bridge"} <= set(secrets)
    assert all(len(value) >= 32 for value in secrets.values())
    for path in WITH_SECRETS:
        where = path.format(domain=school.domain)
        text = school.host.read(where).decode()
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines):
            if any(value in line for value in secrets.values()):
                # Another value in its place, as after a rotation by hand, and a line above.
                lines[number] = "\n" + line.replace("a", "b").replace("A", "B")
        rewrite(school.host, where, "".join(lines))
    rotated = [
        line.strip().replace("\n", "")
        for path in WITH_SECRETS
        for line in school.host.read(path.format(domain=school.domain)).decode().splitlines()
    ]
    hidden = {
        name: [value, *(found for line in rotated if (found := old_value(line, value)))]
        for name, value in secrets.items()
    }
    starts = school.host.journal_starts(UNITS)
    shown = {
        "plan -v": school.project.run("plan", "-v"),
        "ansible -vvvv": school.project.playbook("--check", "--diff", "-vvvv"),
        "deploy -v --json": school.project.run("deploy", "-v", "--json"),
    }
    for command, done in shown.items():
        assert done.code == 0, (command, done.err)
        for name, values in hidden.items():
            for value in values:
                assert value not in done.out + done.err, f"{command} shows the secret {name}"
    assert "(secret turn)" in shown["plan -v"].out + shown["plan -v"].err
    done = shown["deploy -v --json"].data
    assert len(done["changed"]) == len(WITH_SECRETS)
    # The focus follows Prosody by itself, and is not restarted a second time for its own file.
    restarted = [unit for unit in UNITS if unit != "nginx.service"]
    assert sorted(done["restarted"]) == sorted(restarted)
    assert {
        unit: number - starts[unit] for unit, number in school.host.journal_starts(UNITS).items()
    } == dict.fromkeys(restarted, 1) | {"nginx.service": 0}


def old_value(line: str, value: str) -> str:
    """Return the value that stands in the place of a secret in this line, or nothing."""
    wanted = value.replace("a", "b").replace("A", "B")
    return wanted if wanted in line and wanted != value else ""


def test_own_changes_take_effect_are_named_and_survive(school: School, entrance: Entrance) -> None:
    files = {
        "config.js": "config.startAudioOnly = true;\n",
        "proof.nginx.conf": 'location = /proof { default_type text/plain; return 200 "own"; }\n',
        "jvb.conf": "videobridge.load-management.reducer-enabled = false\n",
    }
    try:
        for name, text in files.items():
            school.host.write(f"{LOCAL}/{name}", text)
        school.host.run("systemctl reload nginx && systemctl restart jitsi-videobridge2")
        done = school.project.run("deploy")
        assert done.code == 0, done.err
        named = ", ".join(f"{LOCAL}/{name}" for name in sorted(files))
        assert f"  ! Changes of your own are in force: {named}\n" in done.err
        assert entrance.get("/proof").text == "own"
        assert entrance.get("/local-config.js").text == files["config.js"]
        assert files["config.js"] in entrance.get("/config.js").text
        for name, text in files.items():
            assert school.host.read(f"{LOCAL}/{name}").decode() == text
    finally:
        school.host.run(["find", LOCAL, "-type", "f", "-delete"])
        school.host.run("systemctl reload nginx && systemctl restart jitsi-videobridge2")
        assert school.project.run("deploy").code == 0


def test_broken_own_change_is_refused_before_anything_is_replaced(
    school: School, entrance: Entrance
) -> None:
    site = f"/etc/nginx/sites-available/{school.domain}.conf"
    with changed(school.host, site, "gzip on;", "gzip off;"):
        school.host.write(f"{LOCAL}/broken.nginx.conf", "location = {\n")
        try:
            before = school.host.state()
            done = school.project.run("deploy", "--json")
            assert (done.code, done.data["changed"]) == (4, [])
            assert done.data["error"]["rows"] == {
                "Why": (
                    f"nginx does not understand {LOCAL}/broken.nginx.conf, and would not start "
                    'any more: unexpected end of file, expecting "}"'
                ),
                "Next": (
                    f"on the server, correct {LOCAL}/broken.nginx.conf or delete it, then: "
                    "systemctl reload-or-restart nginx"
                ),
            }
            assert school.host.state() == before
            assert entrance.get("/").status == 200
        finally:
            school.host.run(["rm", f"{LOCAL}/broken.nginx.conf"])
    assert school.project.run("deploy").code == 0


def test_another_domain_is_refused(school: School) -> None:
    before, own, domain = school.host.state(), school.domain, "meet.other-school.example.org"
    school.project.write(domain=domain)
    try:
        done = school.project.run("deploy")
        assert (done.code, done.out) == (5, "")
        assert done.err.splitlines()[1:] == [
            "✗ This server cannot be used as it is; nothing was changed on it.",
            f"  Why    Jitsi was installed on this server for {own}, not for {domain}.",
            (
                f"  Next   set `domain: {own}` in inventory.yml, "
                "or let the provider set up the server anew"
            ),
        ]
    finally:
        school.project.write(domain=own)
    assert school.host.state() == before
