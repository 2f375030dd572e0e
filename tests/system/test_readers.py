"""HST: each service reads only what is its own; found by trying on the server, on both releases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from provision.inventory.reading import load
from provision.verify.evidence import Evidence
from provision.verify.judges.inside_readers import OWN, refuse_untried, strangers
from provision.verify.probes import inside
from provision.verify.target import of_school
from tests.system.breakages import BREAKAGES, apply, mend
from tests.system.project import KEY

if TYPE_CHECKING:
    from tests.system.school import School

LET_IN = """
import os, pwd, stat, struct, sys
number = pwd.getpwnam("games").pw_uid
for path in sys.argv[1:]:
    mode = os.stat(path).st_mode
    owner, group, rights = mode >> 6 & 7, mode >> 3 & 7, 5 if stat.S_ISDIR(mode) else 4
    entries = ((1, owner, -1), (2, rights, number), (4, group, -1), (16, group | rights, -1),
               (32, mode & 7, -1))
    value = struct.pack("<I", 2)
    value += b"".join(struct.pack("<HHi", *entry) for entry in entries)
    os.setxattr(path, "system.posix_acl_access", value)
"""


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


def test_a_list_for_somebody_is_found_and_a_deployment_takes_it_away(seen: School) -> None:
    """As `setfacl -m u:games:r` does; the remedy that HST-06 names is tried here."""
    key = "/etc/jitsi-provision/tls/key.pem"
    secret = "/etc/jitsi-provision/secrets/turn"
    config = "/etc/jitsi/jicofo/jicofo.conf"
    places = [Path(path).parent for path in (key, secret, config)]
    seen.host.run(["python3", "-c", LET_IN, key, secret, config, *map(str, places)])
    try:
        evidence = look(seen)
        # Nothing else than the list was changed.
        assert {path: evidence["inside"]["parts"]["readers"]["people"].get(path) for path in
                (key, secret, config)} == {key: 1, secret: 1, config: 1}  # fmt: skip
        assert f"an account beside root can read {secret}" in strangers(evidence)
    finally:
        done = seen.project.run("deploy", "--json")
    assert done.code == 0, done.err
    assert strangers(look(seen)) == set()
    again = seen.project.run("deploy", "--json")
    assert again.data["changed"] == []


def test_a_key_that_another_service_can_read_is_found(seen: School) -> None:
    (breakage,) = (each for each in BREAKAGES if each.name.startswith("the relay can read"))
    apply(seen.host, seen.domain, [breakage])
    try:
        found = strangers(look(seen))
    finally:
        mend(seen.host, seen.domain, [breakage])
    assert found == {"coturn can read /etc/jitsi-provision/tls/key.pem"}
