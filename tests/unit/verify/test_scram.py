"""The proof of a password: right for a server that knows it, and nothing for any other."""

from __future__ import annotations

import base64

import pytest

from provision.verify.xmpp import scram
from provision.verify.xmpp.limits import XmppError

# The example of RFC 5802, section 5.
CHALLENGE = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
LAST = "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
SUCCESS = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def proof(monkeypatch: pytest.MonkeyPatch) -> scram.Proof:
    """The proof of the example."""
    monkeypatch.setattr(scram.secrets, "token_hex", lambda _size: "fyko+d2lbbFgONRv9qkxdawL")
    return scram.Proof("user", "pencil")


def test_it_is_the_one_of_the_standard(proof: scram.Proof) -> None:
    assert proof.first() == encoded("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")
    assert proof.last(encoded(CHALLENGE)) == encoded(LAST)
    proof.check(encoded(SUCCESS))


def test_a_server_that_does_not_know_the_password_is_found_out(proof: scram.Proof) -> None:
    proof.last(encoded(CHALLENGE))
    for success in ("", encoded("v="), encoded(SUCCESS.replace("rmF9", "rmF8"))):
        with pytest.raises(XmppError):
            proof.check(success)


@pytest.mark.parametrize(
    "challenge",
    [
        "", "*", encoded("r=fyko"), encoded(CHALLENGE.replace("r=fyko", "r=other")),
        encoded(CHALLENGE.replace("i=4096", "i=0")), encoded(CHALLENGE.replace("4096", "9" * 12)),
        encoded(CHALLENGE.replace("i=4096", "i=many")), encoded("e=unknown-user"),
    ],
)  # fmt: skip
def test_other_questions_are_not_answered(proof: scram.Proof, challenge: str) -> None:
    with pytest.raises(XmppError):
        proof.last(challenge)
