"""Whether the certificate that is there is the right one, for both names if there are two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provision.check.judges import server
from provision.check.judges.facts import on_server
from provision.deploy import control_side
from provision.verify.evidence import Evidence
from provision.verify.finding import State
from provision.verify.judges.certificates import certificates_are_valid
from provision.verify.judges.inside_operations import certificates_renew
from tests.unit.check.test_preflight_checks import seen as thoroughly
from tests.unit.check.test_server_check import DOMAIN, NOW, NOWHERE, SETTINGS, listener, seen
from tests.unit.verify import good

SECOND = "turn.example.org"
LIVE = f"/etc/letsencrypt/live/{DOMAIN}/fullchain.pem"
DAY = 86400.0


def judged(names: list[str], days: float = 60, life: float = 90, **settings: Any) -> dict[str, Any]:
    """Return what follows from a certificate of the authority that the settings name."""
    ends = NOW + days * DAY
    facts = seen(
        certificates={LIVE: {"names": names, "begins": ends - life * DAY, "ends": ends}},
        acme_renewal=f"server = {SETTINGS['acme_directory']}\n",
    )
    return control_side.judge(SETTINGS | settings, facts, NOWHERE)


def test_a_certificate_that_is_there_is_kept_whatever_the_name_servers_say() -> None:
    found = judged([DOMAIN])
    assert (found["certificate_issued"], found["certificate_names"]) == (True, [DOMAIN])
    assert found["certificate_to_start"][0] == LIVE
    assert found["warnings_found"] == []


@pytest.mark.parametrize(
    ("names", "days", "settings"),
    [
        ([DOMAIN], 60, {"turn_domain": SECOND}),
        ([DOMAIN, SECOND], 60, {}),
        (["old.example.org"], 60, {}),
        ([DOMAIN], -1, {}),
        ([DOMAIN], 60, {"acme_directory": "https://other.example.org/directory"}),
    ],
)
def test_another_is_asked_for(names: list[str], days: float, settings: dict[str, Any]) -> None:
    assert not judged(names, days, **settings)["certificate_issued"]


def test_both_names_are_asked_for_and_enough() -> None:
    found = judged([SECOND, DOMAIN], turn_domain=SECOND)
    assert (found["certificate_issued"], found["certificate_names"]) == (True, [DOMAIN, SECOND])


# Of certificates of 90, 64, 45 and six days, and of one for a year that certbot renews in its last
# 30 days as well: (life, days left, whether it should have been renewed).
LIVES = [
    (90, 29, False), (90, 23, False), (90, 22, True), (90, 5, True),
    (64, 17, False), (64, 15.9, True),
    (45, 14, False), (45, 11.3, False), (45, 11.2, True),
    (6.67, 2, False), (6.67, 1.6, True),
    (2, 1.1, False), (2, 0.9, True),
    (398, 29, False), (398, 26, False), (398, 24, True), (3650, 29, False), (3650, 24, True),
]  # fmt: skip


@pytest.mark.parametrize(("life", "days", "late"), LIVES)
def test_a_certificate_that_does_not_renew_itself_is_a_warning(
    life: float, days: float, late: bool
) -> None:
    found = judged([DOMAIN], days, life)
    assert found["certificate_issued"]
    date = datetime.fromtimestamp(NOW + days * DAY, UTC).date().isoformat()
    sentence = (
        f"The certificate ends on {date} and was not renewed; `journalctl -u certbot` on the "
        "server says why."
    )
    assert found["warnings_found"] == ([sentence] if late else [])


@pytest.mark.parametrize(("life", "days", "late"), LIVES)
def test_a_proof_judges_by_the_same_measure(life: float, days: float, late: bool) -> None:
    outside = good.data()["certificates"]
    end = datetime(2027, 6, 1, tzinfo=UTC)
    for service in outside["services"].values():
        service["not_before"] = (end - timedelta(days=life)).isoformat()
        service["not_after"] = end.isoformat()
        service["days_left"] = days
    inside = good.data()["inside"]
    for each in inside["parts"]["certificates"]["served"].values():
        each |= {"left": days, "lifetime": life}
    wanted = State.FAILED if late else State.FULFILLED
    for judge, section, data in (
        (certificates_are_valid, "certificates", outside),
        (certificates_renew, "inside", inside),
    ):
        assert judge(Evidence({section: data})).state is wanted


@pytest.mark.parametrize(
    ("own", "six", "address", "records"),
    [
        ("8.8.8.8", "2a01:4f8::1", "8.8.8.8", {"A": "8.8.8.8", "AAAA": "2a01:4f8::1"}),
        ("8.8.8.8", "", "8.8.8.8", {"A": "8.8.8.8"}),
        ("8.8.8.8", "fd00::5", "8.8.8.8", {"A": "8.8.8.8"}),
        ("10.0.0.5", "", "8.8.8.8", {"A": "8.8.8.8"}),
        ("10.0.0.5", "fd00::5", "10.0.0.5", {"A": "10.0.0.5", "AAAA": "fd00::5"}),
        ("", "2a01:4f8::1", "2a01:4f8::1", {"AAAA": "2a01:4f8::1"}),
    ],
)
def test_the_records_that_lead_to_a_server(
    own: str, six: str, address: str, records: dict[str, str]
) -> None:
    facts = seen(addresses=[one for one in (own, six) if one], address4=own, address6=six)
    found = control_side.judge(SETTINGS | {"address": address}, facts, NOWHERE)
    assert found["records"] == records
    assert set(records.values()) <= set(found["own_addresses"])


def test_the_relays_port_behind_443_is_needed_with_a_second_name_only() -> None:
    facts = seen(listeners=[listener("upnotifyp", 4445), listener("nginx", 4444)])
    assert server.check(facts, SETTINGS) == []
    [finding] = server.check(facts, SETTINGS | {"turn_domain": SECOND})
    assert (
        finding.sentence
        == "The program upnotifyp (upnotifyp.service) holds port 4445/tcp, which Jitsi needs."
    )
    assert finding.refusal


def test_a_check_finds_it_as_a_deployment_does() -> None:
    facts = thoroughly() | seen(listeners=[listener("upnotifyp", 4445)])

    def refusals(second: str) -> list[str]:
        found = on_server(SETTINGS | {"turn_domain": second}, facts)["server"]
        return [one.sentence for one in found if one.refusal]

    assert refusals("") == []
    assert refusals(SECOND) == [
        "The program upnotifyp (upnotifyp.service) holds port 4445/tcp, which Jitsi needs."
    ]
