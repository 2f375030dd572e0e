"""Certificates and keys in every shape that people bring: what is called right, OpenSSL serves."""

from __future__ import annotations

import shlex
import ssl
import subprocess
import warnings
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs7, pkcs12

from provision.certificates.pair import check, rewritten
from provision.messages.result import Level, failures
from tests.unit.made_certificates import DOMAIN, NOW, key_pem, make, make_key

if TYPE_CHECKING:
    from pathlib import Path

KEY, MIDDLE_KEY, ROOT_KEY = make_key(), make_key(), make_key()
LEAF = make("leaf", KEY, ("Middle", MIDDLE_KEY))
MIDDLE = make("Middle", MIDDLE_KEY, ("Root", ROOT_KEY), names=(), authority=True)
ROOT = make("Root", ROOT_KEY, names=(), authority=True)
CHAIN = LEAF + MIDDLE
PKCS8 = key_pem(KEY)
LATIN = "subject=O = Städtisches Gymnasium\n".encode("latin-1")
OLD = make("Middle", MIDDLE_KEY, ("Root", ROOT_KEY), names=(), authority=True,
           end=NOW - timedelta(days=1))  # fmt: skip
CROSSED = make("Root", ROOT_KEY, ("Older", make_key()), names=(), authority=True)


def loaded(*pems: bytes) -> list[x509.Certificate]:
    """Return certificates from their PEM."""
    return [x509.load_pem_x509_certificate(pem) for pem in pems]


def der(pem: bytes) -> bytes:
    """Return a certificate in its binary form."""
    return loaded(pem)[0].public_bytes(Encoding.DER)


def in_one_line(pem: bytes) -> bytes:
    """Return a block whose base64 has no line ends."""
    head, *body, foot = pem.strip().split(b"\n")
    return b"\n".join([head, b"".join(body), foot]) + b"\n"


SHAPES = {
    "as it should be": CHAIN,
    "blocks without a line end between them": LEAF.strip() + MIDDLE.strip(),
    "the mark of a Windows editor": b"\xef\xbb\xbf" + CHAIN,
    "such a mark in the middle": LEAF + b"\xef\xbb\xbf" + MIDDLE,
    "what a Windows shell writes": CHAIN.decode().encode("utf-16"),
    "the same without a mark": CHAIN.decode().encode("utf-16-be"),
    "line ends of Windows": CHAIN.replace(b"\n", b"\r\n"),
    "line ends of old Macs": CHAIN.replace(b"\n", b"\r"),
    "text around the blocks": LATIN + LEAF + LATIN + b"issuer=x\n\n" + MIDDLE + b"\nthe end",
    "text at the blocks": b"x" + LEAF.strip() + b"y\n" + MIDDLE,
    "blank lines": CHAIN.replace(b"\n", b"\n\n"),
    "spaces at the ends": CHAIN.replace(b"\n", b"  \n"),
    "indented": b"    " + CHAIN.replace(b"\n", b"\n    "),
    "quoted by a mail program": b"> " + CHAIN.replace(b"\n", b"\n> "),
    "without line ends inside": in_one_line(LEAF) + in_one_line(MIDDLE),
    "with the root": CHAIN + ROOT,
    "in the wrong order": ROOT + MIDDLE + LEAF,
    "the middle twice": LEAF + MIDDLE + MIDDLE,
    "with the middle's former certificate": LEAF + OLD + MIDDLE,
    "with two certificates of the root": CHAIN + CROSSED + ROOT,
    "a bundle (PKCS#7)": pkcs7.serialize_certificates(loaded(MIDDLE, LEAF), Encoding.PEM),
    "a binary bundle": pkcs7.serialize_certificates(loaded(LEAF, MIDDLE), Encoding.DER),
    "an older name of the blocks": CHAIN.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
}


