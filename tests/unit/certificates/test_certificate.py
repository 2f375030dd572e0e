"""A school's own certificate and key, each wrong in one way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from provision.certificates.pair import check, check_files
from provision.messages.result import Level
from tests.unit.made_certificates import DOMAIN, NOW, key_pem, make, make_key

if TYPE_CHECKING:
    from pathlib import Path

KEY = make_key()
ROOT_KEY, MIDDLE_KEY = make_key(), make_key()
ROOT = make("Root", ROOT_KEY, names=(), authority=True)
MIDDLE = make("Middle", MIDDLE_KEY, ("Root", ROOT_KEY), names=(), authority=True)


def leaf(key: Any = KEY, **changes: Any) -> bytes:
    """Return a certificate for the school, issued by the intermediate authority."""
    return make("leaf", key, ("Middle", MIDDLE_KEY), **changes)


def sentences(certificate: bytes, key: bytes | None = None, domain: str = DOMAIN) -> list[str]:
    """Return what is wrong, one sentence each."""
    results = check(certificate, key or key_pem(KEY), domain, NOW)
    return [result.sentence for result in results if result.level is not Level.OK]


@pytest.mark.parametrize(
    "chain",
    [
        leaf() + MIDDLE,
        leaf() + MIDDLE + ROOT,
        # In whatever order: it is served in the right one.
        leaf() + ROOT + MIDDLE,
        MIDDLE + leaf(),
        leaf(),
        leaf(public=True) + MIDDLE,
        make("self", KEY),
        leaf(names=("other.example.org", "*.school.example.org")) + MIDDLE,
        leaf(names=(DOMAIN.upper(),)) + MIDDLE,
    ],
)
def test_a_good_certificate_has_nothing_wrong(chain: bytes) -> None:
    [result] = check(chain, key_pem(KEY), DOMAIN, NOW)
    assert result.level is Level.OK
    assert result.sentence == "The certificate is right and valid until 2027-02-10."


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        (
            leaf(end=NOW - timedelta(days=1)) + MIDDLE,
            "The certificate ended on 2026-11-21.",
        ),
        (
            leaf(begin=NOW + timedelta(days=1)) + MIDDLE,
            "The certificate only begins on 2026-11-23.",
        ),
        (
            leaf(begin=NOW - timedelta(days=60), end=NOW + timedelta(days=13)) + MIDDLE,
            "The certificate ends soon, on 2026-12-05.",
        ),
        (
            leaf(names=("other.example.org",)) + MIDDLE,
            "The certificate is for other.example.org, not for meet.school.example.org.",
        ),
        (
            leaf(names=("*.meet.school.example.org", "*.example.org")) + MIDDLE,
            (
                "The certificate is for *.meet.school.example.org, *.example.org, not for "
                "meet.school.example.org."
            ),
        ),
        (
            leaf(names=()) + MIDDLE,
            "The certificate names no host at all; browsers do not accept it.",
        ),
        (
            leaf(client_only=True) + MIDDLE,
            "The certificate is not meant for a web server.",
        ),
        (
            leaf() + ROOT,
            "A certificate is missing in between, or one in the file does not belong.",
        ),
        (
            leaf(public=True),
            "The file holds only the certificate, not the one that issued it.",
        ),
        (
            leaf()
            + make(
                "Middle",
                MIDDLE_KEY,
                ("Root", ROOT_KEY),
                authority=True,
                begin=NOW - timedelta(days=9),
                end=NOW,
            ),
            "A certificate of the chain has ended, so browsers do not accept yours.",
        ),
        (b"", "The certificate's file is not a PEM file."),
        (b"\x30\x82\x01\x02", "The certificate's file is not a PEM file."),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "The certificate's file holds no valid certificate.",
        ),
        (
            b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
            "The certificate's file holds no valid certificate.",
        ),
        (
            leaf() + key_pem(KEY),
            "The certificate's file holds the secret key too; everybody could read it.",
        ),
    ],
)
def test_a_bad_certificate_is_told_in_one_sentence(chain: bytes, sentence: str) -> None:
    assert sentences(chain) == [sentence]


def test_authorities_alone_are_told() -> None:
    assert "The file holds certificates of authorities only, not the school's own." in sentences(
        MIDDLE + ROOT
    )


def test_swapped_files_are_recognised() -> None:
    assert sentences(key_pem(KEY), leaf()) == [
        "The file of the certificate and the file of the key are mixed up."
    ]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (key_pem(make_key()), "The key does not belong to this certificate."),
        (
            key_pem(KEY, b"secret"),
            "The key is locked with a password; no server could start by itself.",
        ),
        (b"secret", "The key's file is not a PEM file."),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "The key's file holds no valid key.",
        ),
        (leaf(), "The key's file holds no valid key."),
    ],
)
def test_a_bad_key_is_told_in_one_sentence(key: bytes, sentence: str) -> None:
    assert sentences(leaf() + MIDDLE, key) == [sentence]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (rsa.generate_private_key(65537, 1024), "The key is too short: RSA with 1024 bits."),
        (ed25519.Ed25519PrivateKey.generate(), "Browsers do not accept this kind of key."),
        (ec.generate_private_key(ec.SECP521R1()), "Browsers do not accept this kind of key."),
    ],
)
def test_a_key_that_browsers_refuse_is_told(key: Any, sentence: str) -> None:
    assert sentences(leaf(key) + MIDDLE, key_pem(key)) == [sentence]


def test_usual_keys_in_older_files_are_taken() -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        old = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        assert sentences(leaf(key) + MIDDLE, old) == []


def test_a_locked_key_says_how_to_unlock_it() -> None:
    [result] = check(leaf() + MIDDLE, key_pem(KEY, b"secret"), DOMAIN, NOW)
    assert result.remedy == "unlock it: openssl pkey -in OLD.key -out NEW.key"


def test_a_certificate_from_an_impostor_of_the_same_name_does_not_belong() -> None:
    impostor = make("Middle", make_key(), ("Root", ROOT_KEY), authority=True)
    assert sentences(leaf() + impostor) == [
        "A certificate is missing in between, or one in the file does not belong."
    ]


SECOND = "turn.school.example.org"


@pytest.mark.parametrize("names", [(DOMAIN, SECOND), ("*.school.example.org",)])
def test_a_certificate_for_the_second_name_as_well_has_nothing_wrong(names: tuple[str]) -> None:
    [result] = check(leaf(names=names) + MIDDLE, key_pem(KEY), DOMAIN, NOW, turn_domain=SECOND)
    assert result.level is Level.OK


def test_a_certificate_without_the_second_name_is_refused() -> None:
    [result] = check(leaf() + MIDDLE, key_pem(KEY), DOMAIN, NOW, turn_domain=SECOND)
    assert (result.level, result.sentence) == (
        Level.FAILURE,
        f"The certificate is not for {SECOND} as well, which `turn_domain` names.",
    )
    assert result.remedy == f"have one issued for {DOMAIN} and {SECOND}, or take `turn_domain` out"


@pytest.mark.parametrize(
    ("life", "days", "warned"),
    [
        (398, 31, False), (398, 29, True),
        (90, 31, False), (90, 29, True),
        # Whoever brings certificates of 47 days is not warned for most of their life.
        (47, 16, False), (47, 15, True),
        (3, 1.1, False), (3, 0.9, True),
    ],
)  # fmt: skip
def test_a_certificate_that_ends_soon_for_its_own_life_is_a_warning(
    life: float, days: float, warned: bool
) -> None:
    end = NOW + timedelta(days=days)
    chain = leaf(begin=end - timedelta(days=life), end=end) + MIDDLE
    [result] = check(chain, key_pem(KEY), DOMAIN, NOW)
    assert (result.level is Level.WARNING) is warned


def test_a_key_that_others_may_read_is_a_warning(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.write_bytes(leaf() + MIDDLE)
    key.write_bytes(key_pem(KEY))
    key.chmod(0o644)
    warned = check_files(certificate, key, DOMAIN, NOW)[-1]
    assert (warned.level, warned.remedy) == (Level.WARNING, f"chmod 600 {key}")
    key.chmod(0o600)
    assert [item.level for item in check_files(certificate, key, DOMAIN, NOW)] == [Level.OK]


def test_the_helpers_make_certificates_that_differ_only_where_asked() -> None:
    certificate = x509.load_pem_x509_certificate(leaf())
    assert certificate.not_valid_after_utc == NOW + timedelta(days=80)
