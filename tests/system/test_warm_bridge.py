"""Whatever started bridge and focus anew, the next lesson finds the bridge warm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.school import School

UNIT = "jitsi-provision-first-conference.service"
SECONDS = 290
"""The unit's own end."""


def _shown(school: School, name: str) -> str:
    return school.host.run(["systemctl", "show", "--value", f"--property={name}", UNIT]).stdout


def _said(school: School) -> str:
    """What the unit's last start said."""
    start = _shown(school, "InvocationID").strip()
    return school.host.run(
        f"journalctl _SYSTEMD_INVOCATION_ID={start} -o cat --no-pager"
    ).stdout.strip()


def _ended(school: School, before: str) -> bool:
    """Whether another start of the unit than that one has come to an end."""
    state = _shown(school, "ActiveState").strip()
    return _shown(school, "InvocationID") != before and state in ("active", "failed")


@pytest.fixture
def running(school: School) -> Iterator[School]:
    """The school, whose services run again afterwards."""
    yield school
    school.host.run("systemctl start prosody jicofo jitsi-videobridge2")
    school.host.run(f"systemctl start {UNIT}")


@pytest.mark.parametrize(
    "upset",
    [
        "systemctl restart jicofo jitsi-videobridge2",  # an upgrade of both
        "systemctl restart prosody jicofo jitsi-videobridge2",
        "systemctl kill --signal=KILL jitsi-videobridge2",
    ],
)
def test_bridge_is_warm_again(running: School, upset: str) -> None:
    before = _shown(running, "InvocationID")
    running.host.run(upset)
    assert wait_until(lambda: _ended(running, before), seconds=SECONDS, every=0.5)
    assert "the bridge carries a conference after" in _said(running)
    assert _shown(running, "ActiveState") == "active\n"


def test_it_ends_and_says_what_is_down_and_begins_again_with_that(running: School) -> None:
    running.host.run("systemctl stop jicofo")
    before = _shown(running, "InvocationID")
    running.host.run("systemctl restart jitsi-videobridge2")
    assert wait_until(lambda: _ended(running, before), seconds=SECONDS, every=0.5)
    assert "no bridge is in the focus's list; jicofo is down" in _said(running)
    assert running.host.run("systemctl --failed --plain --no-legend").stdout.startswith(UNIT)
    failed = _shown(running, "InvocationID")
    running.host.run("systemctl start jicofo")
    assert wait_until(lambda: _ended(running, failed), seconds=SECONDS, every=0.5)
    assert "the bridge carries a conference after" in _said(running)
