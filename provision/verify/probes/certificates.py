"""The certificates of the web server and of the relay, as browsers judge them."""

from __future__ import annotations

import ssl
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from provision.certificates.trust import as_browsers
from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside import services
from provision.verify.outside.connection import connect, farewell, lenient, secure
from provision.verify.outside.deadline import Deadline
from provision.verify.outside.words import printable

if TYPE_CHECKING:
    from provision.verify.target import Target

NO_PROBLEM = 0
SELF_SIGNED, UNKNOWN_ROOT = 18, 19
"""OpenSSL's numbers for a certificate that signs itself, alone and at the end of a chain."""


class Certificate(TypedDict):
    """The certificate of one service."""

    port: int
    names: list[str]
    subject: str
    issuer: str
    self_signed: bool
    """Whether it signed itself: nobody vouches for it."""
    not_before: str
    not_after: str
    days_left: int
    """Whole days from the measurement to its end; negative once it is over."""
    key: str
    """For instance `EC 256` or `RSA 2048`."""
    sha256: str
    problem: str
    """Why a browser does not trust it, in OpenSSL's words; empty where it does."""
    problem_number: int
    """The same as OpenSSL's number, 0 where there is none."""
    authority: str
    """Who issued the last certificate of the chain that the server sends; empty where it sends
    none but its own."""


class Certificates(TypedDict):
    """What was measured."""

    domain: str
    services: dict[str, Certificate]
    """`web`, and `turn` where something answers there."""


def measure(target: Target) -> dict[str, Any]:
    """Return what `Certificates` describes."""
    deadline = Deadline(target.seconds)
    found: Certificates = {"domain": target.domain, "services": {}}
    for name, port in (("web", services.HTTPS), ("turn", services.TURNS)):
        try:
            found["services"][name] = _certificate(target, port, deadline)
        except TimeoutError as error:
            if name == "web":
                raise NotMeasuredError(N_("The web server did not answer in time.")) from error
        except ssl.SSLError as error:
            if name == "web":
                reason = error.reason or str(error)
                raise NotMeasuredError(
                    N_("Port {port} speaks no TLS: {reason}."), port=port, reason=reason
                ) from error
        except OSError:
            if name == "web":
                raise
    return dict(found)


def _certificate(target: Target, port: int, deadline: Deadline) -> Certificate:
    plain = connect(target.host, port, deadline)
    connection = secure(plain, target.domain, lenient(), deadline)
    chain = _sent(connection)
    farewell(connection, deadline)
    try:
        certificate, *others = map(x509.load_der_x509_certificate, chain)
        end, start = certificate.not_valid_after_utc, certificate.not_valid_before_utc
        names = _names(certificate)
    except ValueError as error:
        raise NotMeasuredError(
            N_("The certificate at port {port} cannot be read."), port=port
        ) from error
    problem, number = _problem(target, port, deadline)
    return {
        "port": port,
        "names": names,
        "subject": printable(certificate.subject.rfc4514_string()),
        "issuer": printable(certificate.issuer.rfc4514_string()),
        "self_signed": certificate.issuer == certificate.subject,
        "not_before": start.isoformat(),
        "not_after": end.isoformat(),
        "days_left": (end - datetime.now(UTC)).days,
        "key": _key(certificate),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "problem": problem,
        "problem_number": number,
        "authority": _last_issuer(certificate, others),
    }


def _sent(connection: ssl.SSLSocket) -> list[bytes]:
    """Return the certificates that the server sent, its own first."""
    if sys.version_info >= (3, 13):
        return connection.get_unverified_chain()
    # There since Python 3.10, and public since 3.13.
    handle: Any = vars(connection)["_sslobj"]
    found = handle.get_unverified_chain() or ()
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in found]


def _last_issuer(certificate: x509.Certificate, others: list[x509.Certificate]) -> str:
    """Return who vouches for the end of the chain, as far as its links fit together."""
    last = certificate
    while link := next((each for each in others if _issued(last, each)), None):
        others = [each for each in others if each is not link]
        last = link
    return "" if last is certificate else printable(last.issuer.rfc4514_string())


def _issued(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _problem(target: Target, port: int, deadline: Deadline) -> tuple[str, int]:
    """Return why a browser would refuse; it fetches no missing link of the chain either."""
    plain = connect(target.host, port, deadline)
    try:
        connection = secure(plain, target.domain, as_browsers(target.ca_file), deadline)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message, error.verify_code
    except ssl.SSLError as error:
        # The protocol itself is too old for this computer's own rules.
        return error.reason or str(error), -1
    farewell(connection, deadline)
    return "", NO_PROBLEM


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    names = extension.value.get_values_for_type(x509.DNSName)
    return [*map(printable, names), *map(str, extension.value.get_values_for_type(x509.IPAddress))]


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.key_size}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else type(key).__name__
