"""Each browser that schools use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.windows import NAMES, Windows, missing, windows

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=NAMES)
def browser_name(request: pytest.FixtureRequest) -> str:
    """The name of each browser that is here."""
    if missing(request.param):
        pytest.skip("no such browser here: apt-get install chromium firefox-esr")
    return str(request.param)


@pytest.fixture(scope="module")
def browser(browser_name: str) -> Iterator[Windows]:
    """Each browser, one for all tests of a file."""
    with windows(browser_name) as running:
        yield running
