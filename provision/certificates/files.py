"""Reads files of certificates and keys as people have them: put together, exported, copied.

What is read here goes to the server written anew, so the ways of writing it do not matter there:
text and marks around the blocks, blocks without a line end between them, UTF-16 of a Windows shell,
the binary forms. The chain is put in the order in which it is served.
"""

from __future__ import annotations

import base64
import re
import warnings
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs7,
)

from provision.messages import legible
from provision.messages.i18n import _
from provision.messages.result import Result, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATES = {"CERTIFICATE", "X509 CERTIFICATE"}
_BUNDLES = {"PKCS7", "CMS"}
_QUOTED = b" \t>"
"""What mail programs and forms put in front of lines."""
# The version that PKCS#12 begins with (RFC 7292, 4); no other file here has one in this place.
_PKCS12 = re.compile(rb"\x30(?:\x80|[\x00-\x7f]|\x81.|\x82..|\x83...)\x02\x01\x03", re.DOTALL)


class UnreadableError(Exception):
    """There is nothing in the file that could be used; `result` says why."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.sentence)
        self.result = result


def certificates(content: bytes) -> list[x509.Certificate]:
    """Return the certificates of a file as they stand there; raises UnreadableError."""
    remedy = _("ask for a PEM file; it begins with -----BEGIN CERTIFICATE-----")
    blocks = list(_blocks(content))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of authorities' mistakes that browsers forgive
            if not blocks:
                return _binary(content)
            found = [one for label, pem in blocks for one in _in_block(label, pem)]
    except (ValueError, UnsupportedAlgorithm):
        found = []
    if not found:
        sentence = _("The certificate's file holds no valid certificate.")
        raise UnreadableError(failure(sentence, remedy))
    return found


def secret_key(content: bytes) -> PrivateKeyTypes:
    """Return the secret key of a file; raises UnreadableError."""
    blocks = [block for block in _blocks(content) if block[0].endswith("PRIVATE KEY")]
    try:
        if blocks:
            return load_pem_private_key(blocks[0][1], password=None)
        if b"-----BEGIN" not in content:
            _refuse_pkcs12(content)
            return load_der_private_key(content, password=None)
    except TypeError as error:
        raise UnreadableError(
            failure(
                _("The key is locked with a password; no server could start by itself."),
                _("unlock it: openssl pkey -in OLD.key -out NEW.key"),
            )
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if not blocks:
            raise UnreadableError(
                failure(
                    _("The key's file is not a PEM file."),
                    _("ask for a PEM file; it begins with -----BEGIN PRIVATE KEY-----"),
                )
            ) from error
    raise UnreadableError(
        failure(
            _("The key's file holds no valid key."),
            _("use the file that was made together with the certificate request"),
        )
    )


def in_order(
    found: list[x509.Certificate], key: PrivateKeyTypes | None
) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """Return the chain as it is served, the school's own first, and what does not belong to it.

    Of several certificates of one authority the one that lives longest is taken; the others do no
    harm and are left out.
    """
    own = [one for one in found if key and spki(one.public_key()) == spki(key.public_key())]
    leaves = [one for one in found if not _issues_something(one, found)]
    chain = [(own or leaves or found)[0]]
    left = [one for one in found if one != chain[0]]
    while not self_signed(chain[-1]):
        issuers = [one for one in left if _issued(chain[-1], one)]
        if not issuers:
            break
        chain.append(max(issuers, key=lambda one: one.not_valid_after_utc))
        left = [one for one in left if one != chain[-1]]
    known = {(one.subject, spki(one.public_key())) for one in chain}
    return chain, [one for one in left if (one.subject, spki(one.public_key())) not in known]


def self_signed(certificate: x509.Certificate) -> bool:
    """Return whether nobody else has issued it."""
    return certificate.subject == certificate.issuer


def spki(key: PublicKeyTypes) -> bytes:
    """Return what two equal keys have in common."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def holds(content: bytes, what: str) -> bool:
    """Return whether a file has a block whose name ends like this."""
    return any(label.endswith(what) for label, _pem in _blocks(content))


def _issues_something(one: x509.Certificate, found: list[x509.Certificate]) -> bool:
    return any(other != one and _issued(other, one) for other in found)


def _issued(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _in_block(label: str, pem: bytes) -> list[x509.Certificate]:
    if label in _BUNDLES:
        return pkcs7.load_pem_pkcs7_certificates(pem)
    return x509.load_pem_x509_certificates(pem) if label in _CERTIFICATES else []


def _binary(content: bytes) -> list[x509.Certificate]:
    """Return the certificates of a file without blocks: DER, alone or in a bundle."""
    _refuse_pkcs12(content)
    readers: tuple[Callable[[bytes], list[x509.Certificate]], ...] = (
        lambda data: [x509.load_der_x509_certificate(data)],
        pkcs7.load_der_pkcs7_certificates,
    )
    for read in readers:
        try:
            return read(content)
        except (ValueError, UnsupportedAlgorithm):
            continue
    raise UnreadableError(
        failure(
            _("The certificate's file is not a PEM file."),
            _("ask for a PEM file; it begins with -----BEGIN CERTIFICATE-----"),
        )
    )


def _refuse_pkcs12(content: bytes) -> None:
    if _PKCS12.match(content):
        sentence = _(
            "The file is a locked container with certificate and key (PKCS#12, .pfx or .p12)."
        )
        remedy = _(
            "take it apart: openssl pkcs12 -in FILE -nokeys -out school.pem, then "
            "openssl pkcs12 -in FILE -nocerts -noenc -out school.key; for an old one add -legacy"
        )
        raise UnreadableError(failure(sentence, remedy))


def _blocks(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what kind of thing each PEM block is, and the block as PEM asks for it."""
    for label, body in _BLOCK.findall(_plain(content)):
        lines = [line.strip(_QUOTED) for line in re.split(rb"[\r\n]+", body)]
        # The older way of locking a key says so in lines of their own.
        heads = b"".join(line + b"\n" for line in lines if b":" in line)
        data = re.sub(rb"[^A-Za-z0-9+/]", b"", b"".join(line for line in lines if b":" not in line))
        try:
            text = base64.encodebytes(base64.b64decode(data + b"=" * (-len(data) % 4)))
        except ValueError:
            text = b""
        text = heads + b"\n" + text if heads else text
        yield label.decode(), b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, text, label)


def _plain(content: bytes) -> bytes:
    """Return a text of whatever editor in single bytes."""
    if b"-----BEGIN" in content:
        return content
    for encoding in ("utf-16-le", "utf-16-be"):
        text = content.decode(encoding, "ignore")
        if "-----BEGIN" in text:
            return text.encode("ascii", "ignore")
    return legible.roughly(content).encode()
