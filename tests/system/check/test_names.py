"""`provision check`: what the name servers say, with the record to enter and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.check import changes

if TYPE_CHECKING:
    from tests.bench import Bench
    from tests.system.check.conftest import MakeDesk
    from tests.system.check.desk import Desk

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
UNKNOWN = (
    "write into inventory.yml, as `public_address`, at which IPv4 address people reach the server "
    "(your provider's page or the router shows it); then run this again, and it says which record "
    "to enter"
)
"""Hosts of the bench have addresses of an inner network only: no record is ever to hold one."""
DELETE = "at your registrar, delete this record: type {kind}, name DOMAIN, value {old}"


@pytest.mark.parametrize(
    ("kinds", "sentences", "remedies"),
    [
        (
            {"A": None, "AAAA": None},
            ["DOMAIN points nowhere: nobody would find the server."],
            [UNKNOWN],
        ),
        (
            {"A": ["10.91.0.250"], "AAAA": None},
            ["DOMAIN has the A record 10.91.0.250, but the server has no such address."],
            [DELETE.format(kind="A", old="10.91.0.250")],
        ),
        (
            {"A": ["198.51.100.7"], "AAAA": None},
            ["DOMAIN points to 198.51.100.7; here, the server is known by inner addresses only."],
            [
                (
                    "if people reach the server at 198.51.100.7, write into inventory.yml: "
                    "`public_address: 198.51.100.7`; otherwise write the right one there, and run "
                    "this again"
                )
            ],
        ),
        (
            {"AAAA": ["fd00:91::250"]},
            ["DOMAIN has the AAAA record fd00:91::250, but the server has no such address."],
            [DELETE.format(kind="AAAA", old="fd00:91::250")],
        ),
        (
            {"A": None},
            ["DOMAIN has no A record: people without IPv6 do not find the server."],
            [UNKNOWN],
        ),
    ],
    ids=["missing", "elsewhere", "maybe here", "another machine over IPv6", "only IPv6"],
)
def test_addresses(
    bench: Bench,
    desk: Desk,
    kinds: dict[str, list[str] | None],
    sentences: list[str],
    remedies: list[str],
) -> None:
    with changes.records(bench, desk.project.domain, **kinds):
        assert desk.problems() == (1, sentences, remedies)


def test_one_record_too_many(bench: Bench, desk: Desk) -> None:
    both = [desk.host.address, "10.91.0.250"]
    with changes.records(bench, desk.project.domain, A=both):
        code, sentences, remedies = desk.problems()
    assert code == 1
    assert sentences == ["DOMAIN points to 10.91.0.250 as well, which is not this server."]
    assert remedies == [DELETE.format(kind="A", old="10.91.0.250")]


def test_records_above_forbid_the_certificate(bench: Bench, make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.write(acme_directory=LETS_ENCRYPT, acme_ca_file=None)
    above = f"{desk.host.name}.school.test"
    for properties, code in (
        (['0 issue "ca.example.net"'], 1),
        (['0 issue "ca.example.net"', '0 issue "letsencrypt.org"'], 0),
        (['0 issue "letsencrypt.org; validationmethods=dns-01"'], 1),
        (['0 iodef "mailto:it@example.org"'], 0),
    ):
        with changes.records(bench, above, CAA=properties):
            seen, sentences, remedies = desk.problems()
        assert seen == code, properties
        assert len(sentences) == code
        if code:
            allowed = properties[0].split('"')[1]
            assert sentences == [
                f"The CAA records of {above} do not let letsencrypt.org issue a certificate in "
                f"our way; they are: {allowed}.".replace(desk.host.name, "HOST")
            ]
            assert remedies == [
                f"at your registrar, add a record: type CAA, name {above}, flag 0, tag issue, "
                "value letsencrypt.org".replace(desk.host.name, "HOST")
            ]


def test_names_in_a_circle(bench: Bench, desk: Desk) -> None:
    name, other = desk.project.domain, f"round.{desk.host.name}.school.test"
    with (
        changes.records(bench, name, A=None, AAAA=None, CNAME=[other]),
        changes.records(bench, other, CNAME=[name]),
    ):
        code, sentences, _remedies = desk.problems()
    assert code == 1
    assert sentences == ["DOMAIN points nowhere: nobody would find the server."]
