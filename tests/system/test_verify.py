"""A deployed school is proven, and broken for real: exactly the right controls fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision.controls import catalogue
from provision.verify.verdict import parts
from tests.system.breakages import BREAKAGES, apply, mend

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.system.conftest import MakeProject
    from tests.system.project import Done, Project
    from tests.system.school import School

NEEDS_BROWSER = "It needs a browser: run it again with --browser."


@pytest.fixture(scope="module")
def technician(
    school: School, make_project: MakeProject, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """Somebody whose inventory also names the root of the certificates that the bench issues."""
    roots = tmp_path_factory.mktemp("roots") / "roots.pem"
    acme = school.bench.acme
    roots.write_bytes(acme.ca_file.read_bytes() + acme.root_file.read_bytes())
    return make_project(school.host, acme_ca_file=str(roots))


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


def batches() -> list[list[int]]:
    """Which ways to break the server do not get into each other's way: each look takes a while."""
    together: list[list[int]] = []
    for number, breakage in enumerate(BREAKAGES):
        for batch in together:
            taken = [BREAKAGES[other] for other in batch]
            if len(batch) < 12 and not any(breakage.fails & other.fails for other in taken):
                batch.append(number)
                break
        else:
            together.append([number])
    return together


@pytest.mark.parametrize("batch", batches(), ids=lambda batch: f"{len(batch)} ways")
def test_each_real_breakage_fails_its_own_controls(
    batch: Iterable[int], school: School, technician: Project, proof: tuple[Done, str, str]
) -> None:
    chosen = [BREAKAGES[number] for number in batch]
    expected: set[str] = set().union(*(breakage.all_fails for breakage in chosen))
    good = states(proof[0])
    apply(school.host, school.domain, chosen)
    try:
        done = technician.run("verify", "--json")
    finally:
        mend(school.host, school.domain, chosen)
    found = {key for key, state in states(done).items() if state == "failed"}
    assert found == expected
    assert done.code == 1
    unmeasured = {key for key, state in states(done).items() if state == "not measured"}
    assert (
        unmeasured - expected
        == {k for k, state in good.items() if state == "not measured"} - expected
    )


def test_a_server_with_another_host_key_is_only_looked_at_from_outside(
    technician: Project, school: School
) -> None:
    technician.trust(f"{school.host.address} ssh-ed25519 {'A' * 68}")
    try:
        done = technician.run("verify", "--json", "--only", "TLS-01,HST-06")
    finally:
        technician.trust(f"{school.host.address} {school.host.host_key}")
    assert (done.code, states(done)) == (3, {"TLS-01": "fulfilled", "HST-06": "not measured"})
