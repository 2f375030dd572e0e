"""Each judge seen red: a server broken in one way fails exactly the controls that it breaks."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from provision.controls import catalogue
from provision.verify.evidence import Evidence
from provision.verify.finding import State
from provision.verify.judges import parts
from provision.verify.verdict import verdicts
from tests.unit.verify import good, mutations
from tests.unit.verify.breakage import DARKENINGS, MUTATIONS

for module in pkgutil.iter_modules(mutations.__path__, mutations.__name__ + "."):
    importlib.import_module(module.name)


def failing(evidence: Evidence) -> set[str]:
    """The controls that fail."""
    return {v.control.id for v in verdicts(evidence) if v.state is State.FAILED}


def test_nothing_fails_on_a_good_server() -> None:
    judged = [verdict for verdict in verdicts(good.evidence()) if verdict.state is State.FAILED]
    assert {verdict.control.id: verdict.findings for verdict in judged} == {}


@pytest.mark.parametrize("name", MUTATIONS)
def test_exactly_the_right_control_fails(name: str) -> None:
    change, fails = MUTATIONS[name]
    data = good.data()
    change(data)
    assert failing(Evidence(data)) == fails


def unmeasured(evidence: Evidence) -> set[str]:
    """The controls of which nobody knows, though somebody looked."""
    return {v.control.id for v in verdicts(evidence) if v.state is State.NOT_MEASURED}


@pytest.mark.parametrize("name", DARKENINGS)
def test_what_nobody_understood_is_not_measured(name: str) -> None:
    """Neither right nor wrong: no proof by not understanding, and no blame for not answering."""
    change, hidden = DARKENINGS[name]
    data = good.data()
    change(data)
    assert failing(Evidence(data)) == set()
    assert unmeasured(Evidence(data)) - unmeasured(good.evidence()) == hidden


def test_every_judged_control_was_seen_red() -> None:
    seen = {control for mutation in MUTATIONS.values() for control in mutation.fails}
    recorded = good.data()
    judged = {
        control
        for control, known in parts().items()
        if any(part.section in recorded and not part.additional for part in known)
    }
    assert judged - seen == set()
    assert seen <= set(catalogue())
