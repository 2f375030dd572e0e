"""UPD: what apt does to a package later leaves our files alone and disturbs no other service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench import fingerprint

if TYPE_CHECKING:
    from tests.system.school import School

# The service that a package may restart: its own.
OWN = {
    "jitsi-videobridge2": {"jitsi-videobridge2"},
    "jicofo": {"jicofo"},
    "jitsi-meet-prosody": {"prosody", "jicofo"},
    "jitsi-meet-web-config": {"nginx"},
    "jitsi-meet-web": set(),
    "jitsi-meet-turnserver": {"coturn"},
    "jitsi-meet": set(),
    "prosody": {"prosody", "jicofo"},  # the focus follows it; its drop-in says why
    "coturn": {"coturn"},
    "nginx": {"nginx"},
}
VERBS = (
    "apt-get install --yes --quiet --reinstall -o Dpkg::Options::=--force-confold {package}",
    "dpkg-reconfigure --frontend=noninteractive {package}",
)


@pytest.mark.parametrize("package", OWN)
def test_package_that_is_set_up_again_changes_nothing(school: School, package: str) -> None:
    for verb in VERBS:
        before, running = school.host.state(), school.invocations()
        school.host.run(verb.format(package=package))
        assert fingerprint.difference(before, school.host.state()) == [], verb
        now = school.invocations()
        disturbed = {name for name in running if now[name] != running[name]}
        assert disturbed <= OWN[package], verb
    assert school.host.run("systemctl --failed --plain --no-legend").stdout == ""


def test_deployment_finds_nothing_to_repair_after_all_that(school: School) -> None:
    done = school.project.run("deploy", "--json")
    assert done.code == 0, done.err
    assert (done.data["changed"], done.data["started"], done.data["restarted"]) == ([], [], [])
