"""Which certificate a browser shall accept: the one that was looked at, and no other."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provision.certificates.trust import as_browsers

if TYPE_CHECKING:
    from provision.verify.target import Target


def pin(target: Target) -> tuple[str, bool]:
    """Return Chromium's option to accept the server's key, and whether its certificate verifies.

    Chromium knows no authority of a school's own, and a trial server has none: that a certificate
    is wrong is for the section `certificates` to say. Raises OSError where nobody answers.
    """
    context = as_browsers(target.ca_file)
    try:
        return _option(target, context), True
    except ssl.SSLCertVerificationError:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return _option(target, context), False


def _option(target: Target, context: ssl.SSLContext) -> str:
    with (
        socket.create_connection((target.host, 443), timeout=target.seconds) as plain,
        context.wrap_socket(plain, server_hostname=target.domain) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown
    key = x509.load_der_x509_certificate(shown).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    value = base64.b64encode(digest.digest()).decode()
    return f"--ignore-certificate-errors-spki-list={value}"
