"""English sentences, whatever language the machine speaks, and patience on a busy one."""

import hypothesis
import pytest

from provision.messages import i18n

hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _english() -> None:
    i18n.activate("en")
