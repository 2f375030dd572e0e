"""A misbehaving server in the place of a school's."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from provision.verify.outside import services
from provision.verify.target import Target
from tests.unit.made_certificates import DOMAIN
from tests.unit.verify import evil

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.unit.verify.evil import Behaviour, Server

CLOSED = 1
"""Nothing listens there."""


class Serve(Protocol):
    """Serve a behaviour as the web server of `target`."""

    def __call__(
        self, behaviour: Behaviour, context: ssl.SSLContext | None = None
    ) -> AbstractContextManager[Server]: ...


@pytest.fixture
def target() -> Target:
    """A stranger's server on this computer."""
    return Target(DOMAIN, address="127.0.0.1", seconds=60)


@pytest.fixture
def impatient(target: Target) -> Target:
    """The same, for a server that lets everybody wait."""
    return replace(target, seconds=0.5)


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """A function that serves a behaviour over TLS in the place of the school's web server."""
    for name in ("HTTP", "HTTPS", "TURNS"):
        monkeypatch.setattr(services, name, CLOSED)

    @contextmanager
    def serving(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[Server]:
        with evil.Server(behaviour, context or evil.context(tmp_path)) as server:
            monkeypatch.setattr(services, "HTTPS", server.port)
            yield server

    return serving
