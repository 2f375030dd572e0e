"""One server, handed over anew for each test, and technicians who have never seen it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.system.connect.technician import Technician, as_rented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Host
    from tests.conftest import MakeHost


class MakeTechnician(Protocol):
    """Return somebody who has never seen the host."""

    def __call__(self, **settings: Any) -> Technician: ...


@pytest.fixture(scope="session")
def server(make_host: MakeHost) -> Host:
    """One server for all tests of the first contact."""
    return make_host("13")


@pytest.fixture
def rented(server: Host) -> Iterator[Host]:
    """The server as the provider hands it over."""
    as_rented(server)
    yield server
    server.run("systemctl stop odd.service", check=False)


@pytest.fixture
def technician(rented: Host, tmp_path_factory: pytest.TempPathFactory) -> MakeTechnician:
    """A function that makes technicians."""
    numbers = count(1)

    def make(**settings: Any) -> Technician:
        folder = tmp_path_factory.mktemp(f"t{next(numbers)}")
        return Technician(folder, rented, settings)

    return make
