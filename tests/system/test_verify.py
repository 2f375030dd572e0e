"""A deployed school is proven, and broken for real: exactly the right controls fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from provision.controls import catalogue
from provision.verify.judges import parts
from tests.remedies import in_list, tried_by
from tests.system.breakages import BREAKAGES, Breakage, apply, mend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.conftest import MakeProject
    from tests.system.project import Done, Project
    from tests.system.school import School

HEALED = "tests/system/test_verify.py::test_what_each_failed_control_advises_heals_it"
BY_HAND = {
    r"unless a file in (\S+) says something else": "rm -f {0}/*.js",
    r"^Answer 404 there": "rm -f /etc/jitsi-provision/local/*.nginx.conf; systemctl reload nginx",
    r"^Delete what is older": "rm /var/log/old.log",
    r"^Delete the dumps": "rm /tmp/java_pid1.hprof",
    r"of files in (\S+) whose names sort before": "rm {0}/00-*; systemctl reload ssh",
    r"a file of yours in (\S+) may": "rm -f {0}/99-school",
}
"""What a person does on the server who reads a remedy, by what it says."""
NEEDS_BROWSER = "It needs a browser: run it again with --browser."


@pytest.fixture(scope="module")
def technician(
    school: School, make_project: MakeProject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """Somebody whose inventory also names the root of the certificates that the bench issues."""
    roots = tmp_path_factory.mktemp("roots") / "roots.pem"
    roots.write_bytes(school.bench.acme.roots)
    setting = school.host.allow_updates()
    yield make_project(school.host, acme_ca_file=str(roots))
    school.host.run(["rm", setting])


@pytest.fixture(scope="module")
def proof(school: School, technician: Project) -> tuple[Done, str, str]:
    """A proof of the whole server, and the server's state before and after it."""
    before = school.host.state_hash()
    done = technician.run("verify", "--json")
    return done, before, school.host.state_hash()


def states(done: Done) -> dict[str, str]:
    """The state of each control."""
    return {control["id"]: control["state"] for control in done.data["controls"]}


def test_everything_that_the_program_sees_to_is_fulfilled(proof: tuple[Done, str, str]) -> None:
    done = proof[0]
    unfulfilled = {
        control["id"]: [finding["sentence"] for finding in control["findings"]]
        for control in done.data["controls"]
        if control["state"] not in {"fulfilled", "open"}
    }
    in_browser = {
        key for key, known in parts().items()
        if any(part.section == "browser" and not part.additional for part in known)
    }  # fmt: skip
    unmeasured = {key for key, control in catalogue().items() if control.unmeasured}
    open_ones = {key for key, control in catalogue().items() if control.asks}
    first = {"OPS-05"}
    assert set(unfulfilled) == (in_browser | unmeasured | first) - open_ones, unfulfilled
    assert all(NEEDS_BROWSER in unfulfilled[key] for key in in_browser)
    assert done.code == 0


def test_the_proof_leaves_nothing_behind_and_tells_no_secret(
    school: School, technician: Project, proof: tuple[Done, str, str]
) -> None:
    done, before, after = proof
    assert before == after
    (page, *_pdf) = done.data["files"]
    told = done.out + "".join(
        (technician.folder / page).with_suffix(suffix).read_text() for suffix in (".html", ".json")
    )
    secrets = school.secrets()
    assert len(secrets) >= 3
    assert [name for name, secret in secrets.items() if secret in told] == []


def different() -> list[Breakage]:
    """Breakages of different controls: one look, which takes a while, tells them apart."""
    chosen: list[Breakage] = []
    for breakage in BREAKAGES:
        if not any(breakage.fails & other.fails for other in chosen):
            chosen.append(breakage)
    return chosen


@pytest.fixture(scope="module")
def broken(school: School, technician: Project, proof: tuple[Done, str, str]) -> Iterator[Done]:
    """A proof of the server that is broken in many ways at once, while it is."""
    del proof  # it comes before
    apply(school.host, school.domain, different())
    try:
        yield technician.run("verify", "--json")
    finally:
        mend(school.host, school.domain, different())


def test_each_real_breakage_fails_its_own_controls(
    proof: tuple[Done, str, str], broken: Done
) -> None:
    chosen = different()
    assert len(chosen) > 30
    expected: set[str] = set().union(*(breakage.all_fails for breakage in chosen))
    good, bad = states(proof[0]), states(broken)
    changed = {key: state for key, state in bad.items() if state != good[key]}
    assert changed == dict.fromkeys(expected, "failed")
    assert broken.code == 1


def test_what_each_failed_control_advises_heals_it(
    school: School, technician: Project, proof: tuple[Done, str, str], broken: Done
) -> None:
    good = states(proof[0])
    advised = {
        (control["id"], finding["remedy"])
        for control in broken.data["controls"]
        for finding in control["findings"]
        if good[control["id"]] != "failed" and "remedy" in finding
    }
    # First what the program does by itself, then what is left to a person, each as it is written.
    if any("provision deploy" in remedy for _key, remedy in advised):
        assert school.project.run("deploy").code == 0
    for _key, remedy in sorted(advised):
        for pattern, command in BY_HAND.items():
            for found in re.finditer(pattern, remedy):
                school.host.run(command.format(*found.groups()))
    healed = technician.run("verify", "--json")
    left = {
        control["id"]: [finding["sentence"] for finding in control["findings"]]
        for control in healed.data["controls"]
        if control["state"] == "failed" and good[control["id"]] != "failed"
    }
    assert left == {}
    followed: set[str] = set().union(*(in_list(remedy) for _key, remedy in advised))
    assert tried_by(HEALED) <= followed


def test_a_server_with_another_host_key_is_only_looked_at_from_outside(
    technician: Project, school: School
) -> None:
    technician.trust(f"{school.host.address} ssh-ed25519 {'A' * 68}")
    try:
        done = technician.run("verify", "--json", "--only", "TLS-01,HST-06")
    finally:
        technician.trust(f"{school.host.address} {school.host.host_key}")
    assert (done.code, states(done)) == (3, {"TLS-01": "fulfilled", "HST-06": "not measured"})
