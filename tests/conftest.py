"""Fixtures for everything that needs real Debian hosts."""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

# `pytest` alone, unlike `python -m pytest`, does not look for packages in the repository's root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.bench import Bench, Host, needs
from tests.bench.process import started_at

# A run in the background of a script ignores Ctrl-C, and so would every program that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    from collections.abc import Iterator

KEEP = "PROVISION_KEEP_HOSTS"
"""Set it to find the hosts of a failed test still running."""


class MakeHost(Protocol):
    """Return a new host of its own; it is removed when the session ends."""

    def __call__(
        self,
        release: str = "13",
        *,
        name: str | None = None,
        memory: str | None = None,
        cache: bool = True,
    ) -> Host: ...


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked `host` where no host can be made, and say why."""
    if item.get_closest_marker("host") is None:
        return
    missing = needs.require()
    if missing:
        pytest.skip(" ".join(missing))


@pytest.fixture(scope="session")
def bench() -> Bench:
    """The bench, up; it stays up for the next session."""
    missing = needs.require()
    if missing:
        pytest.skip(" ".join(missing))
    ready = Bench()
    ready.up()
    for host in (ready.directory / "hosts").glob("pytest-*.json"):
        owner = int(host.stem.split("-")[1])
        if started_at(owner) is None:  # that session was killed
            ready.destroy(host.stem)
    return ready


@pytest.fixture(scope="session")
def make_host(bench: Bench) -> Iterator[MakeHost]:
    """A function that makes hosts: make_host("12"), make_host("13", memory="512M")."""
    made: list[str] = []
    numbers = count(1)

    def make(
        release: str = "13",
        *,
        name: str | None = None,
        memory: str | None = None,
        cache: bool = True,
    ) -> Host:
        chosen = f"pytest-{os.getpid()}-{name or next(numbers)}"
        made.append(chosen)
        return bench.create(chosen, release, memory=memory, cache=cache)

    yield make
    if not os.environ.get(KEEP):
        for name in made:
            bench.destroy(name)
