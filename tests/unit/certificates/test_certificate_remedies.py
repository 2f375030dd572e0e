"""What is advised about a school's own certificate is done, and nothing is wrong any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from provision.certificates.pair import check
from provision.messages.result import Level
from tests.unit.made_certificates import DOMAIN, NOW, key_pem, make, make_key

KEY, MIDDLE_KEY, ROOT_KEY, OTHER = make_key(), make_key(), make_key(), make_key()
SHORT, LONG = (rsa.generate_private_key(65537, size) for size in (1024, 3072))
ROOT = make("Root", ROOT_KEY, names=(), authority=True)
MIDDLE = make("Middle", MIDDLE_KEY, ("Root", ROOT_KEY), names=(), authority=True)
PAST = make("Middle", MIDDLE_KEY, ("Root", ROOT_KEY), names=(), authority=True, end=NOW)
SECOND = "turn.school.example.org"


def leaf(key: Any = KEY, **changes: Any) -> bytes:
    """Return a certificate for the school, issued by the intermediate authority."""
    return make("leaf", key, ("Middle", MIDDLE_KEY), **changes)


class Case(NamedTuple):
    """Something wrong, what is advised, and the files (or the day) of who did it."""

    wrong: tuple[bytes, bytes]
    remedy: str
    right: tuple[bytes, bytes]
    days: int = 0
    """How long was waited, where that is the advice."""


RIGHT = (leaf() + MIDDLE, key_pem(KEY))
PEM = "ask for a PEM file; it begins with -----BEGIN CERTIFICATE-----"
KEY_PEM = "ask for a PEM file; it begins with -----BEGIN PRIVATE KEY-----"
TOGETHER = "use the file that was made together with the certificate request"
KIND = "have a new certificate issued, for a key of the kind EC P-256 or RSA 3072"
WEB = "have a certificate for a web server issued"
NEW = "have a new one issued"
YOUNG = leaf(begin=NOW + timedelta(days=3))
CASES = [
    Case(RIGHT[::-1], "swap certificate_file and certificate_key_file", RIGHT),
    Case((RIGHT[0] + RIGHT[1], RIGHT[1]), "take the key out of this file", RIGHT),
    Case((b"x", RIGHT[1]), PEM, RIGHT),
    Case((b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----", RIGHT[1]), PEM, RIGHT),
    Case((RIGHT[0], b"x"), KEY_PEM, RIGHT),
    Case((RIGHT[0], key_pem(OTHER)), TOGETHER, RIGHT),
    Case((RIGHT[0], RIGHT[0]), TOGETHER, RIGHT),
    Case((leaf(SHORT) + MIDDLE, key_pem(SHORT)), KIND, (leaf(LONG) + MIDDLE, key_pem(LONG))),
    Case(
        (leaf(ed := ed25519.Ed25519PrivateKey.generate()) + MIDDLE, key_pem(ed)), KIND, RIGHT
    ),
    Case((leaf(client_only=True) + MIDDLE, RIGHT[1]), WEB, RIGHT),
    Case((leaf(names=("x.example.org",)) + MIDDLE, RIGHT[1]),
         f"have one issued for {DOMAIN}, or correct it", RIGHT),
    Case((leaf(end=NOW - timedelta(days=1)) + MIDDLE, RIGHT[1]), NEW, RIGHT),
    Case((leaf(end=NOW + timedelta(days=3)) + MIDDLE, RIGHT[1]), NEW, RIGHT),
    Case((YOUNG + MIDDLE, RIGHT[1]), "wait until then, and look at this computer's clock",
         (YOUNG + MIDDLE, RIGHT[1]), days=4),
    Case((leaf() + PAST, RIGHT[1]), "take the present chain from your certificate authority",
         RIGHT),
    Case((MIDDLE + ROOT, RIGHT[1]), "put the school's own certificate in front",
         (leaf() + MIDDLE + ROOT, RIGHT[1])),
    Case((leaf() + ROOT, RIGHT[1]),
         "take the file that your authority calls fullchain.pem; or the certificate and those that "
         "issued it, and nothing else", RIGHT),
    Case((leaf(public=True), RIGHT[1]),
         "append the intermediate certificate; authorities call the file fullchain.pem",
         (leaf(public=True) + MIDDLE, RIGHT[1])),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.remedy[:40])
def test_what_is_advised_about_a_certificate_heals_it(case: Case) -> None:
    results = check(*case.wrong, DOMAIN, NOW)
    assert case.remedy in [one.remedy for one in results if one.level is not Level.OK]
    (result,) = check(*case.right, DOMAIN, NOW + timedelta(days=case.days))
    assert result.level is Level.OK


def test_a_second_name_is_added_or_taken_out() -> None:
    (result,) = check(*RIGHT, DOMAIN, NOW, turn_domain=SECOND)
    assert result.remedy == f"have one issued for {DOMAIN} and {SECOND}, or take `turn_domain` out"
    both = leaf(names=(DOMAIN, SECOND)) + MIDDLE
    for chain, second in ((both, SECOND), (RIGHT[0], None)):
        (result,) = check(chain, RIGHT[1], DOMAIN, NOW, turn_domain=second)
        assert result.level is Level.OK