def serves(folder: Path, chain: str, key: str) -> list[bytes]:
    """Return the chain that OpenSSL sends to a browser, and which the root vouches for."""
    (folder / "chain.pem").write_text(chain)
    (folder / "key.pem").write_text(key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    sent = x509.load_pem_x509_certificates(chain.encode())
    for child, issuer in pairwise(sent):
        child.verify_directly_issued_by(issuer)
    return [one.public_bytes(Encoding.PEM) for one in sent]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_called_right_is_served_in_order(tmp_path: Path, shape: str) -> None:
    (result,) = check(SHAPES[shape], PKCS8, DOMAIN, NOW)
    assert result.level is Level.OK, result
    sent = serves(tmp_path, *rewritten(SHAPES[shape], PKCS8))
    assert sent[:2] == [LEAF, MIDDLE]
    assert OLD not in sent


def test_a_binary_certificate_alone_is_read(tmp_path: Path) -> None:
    alone = make("alone", KEY)
    (result,) = check(der(alone), PKCS8, DOMAIN, NOW)
    assert result.level is Level.OK
    assert serves(tmp_path, *rewritten(der(alone), PKCS8)) == [alone]


def traditional(key: Any) -> bytes:
    """Return a key as older programs write it."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    written: bytes = key.private_bytes(Encoding.PEM, form, NoEncryption())
    return written


KEYS = {
    "as it should be": PKCS8,
    "SEC1": traditional(KEY),
    "SEC1 behind its curve": b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
    b"-----END EC PARAMETERS-----\n" + traditional(KEY),
    "binary": KEY.private_bytes(Encoding.DER, serialization.PrivateFormat.PKCS8, NoEncryption()),
    "the mark of a Windows editor": b"\xef\xbb\xbf" + PKCS8,
    "what a Windows shell writes": PKCS8.decode().encode("utf-16"),
    "line ends of Windows": PKCS8.replace(b"\n", b"\r\n"),
    "text around the block": b"Bag Attributes\n  localKeyID: 01\nKey Attributes: x\n" + PKCS8,
    "indented": b"  " + PKCS8.replace(b"\n", b"\n  "),
    "with the certificate": CHAIN + PKCS8,
}


@pytest.mark.parametrize("shape", KEYS)
def test_a_key_in_any_usual_form_is_served(tmp_path: Path, shape: str) -> None:
    (result,) = check(CHAIN, KEYS[shape], DOMAIN, NOW)
    assert result.level is Level.OK, result
    assert serves(tmp_path, *rewritten(CHAIN, KEYS[shape])) == [LEAF, MIDDLE]


def test_an_rsa_key_as_older_programs_write_it(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    alone = make("alone", key)
    (result,) = check(alone, traditional(key), DOMAIN, NOW)
    assert result.level is Level.OK
    assert serves(tmp_path, *rewritten(alone, traditional(key))) == [alone]


def follow(folder: Path, remedy: str, **names: Path) -> None:
    """Run the commands that a remedy says, with these files in place of the words in capitals."""
    for part in remedy.partition(": ")[2].split(", then "):
        command = part.partition(";")[0]
        for word, path in names.items():
            command = command.replace(word, shlex.quote(str(path)))
        words = [*shlex.split(command), *(["-passin", "pass:secret"])]
        subprocess.run(words, check=True, capture_output=True, cwd=folder)


def test_a_locked_box_is_told_and_what_is_advised_takes_it_apart(tmp_path: Path) -> None:
    box = tmp_path / "school.pfx"
    box.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"x",
            KEY,
            loaded(LEAF)[0],
            loaded(MIDDLE),
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    for results in (
        check(box.read_bytes(), PKCS8, DOMAIN, NOW),
        failures(check(CHAIN, box.read_bytes(), DOMAIN, NOW)),
    ):
        (result,) = results
        assert result.sentence == (
            "The file is a locked container with certificate and key (PKCS#12, .pfx or .p12)."
        )
    follow(tmp_path, result.remedy, FILE=box)
    certificate, key = ((tmp_path / name).read_bytes() for name in ("school.pem", "school.key"))
    (result,) = check(certificate, key, DOMAIN, NOW)
    assert result.level is Level.OK
    assert serves(tmp_path, *rewritten(certificate, key)) == [LEAF, MIDDLE]


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_locked_key_is_told_and_what_is_advised_unlocks_it(tmp_path: Path, form: str) -> None:
    locked = KEY.private_bytes(
        Encoding.PEM,
        getattr(serialization.PrivateFormat, form),
        serialization.BestAvailableEncryption(b"secret"),
    )
    old, new = tmp_path / "old.key", tmp_path / "new.key"
    old.write_bytes(locked)
    (result,) = check(CHAIN, locked, DOMAIN, NOW)
    assert result.sentence == (
        "The key is locked with a password; no server could start by itself."
    )
    follow(tmp_path, result.remedy, **{"OLD.key": old, "NEW.key": new})
    (result,) = check(CHAIN, new.read_bytes(), DOMAIN, NOW)
    assert result.level is Level.OK


SHORT = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    ("certificate", "sentence"),
    [
        (b"\x30\x82\x01", "The certificate's file is not a PEM file."),
        (CHAIN.replace(b"\nM", b"\n!"), "The certificate's file holds no valid certificate."),
        (LEAF[:-200] + MIDDLE, None),
        (
            make("leaf", KEY, ("Short", SHORT))
            + make("Short", SHORT, ("Root", ROOT_KEY), names=(), authority=True),
            "The key of an authority in the file is too short; no server shows it.",
        ),
    ],
)
def test_what_no_server_could_serve_is_refused(certificate: bytes, sentence: str | None) -> None:
    results = failures(check(certificate, PKCS8, DOMAIN, NOW))
    assert results
    if sentence:
        assert [one.sentence for one in results] == [sentence]


def test_what_browsers_forgive_makes_no_noise() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(CHAIN, PKCS8, DOMAIN, NOW)


def test_a_name_with_an_umlaut_in_the_certificate_is_no_bug_of_ours(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(PKCS8)
    command = (
        "openssl req -x509 -key key.pem -subj /CN=x -days 90 -utf8 "
        "-addext subjectAltName=DNS:schüle.example.org -out c.pem"
    )
    subprocess.run(shlex.split(command), cwd=tmp_path, check=True, capture_output=True)
    results = failures(check((tmp_path / "c.pem").read_bytes(), PKCS8, DOMAIN, NOW))
    assert "The certificate is for schüle.example.org, not for meet.school.example.org." in [
        one.sentence for one in results
    ]
