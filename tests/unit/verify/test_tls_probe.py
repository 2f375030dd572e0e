"""A few handshakes show what a server allows; sslyze's words are understood."""

from __future__ import annotations

import ssl
import sys
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from provision.verify.evidence import NotMeasuredError
from provision.verify.outside import services, sslyze
from provision.verify.probes import tls
from tests.unit.verify import evil

if TYPE_CHECKING:
    from pathlib import Path

    from provision.verify.target import Target
    from tests.unit.verify.conftest import Serve

GOOD = "ECDHE+AESGCM"
SSLYZE = """
    Checking results against Mozilla's "intermediate" configuration.

    meet.school.test:443: OK - Compliant.

    meet.school.test:5349: FAILED - Not compliant.
        * maximum_certificate_lifespan: Certificate life span is 1825 days, should be less than 366.
        * tls_curves: TLS curves {'X448', 'secp521r1'} are supported, but should be rejected.

    meet.school.test:8443: FAILED - Not compliant.
        * certificate_path_validation: Certificate path validation failed.

    meet.school.test:9443: ERROR - Scan did not run successfully; review the scan logs above.

"""


@pytest.fixture
def good(tmp_path: Path) -> ssl.SSLContext:
    """A server's context that keeps to the profile."""
    context = evil.context(tmp_path)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(GOOD)
    context.set_ecdh_curve("prime256v1")
    return context


def measured(serve: Serve, target: Target, context: ssl.SSLContext) -> dict[str, Any]:
    """What is found of the web server."""
    with serve(evil.silent, context):
        found: dict[str, Any] = tls.measure(target)["services"]["web"]
    return found


def test_server_that_keeps_to_the_profile(
    serve: Serve, target: Target, good: ssl.SSLContext
) -> None:
    found = measured(serve, target, good)
    assert found["versions"] == {
        "TLSv1": False, "TLSv1.1": False, "TLSv1.2": True, "TLSv1.3": True,
    }  # fmt: skip
    assert found["weak_ciphers"] == []
    # None where the Python that runs this cannot offer X448.
    assert found["curves"] in (
        {"X448": False, "secp521r1": False}, {"X448": None, "secp521r1": False},
    )  # fmt: skip
    assert found["sslyze"] is None


def test_old_version_is_seen(serve: Serve, target: Target, good: ssl.SSLContext) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        good.minimum_version = ssl.TLSVersion.TLSv1_1
    good.set_ciphers("ALL:@SECLEVEL=0")
    assert measured(serve, target, good)["versions"]["TLSv1.1"] is True


def test_weak_ciphers_are_named_one_by_one(
    serve: Serve, target: Target, good: ssl.SSLContext
) -> None:
    good.set_ciphers(f"{GOOD}:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA256")
    assert sorted(measured(serve, target, good)["weak_ciphers"]) == [
        "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA",
    ]  # fmt: skip


def test_unwanted_curve_is_seen(serve: Serve, target: Target, good: ssl.SSLContext) -> None:
    good.set_ecdh_curve("secp521r1")
    assert measured(serve, target, good)["curves"]["secp521r1"] is True


@pytest.mark.parametrize("name", ["HTTPS", "TURNS"])
def test_handshake_that_never_ends_is_left(
    serve: Serve,
    impatient: Target,
    good: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    with serve(evil.silent, good), evil.Server(evil.silent, None) as stuck:
        monkeypatch.setattr(services, name, stuck.port)
        if name == "TURNS":
            found = tls.measure(replace(impatient, seconds=3))
            assert list(found["services"]) == ["web"], "the web server was measured all the same"
            return
        with pytest.raises(NotMeasuredError) as raised:
            tls.measure(impatient)
    assert str(raised.value) == "The web server did not answer in time."


def test_plain_server_on_the_port_ends_with_a_sentence(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    with evil.Server(evil.greeting, None) as server:
        monkeypatch.setattr(services, "HTTPS", server.port)
        with pytest.raises(NotMeasuredError) as raised:
            tls.measure(target)
    assert str(raised.value) == f"Port {server.port} speaks no TLS."


def test_words_of_sslyze() -> None:
    assert sslyze.read(SSLYZE) == {
        443: {"compliant": True, "issues": {}},
        5349: {
            "compliant": False,
            "issues": {
                "maximum_certificate_lifespan": "Certificate life span is 1825 days, should be"
                " less than 366.",
                "tls_curves": "TLS curves {'X448', 'secp521r1'} are supported, but should be"
                " rejected.",
            },
        },
        8443: {
            "compliant": True,  # of chains the certificates' own probe speaks
            "issues": {"certificate_path_validation": "Certificate path validation failed."},
        },
    }


@pytest.mark.parametrize("output", ["", "garbage\n    * x: y\n        * z: w\n"])
def test_other_words_of_sslyze_mean_nothing(output: str) -> None:
    assert sslyze.read(output) == {}


def test_sslyze_is_found_beside_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    assert sslyze.program() is None
    (tmp_path / "sslyze").touch()
    assert sslyze.program() == str(tmp_path / "sslyze")
