"""Whom a proof trusts: the same with every version of Python, and nobody whom browsers refuse."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from provision.certificates.trust import as_browsers
from provision.verify.chromium.trust import pin
from provision.verify.outside import services
from provision.verify.probes import certificates
from provision.verify.xmpp import wire
from tests.unit.verify import evil

if TYPE_CHECKING:
    from pathlib import Path

    from provision.verify.target import Target
    from tests.unit.verify.conftest import Serve

ORDINARY = ssl.create_default_context


def of_python_313() -> ssl.SSLContext:
    """Return what `ssl.create_default_context` does from Python 3.13 on."""
    context = ORDINARY()
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@pytest.fixture(params=[ORDINARY, of_python_313], ids=["3.12", "3.13"])
def _python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", request.param)


@pytest.mark.usefixtures("_python")
def test_an_authority_that_browsers_accept_is_trusted_by_every_version_of_python(
    serve: Serve, target: Target, tmp_path: Path
) -> None:
    context = evil.context(tmp_path, chain=True)
    trusting = replace(target, ca_file=tmp_path / "authority.pem")
    with serve(evil.silent, context):
        web = certificates.measure(trusting)["services"]["web"]
    assert (web["problem"], web["problem_number"]) == ("", 0)


@pytest.mark.usefixtures("_python")
def test_every_part_of_a_proof_trusts_alike(target: Target, tmp_path: Path) -> None:
    evil.context(tmp_path, chain=True)
    trusting = replace(target, ca_file=tmp_path / "authority.pem")
    contexts = [as_browsers(trusting.ca_file), wire.trusting(trusting, secret=True)]
    for context in contexts:
        assert not context.verify_flags & ssl.VERIFY_X509_STRICT
        assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    without = wire.trusting(trusting, secret=False)
    assert (without.verify_mode, without.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.usefixtures("_python")
def test_the_browser_is_told_that_the_certificate_is_right(
    serve: Serve, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = evil.context(tmp_path, chain=True)
    trusting = replace(target, ca_file=tmp_path / "authority.pem")
    connect = wire.socket.create_connection
    with serve(evil.silent, context):
        monkeypatch.setattr(
            "provision.verify.chromium.trust.socket.create_connection",
            lambda address, **more: connect((address[0], services.HTTPS), **more),
        )
        assert pin(trusting)[1]
        assert not pin(target)[1]


def test_an_authoritys_file_may_hold_text_and_lack_line_ends(tmp_path: Path) -> None:
    evil.context(tmp_path, chain=True)
    path = tmp_path / "authority.pem"
    text = path.read_bytes()
    path.write_bytes("Die Behörde: ".encode("latin-1") + text.strip() + text.strip())
    known = [authority["subject"] for authority in as_browsers(path).get_ca_certs()]
    assert ((("commonName", "Root"),),) in known


def test_a_file_without_an_authority_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_bytes(b"nothing")
    with pytest.raises(OSError, match="holds no certificate in PEM form"):
        as_browsers(tmp_path / "x.pem")
