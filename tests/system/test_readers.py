"""HST: each service reads only what is its own; found by trying on the server, on both releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from provision.inventory import load
from provision.verify.evidence import Evidence
from provision.verify.judges.inside_readers import OWN, refuse_untried, strangers
from provision.verify.probes import inside
from provision.verify.target import of_school
from tests.system.breakages import BREAKAGES, apply, mend
from tests.system.project import KEY

if TYPE_CHECKING:
    from tests.system.school import School


@pytest.fixture(params=["13", "12"])
def seen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> School:
    """The school on each release."""
    school: School = request.getfixturevalue("school" if request.param == "13" else "school12")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(school.project.agent.socket))
    return school


def look(school: School) -> Evidence:
    """What is seen of a school's server from inside."""
    inventory = school.project.folder / "inventory.yml"
    found: dict[str, Any] = inside.measure(of_school(inventory, KEY, load(inventory).schools[KEY]))
    return Evidence({"inside": found})


def test_each_service_reads_its_own_files_and_no_other(seen: School) -> None:
    evidence = look(seen)
    refuse_untried(evidence)
    readers = evidence["inside"]["parts"]["readers"]
    assert set(readers["tried"]) == set(OWN)
    assert min(readers["tried"].values()) > 20
    assert strangers(evidence) == set()
    # And all that it needs: with less it would not run.
    own = {
        "/etc/jitsi/jicofo/jicofo.conf": ["jicofo"],
        "/etc/jitsi/videobridge/jvb.conf": ["jitsi-videobridge2"],
        f"/etc/prosody/certs/auth.{seen.domain}.key": ["prosody"],
        f"/etc/prosody/conf.avail/{seen.domain}.cfg.lua": ["prosody"],
        "/etc/turnserver.conf": ["coturn"],
        "/etc/coturn-tls/key.pem": ["coturn"],
    }
    assert {path: readers["readable"].get(path) for path in own} == own


def test_a_key_that_another_service_can_read_is_found(seen: School) -> None:
    (breakage,) = (each for each in BREAKAGES if each.name.startswith("the relay can read"))
    apply(seen.host, seen.domain, [breakage])
    try:
        found = strangers(look(seen))
    finally:
        mend(seen.host, seen.domain, [breakage])
    assert found == {"coturn can read /etc/jitsi-provision/tls/key.pem"}
