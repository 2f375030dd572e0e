"""One deployed school for most tests; bare hosts for the rest."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.system import school as schools
from tests.system.admission import admitted_guest
from tests.system.entrance import Entrance
from tests.system.project import Agent, Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Bench, Host
    from tests.conftest import MakeHost
    from tests.system.school import School
    from tests.system.visitor import Visitor

REUSE = "PROVISION_SYSTEM_HOST"
"""Set it to a host's name to deploy there once and come back to it in the next session."""
REUSE12 = "PROVISION_SYSTEM_HOST12"
"""The same for the host with Debian 12."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs hosts."""
    for item in items:
        if "tests/system/" in item.nodeid:
            item.add_marker(pytest.mark.host)


def _deployed(
    bench: Bench, make_host: MakeHost, make_project: MakeProject, release: str, reused: str | None
) -> School:
    if not reused:
        host = make_host(release, name="school" if release == "13" else f"school{release}")
        return schools.deploy(bench, host, make_project(host))
    host = bench.host(reused, release)
    project, kept = make_project(host), bench.directory / f"system-{host.name}-{host.born:.0f}.json"
    if not kept.exists():
        made = schools.deploy(bench, host, project)
        schools.save(made.record, kept)
        return made
    project.run("deploy")  # the roles may have changed since
    return schools.School(bench, host, project, schools.load(kept))


class MakeProject(Protocol):
    """Return a new technician's directory for a host."""

    def __call__(self, host: Host, **settings: Any) -> Project: ...


@pytest.fixture(scope="session")
def agent(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """An agent with the key that every host accepts."""
    key = bench.directory / "key" / "id_ed25519"
    agent = Agent(tmp_path_factory.mktemp("agent"), key)
    yield agent
    agent.stop()


@pytest.fixture(scope="session")
def make_project(
    bench: Bench, agent: Agent, tmp_path_factory: pytest.TempPathFactory
) -> MakeProject:
    """A function that makes projects."""
    numbers = count(1)

    def make(host: Host, **settings: Any) -> Project:
        folder = tmp_path_factory.mktemp(f"p{next(numbers)}")
        return Project(folder, host, agent, schools.settings(bench, host) | settings)

    return make


@pytest.fixture(scope="session")
def school(bench: Bench, make_host: MakeHost, make_project: MakeProject) -> School:
    """Debian 13, deployed with the program; tests leave it as they found it."""
    return _deployed(bench, make_host, make_project, "13", os.environ.get(REUSE))


@pytest.fixture(scope="session")
def school12(bench: Bench, make_host: MakeHost, make_project: MakeProject) -> School:
    """The same on Debian 12."""
    return _deployed(bench, make_host, make_project, "12", os.environ.get(REUSE12))


@pytest.fixture(scope="session")
def entrance(bench: Bench, school: School) -> Entrance:
    """The deployed school's server as the outside sees it."""
    return Entrance(school.host.address, school.domain, bench.acme.root_file)


@pytest.fixture(scope="module")
def admitted(school: School, entrance: Entrance) -> Iterator[Visitor]:
    """A guest in a room, who may use the relay."""
    with admitted_guest(school, entrance) as guest:
        yield guest
