"""What the judges of `xmpp`, `lesson` and `relay` say where something could not be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from provision.verify.evidence import Evidence
from provision.verify.finding import State
from provision.verify.measure import OUTSIDE
from provision.verify.verdict import verdicts
from tests.unit.verify import good

if TYPE_CHECKING:
    from collections.abc import Collection

    from provision.verify.verdict import Verdict

SECTIONS = ("xmpp", "lesson", "relay")


def verdict(
    control: str, data: dict[str, dict[str, Any]], sections: Collection[str] = SECTIONS
) -> Verdict:
    """Return what holds for one control."""
    judged = verdicts(Evidence(data), sections=sections)
    return next(each for each in judged if each.control.id == control)


@pytest.fixture
def audited() -> dict[str, dict[str, Any]]:
    """What is seen of somebody else's server, which happens to be a school's as we deploy it."""
    data = {"xmpp": good.data()["xmpp"], "relay": good.data()["relay"]}
    data["xmpp"] |= {"conference": None, "entry": None, "doors": None, "room_open": False}
    data["relay"] |= {
        "stranger": None, "told": [], "named": False, "share": None,
        "announced": None, "entrances": [], "anonymous": None, "tcp": None, "ipv6": None,
        "peers": {}, "own": None, "bridge": False, "others": {},
    }  # fmt: skip
    return data


@pytest.mark.parametrize(
    ("control", "state"),
    [
        ("MIN-01", State.FULFILLED),
        ("MIN-06", State.FULFILLED),
        ("THP-04", State.NOT_MEASURED),  # a stranger is told of STUN alone
        ("ACC-01", State.NOT_MEASURED),
        ("ACC-02", State.FULFILLED),
        ("ACC-03", State.NOT_VISIBLE),
        ("ACC-04", State.FULFILLED),
        ("MOD-01", State.NOT_VISIBLE),
        ("MOD-06", State.FULFILLED),
        ("REC-01", State.FULFILLED),
        ("STA-01", State.FULFILLED),
        ("HST-03", State.NOT_MEASURED),
    ],
)
def test_an_audit_says_what_it_cannot_see(
    audited: dict[str, dict[str, Any]], control: str, state: State
) -> None:
    sections = [section for section in OUTSIDE if section in SECTIONS]
    assert verdict(control, audited, sections).state is state


def test_an_audit_sees_relays_that_are_announced_to_whoever_comes(
    audited: dict[str, dict[str, Any]],
) -> None:
    relays = audited["xmpp"]["relays"]
    relays.append(relays[0] | {"kind": "turns", "port": 5349, "transport": "tcp", "seconds": 3600})
    assert verdict("THP-04", audited).state is State.FULFILLED
    relays[-1] |= {"host": "turn.example.net", "own": False}
    assert verdict("THP-04", audited).state is State.FAILED


def test_an_audit_sees_that_there_are_no_accounts(audited: dict[str, dict[str, Any]]) -> None:
    for host in audited["xmpp"]["hosts"]:
        host["anonymous"] = True
    judged = verdict("ACC-01", audited, ["xmpp"])
    assert judged.state is State.FAILED
    assert judged.findings[0].sentence == "There are no accounts: whoever comes can open rooms."


def test_a_host_of_services_that_says_nothing_proves_nothing() -> None:
    data = good.data()
    data["xmpp"]["services"]["bosh"] = "no answer"
    assert verdict("ACC-04", data, [*data]).state is State.NOT_MEASURED


def test_a_focus_that_is_down_proves_nothing() -> None:
    data = good.data()
    data["xmpp"]["conference"] |= {"ready": False, "condition": "service-unavailable"}
    data["xmpp"]["entry"] |= {"outcome": "refused", "condition": "not-allowed", "lobby": ""}
    judged = verdict("ACC-01", data)
    assert judged.state is State.NOT_MEASURED
    assert judged.findings[0].sentence == "The focus opens no conferences: service-unavailable."


def test_a_focus_that_refuses_strangers_is_as_good_as_a_lobby() -> None:
    data = good.data()
    data["xmpp"]["conference"] |= {"ready": False, "condition": "not-authorized"}
    data["xmpp"]["entry"] |= {"outcome": "refused", "condition": "not-allowed", "lobby": ""}
    assert verdict("ACC-01", data).state is State.FULFILLED


def test_a_server_without_passwords_is_not_called_good() -> None:
    data = good.data()
    data["lesson"] |= {"accounts": False, "teacher": None, "locked": None, "end": None}
    for way in ("guest to teacher", "teacher to guest"):
        del data["lesson"]["whispers"][way]
    for control in ("MOD-01", "MOD-02", "MOD-03", "MOD-04", "MOD-05"):
        judged = verdict(control, data)
        assert judged.state is State.NOT_MEASURED, control
        assert judged.findings[0].sentence == "Nobody can sign in as a teacher with a password."


def test_an_end_that_was_seen_is_told() -> None:
    data = good.data()
    data["lesson"]["end"]["measured"] = 306
    (finding,) = verdict("MOD-03", data).findings
    assert finding.sentence == (
        "The room ended 306 seconds after the teacher had left; late guests met the lobby."
    )


def test_a_relay_that_nobody_can_enter_is_not_called_good() -> None:
    data = good.data()
    for entrance in data["relay"]["entrances"]:
        entrance["code"] = -1
    assert verdict("HST-03", data).state is State.NOT_MEASURED
    data["relay"]["announced"] = False
    assert verdict("HST-03", data).state is State.NOT_MEASURED


def test_a_share_that_nobody_could_try_is_not_called_good() -> None:
    data = good.data()
    data["relay"]["share"] = None
    judged = verdict("HST-03", data)
    assert judged.state is State.NOT_MEASURED
    data["relay"]["stranger"] = True
    assert verdict("HST-03", data).state is State.FAILED


def test_a_quota_that_is_no_number_is_not_called_good() -> None:
    data = good.data()
    data["inside"]["parts"]["relay"]["options"]["user-quota"] = True
    options = data["inside"]["parts"]["relay"]["options"]
    options["total-quota"] = "many"
    assert verdict("HST-03", data, ("relay", "inside")).state is State.NOT_MEASURED
