"""One bare server for all tests of `provision check`; each test puts back what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.system.check.desk import Desk

if TYPE_CHECKING:
    from tests.bench import Bench, Host
    from tests.conftest import MakeHost
    from tests.system.conftest import MakeProject


class MakeDesk(Protocol):
    """Return a technician at a desk, with these settings of the school."""

    def __call__(self, **settings: Any) -> Desk: ...


@pytest.fixture(scope="session")
def server(make_host: MakeHost) -> Host:
    """A server with nothing on it, where nothing is ever to happen."""
    return make_host("13", name="checked")


@pytest.fixture
def make_desk(bench: Bench, server: Host, make_project: MakeProject) -> MakeDesk:
    """A function that makes desks for the server."""

    def make(**settings: Any) -> Desk:
        return Desk(bench.chair(), make_project(server, **settings))

    return make


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """A desk for the server."""
    return make_desk()
