"""What browsers think of a certificate, in OpenSSL's words and numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from provision.verify.evidence import NotMeasuredError
from provision.verify.judges.certificates import certificates_are_valid
from provision.verify.outside import services
from provision.verify.probes import certificates
from tests.unit.made_certificates import DOMAIN
from tests.unit.verify import evil

if TYPE_CHECKING:
    from pathlib import Path

    from provision.verify.target import Target
    from tests.unit.verify.conftest import Serve


def test_self_signed_certificate_is_named_as_such(serve: Serve, target: Target) -> None:
    with serve(evil.silent) as server:
        found = certificates.measure(target)
    web = found["services"]["web"]
    assert list(found["services"]) == ["web"]
    assert (web["port"], web["names"], web["key"]) == (server.port, [DOMAIN], "EC 256")
    assert (web["self_signed"], web["problem_number"], web["days_left"]) == (True, 18, 80)
    assert web["subject"] == web["issuer"] == "CN=Leaf"


def test_authority_of_the_school_is_trusted(
    serve: Serve, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = evil.context(tmp_path, chain=True)
    trusting = replace(target, ca_file=tmp_path / "authority.pem")
    with serve(evil.silent, context) as server:
        monkeypatch.setattr(services, "TURNS", server.port)
        stranger, known = certificates.measure(target), certificates.measure(trusting)
    assert stranger["services"]["web"]["problem_number"] == 20
    web, turn = known["services"].values()
    assert (web["self_signed"], web["problem"], web["problem_number"]) == (False, "", 0)
    assert web == turn
    assert web["authority"] == ""


@pytest.mark.parametrize("root_sent", [False, True])
def test_whole_chain_of_an_authority_that_no_browser_knows_names_it(
    serve: Serve, target: Target, tmp_path: Path, *, root_sent: bool
) -> None:
    with serve(evil.silent, evil.long_chain(tmp_path, root=root_sent)):
        found = certificates.measure(target)
    web = found["services"]["web"]
    assert (web["self_signed"], web["authority"]) == (False, "CN=Root")
    assert web["problem_number"] == (19 if root_sent else 20)
    finding = certificates_are_valid({"certificates": found})
    assert finding.sentence == (
        f"Browsers do not know who issued the certificate at port {web['port']}: CN=Root."
    )


def test_leaf_alone_is_a_chain_that_is_not_complete(
    serve: Serve, target: Target, tmp_path: Path
) -> None:
    with serve(evil.silent, evil.context(tmp_path, chain=True)) as server:
        finding = certificates_are_valid({"certificates": certificates.measure(target)})
    assert finding.sentence == f"At port {server.port} the chain of certificates is not complete."


def test_certificate_for_another_name_is_seen(serve: Serve, target: Target, tmp_path: Path) -> None:
    context = evil.context(tmp_path, "other.example.org", chain=True)
    trusting = replace(target, ca_file=tmp_path / "authority.pem")
    with serve(evil.silent, context):
        web = certificates.measure(trusting)["services"]["web"]
    assert (web["names"], web["problem_number"]) == (["other.example.org"], 62)


def test_plain_server_on_the_port_ends_with_a_sentence(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    with evil.Server(evil.greeting, None) as server:
        monkeypatch.setattr(services, "HTTPS", server.port)
        with pytest.raises(NotMeasuredError) as raised:
            certificates.measure(target)
    assert str(raised.value) == f"Port {server.port} speaks no TLS: WRONG_VERSION_NUMBER."


def test_handshake_that_never_ends_is_left(
    impatient: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    with evil.Server(evil.silent, None) as server:
        monkeypatch.setattr(services, "HTTPS", server.port)
        with pytest.raises(NotMeasuredError) as raised:
            certificates.measure(impatient)
    assert str(raised.value) == "The web server did not answer in time."
