"""English sentences, whatever language the machine speaks."""

import pytest

from provision import i18n


@pytest.fixture(autouse=True)
def _english() -> None:
    i18n.activate("en")
