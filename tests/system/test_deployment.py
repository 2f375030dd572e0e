"""DEP: a bare server becomes a school's conference server, once; after that nothing changes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.bench.process import wait_until
from tests.system.school import SERVICES, UNITS

if TYPE_CHECKING:
    from tests.system.school import School

CONFERENCE = "jitsi-provision-first-conference.service"


def test_plan_says_what_would_happen_and_changes_nothing(school: School) -> None:
    seen = school.record
    assert seen.plan.code == 0, seen.plan.err
    assert seen.planned == seen.before
    shown = seen.plan.out.replace(school.domain, "DOMAIN").replace(school.host.address, "ADDRESS")
    headline, *lines = shown.splitlines()
    assert headline == "Gymnasium Nord & Söhne · DOMAIN · ADDRESS · Debian 13"
    sections: dict[str, list[str]] = {}
    title = ""
    for line in lines:
        if line.startswith("    "):
            sections[title].append(line.strip())
        else:
            title = re.sub(r" \d+:$", "", line.strip())
            sections[title] = []
    assert list(sections) == [
        "would install", "would write", "would start", "would restart", "would obtain",
    ]  # fmt: skip
    assert {"prosody", "jicofo", "jitsi-videobridge2", "jitsi-meet-web"} < {
        *sections["would install"]
    }
    assert {"user prosody", "/etc/turnserver.conf", "/etc/jitsi/videobridge/jvb.conf"} < {
        *sections["would write"]
    }
    assert sections["would start"] == ["Prosody", "focus", "bridge", "web", "TURN"]
    assert sections["would obtain"] == ["a certificate for DOMAIN"]
    assert seen.plan.err == "Nothing was changed. Next: provision deploy gymnasium-nord\n"


def test_plain_check_mode_changes_nothing_either(school: School) -> None:
    assert school.record.rehearsal.code == 0, school.record.rehearsal.out[-3000:]
    assert "failed=0" in school.record.rehearsal.out
    assert school.record.planned == school.record.before


def test_first_deployment_reports_one_json_object(school: School) -> None:
    done = school.record.deploy
    assert done.code == 0, done.out + done.err
    assert len(done.out.splitlines()) == 1, done.out
    assert done.data["school"] == "gymnasium-nord"
    assert done.data["url"] == f"https://{school.domain}"
    assert done.data["rehearsal"] is False
    assert "error" not in done.data
    assert sorted(unit for unit in done.data["started"] if unit in UNITS) == sorted(UNITS)
    assert [unit for unit in done.data["restarted"] if unit in UNITS] == []
    assert "package jitsi-videobridge2" in done.data["changed"]
    assert done.data["seconds"].keys() == {
        "look", "write", "install", "accounts", "start", "certificate", "conference", "access",
    }  # fmt: skip


def test_each_service_was_started_exactly_once(school: School) -> None:
    assert school.record.starts == dict.fromkeys(UNITS, 1)


def test_no_stranger_was_asked_for_anything(school: School) -> None:
    # Packages come through the bench's cache; time is the machine's.
    assert school.record.strangers == []


def test_a_first_conference_was_held(school: School) -> None:
    said = school.host.run(f"journalctl -u {CONFERENCE} -o cat --no-pager").stdout
    assert "the bridge carries a conference after" in said
    assert "conference" in school.record.deploy.data["seconds"]


def test_a_first_conference_is_held_whoever_restarts_the_bridge(school: School) -> None:
    def held() -> str:
        """Return which start of the unit has held a conference; nothing while it tries."""
        shown = ["systemctl", "show", "--value", "--property=InvocationID"]
        active = school.host.run(f"systemctl is-active {CONFERENCE}", check=False).stdout
        return school.host.run([*shown, CONFERENCE]).stdout.strip() if active == "active\n" else ""

    before = held()
    assert before
    school.host.run("systemctl restart jitsi-videobridge2")
    assert wait_until(lambda: held() not in ("", before), seconds=60)


def test_focus_and_bridge_have_found_each_other(school: School) -> None:
    stats = json.loads(school.host.run("curl -s http://127.0.0.1:8888/stats").stdout)
    assert stats["bridge_selector"]["operational_bridge_count"] == 1
    health = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/about/health"
    assert school.host.run(health).stdout == "200"


def test_no_unit_has_failed(school: School) -> None:
    assert school.host.run("systemctl --failed --plain --no-legend").stdout == ""


def test_second_deployment_changes_nothing(school: School) -> None:
    before, running = school.host.state(), school.invocations()
    done = school.project.run("deploy", "--json")
    assert done.code == 0, done.err
    assert {key: done.data[key] for key in ("changed", "started", "restarted", "reloaded")} == {
        "changed": [], "started": [], "restarted": [], "reloaded": [],
    }  # fmt: skip
    assert school.host.state() == before
    assert school.invocations() == running
    assert re.fullmatch(r"✓ gymnasium-nord: nothing to change \(\d+\.\d s\)\n", done.err)


def test_plain_ansible_changes_nothing_after_the_program(school: School) -> None:
    before = school.host.state()
    done = school.project.playbook()
    assert done.code == 0, done.out[-3000:]
    assert re.search(r"gymnasium-nord +: ok=\d+ +changed=0 +unreachable=0 +failed=0", done.out)
    assert school.host.state() == before


def test_services_come_back_after_a_boot(school: School) -> None:
    enabled = school.host.run(["systemctl", "is-enabled", *SERVICES], check=False).stdout.split()
    assert enabled == ["enabled"] * len(SERVICES)
