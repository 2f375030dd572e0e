"""Looks at a school's own certificate and key before anything is touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from provision.bounded_files import UnfitError, read_bytes
from provision.checks.lifetime import soon
from provision.checks.result import Result, failure, ok, warning
from provision.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

DAY = timedelta(days=1)
SMALLEST_RSA = 2048
CURVES = (ec.SECP256R1, ec.SECP384R1)
OLD_HASHES = {"md5", "sha1"}


def check_files(
    certificate: Path,
    key: Path,
    domain: str,
    now: datetime | None = None,
    *,
    turn_domain: str | None = None,
) -> list[Result]:
    """Return what is wrong with a certificate file and its key file, or one line that all is well.

    The files must exist and be readable; the settings check has seen to that.
    """
    contents = []
    for path in (certificate, key):
        try:
            contents.append(read_bytes(path))
        except UnfitError as error:
            return [failure(f"{path}: {error}", _("name the file that your authority sent"))]
    results = check(contents[0], contents[1], domain, now, turn_domain=turn_domain)
    if key.stat().st_mode & 0o077:
        results.append(
            warning(
                _("Other people on this computer may read {path}.").format(path=key),
                f"chmod 600 {key}",
            )
        )
    return results


def check(
    certificate_pem: bytes,
    key_pem: bytes,
    domain: str,
    now: datetime | None = None,
    *,
    turn_domain: str | None = None,
) -> list[Result]:
    """Return what is wrong with a certificate and its key, or one line that all is well."""
    now = now or datetime.now(UTC)
    if b"PRIVATE KEY" in certificate_pem:
        if b"CERTIFICATE" in key_pem:
            sentence = _("The file of the certificate and the file of the key are mixed up.")
            return [failure(sentence, _("swap certificate_file and certificate_key_file"))]
        sentence = _("The certificate's file holds the secret key too; everybody could read it.")
        return [failure(sentence, _("take the key out of this file"))]
    chain = _chain(certificate_pem)
    if isinstance(chain, Result):
        return [chain]
    key = _key(key_pem)
    results = [
        *_names(chain[0], domain, turn_domain),
        *_time(chain, now),
        *_use(chain[0]),
        *_order(chain),
        *([key] if isinstance(key, Result) else _key_fits(chain[0], key)),
    ]
    until = chain[0].not_valid_after_utc.date().isoformat()
    return results or [ok(_("The certificate is right and holds until {date}.").format(date=until))]


def rewritten(certificate_pem: bytes, key_pem: bytes) -> tuple[str, str]:
    """Return chain and key as PEM that every program reads; what `check` calls right has both.

    Files put together by hand hold text, marks and blocks without a line end between them. OpenSSL
    on the server stumbles over what our own reading forgives.
    """
    key = load_pem_private_key(key_pem, password=None)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return authorities(certificate_pem), text.decode("ascii")


def authorities(pem: bytes) -> str:
    """Return the certificates of a file, written anew; raises ValueError where there is none."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(_("This file holds no certificate in PEM form.")) from error
    return "".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in found)


def _chain(pem: bytes) -> list[x509.Certificate] | Result:
    """Return the certificates of a file, the school's own first."""
    remedy = _("ask for a PEM file; it begins with -----BEGIN CERTIFICATE-----")
    if b"-----BEGIN" not in pem:
        return failure(_("The certificate's file is not a PEM file."), remedy)
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, UnsupportedAlgorithm):
        return failure(_("The certificate's file holds no valid certificate."), remedy)


def _key(pem: bytes) -> PrivateKeyTypes | Result:
    """Return the secret key of a file."""
    if b"-----BEGIN" not in pem:
        return failure(
            _("The key's file is not a PEM file."),
            _("ask for a PEM file; it begins with -----BEGIN PRIVATE KEY-----"),
        )
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        return failure(
            _("The key is locked with a password; no server could start by itself."),
            _("unlock it: openssl pkey -in OLD.key -out NEW.key"),
        )
    except (ValueError, UnsupportedAlgorithm):
        return failure(
            _("The key's file holds no valid key."),
            _("use the file that was made together with the certificate request"),
        )


def _key_fits(leaf: x509.Certificate, key: PrivateKeyTypes) -> list[Result]:
    """Return whether the key belongs to the certificate and browsers accept its kind."""
    remedy = _("have a new certificate issued, for a key of the kind EC P-256 or RSA 3072")
    if _spki(key.public_key()) != _spki(leaf.public_key()):
        return [
            failure(
                _("The key does not belong to this certificate."),
                _("use the file that was made together with the certificate request"),
            )
        ]
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < SMALLEST_RSA:
            sentence = _("The key is too short: RSA with {bits} bits.")
            return [failure(sentence.format(bits=key.key_size), remedy)]
    elif not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, CURVES):
        return [failure(_("Browsers do not accept this kind of key."), remedy)]
    return []


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _names(leaf: x509.Certificate, domain: str, turn_domain: str | None) -> list[Result]:
    """Return whether the certificate is for this domain, and for the second name if any."""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]
    except (x509.ExtensionNotFound, ValueError):
        names = []
    if _covered(domain, names):
        if turn_domain is None or _covered(turn_domain, names):
            return []
        sentence = _("The certificate is not for {name} as well, which `turn_domain` names.")
        remedy = _("have one issued for {domain} and {name}, or take `turn_domain` out")
        values = {"domain": domain, "name": turn_domain}
        return [failure(sentence.format(**values), remedy.format(**values))]
    if not names:
        sentence = _("The certificate names no host at all; browsers do not accept it.")
    else:
        sentence = _("The certificate is for {names}, not for {domain}.")
        sentence = sentence.format(names=", ".join(names[:3]), domain=domain)
    return [
        failure(sentence, _("have one issued for {domain}, or correct it").format(domain=domain))
    ]


def _covered(name: str, names: list[str]) -> bool:
    """Return whether one of a certificate's names is this one, or stands for it with a star."""
    return name in names or "*." + name.partition(".")[2] in names


def _time(chain: list[x509.Certificate], now: datetime) -> list[Result]:
    """Return which certificates are too old or too young."""
    leaf = chain[0]
    if now >= leaf.not_valid_after_utc:
        sentence = _("The certificate ended on {date}.")
        sentence = sentence.format(date=leaf.not_valid_after_utc.date().isoformat())
        return [failure(sentence, _("have a new one issued"))]
    if now < leaf.not_valid_before_utc:
        sentence = _("The certificate only begins on {date}.")
        sentence = sentence.format(date=leaf.not_valid_before_utc.date().isoformat())
        return [failure(sentence, _("wait until then, and look at this computer's clock"))]
    if any(now >= issuer.not_valid_after_utc for issuer in chain[1:]):
        sentence = _("A certificate of the chain has ended, so browsers do not accept yours.")
        return [failure(sentence, _("take the present chain from your certificate authority"))]
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    if soon((leaf.not_valid_after_utc - now) / DAY, life / DAY):
        sentence = _("The certificate ends soon, on {date}.")
        sentence = sentence.format(date=leaf.not_valid_after_utc.date().isoformat())
        return [warning(sentence, _("have a new one issued"))]
    return []


def _use(leaf: x509.Certificate) -> list[Result]:
    """Return whether a web server may show this certificate."""
    remedy = _("have a certificate for a web server issued")
    results = []
    algorithm = leaf.signature_hash_algorithm
    if algorithm is not None and algorithm.name in OLD_HASHES:
        sentence = _("The certificate is signed with {name}, which browsers no longer accept.")
        results.append(failure(sentence.format(name=algorithm.name.upper()), remedy))
    for extension in leaf.extensions:
        value = extension.value
        if isinstance(value, x509.ExtendedKeyUsage):
            if ExtendedKeyUsageOID.SERVER_AUTH not in value:
                results.append(failure(_("The certificate is not meant for a web server."), remedy))
        elif isinstance(value, x509.BasicConstraints) and value.ca and not _self_signed(leaf):
            sentence = _("The first certificate in the file is that of an authority.")
            remedy = _("put the school's own certificate first, then those that issued it")
            results.append(failure(sentence, remedy))
    return results


def _order(chain: list[x509.Certificate]) -> list[Result]:
    """Return whether each certificate is issued by the next, and none is plainly missing."""
    remedy = _("put the school's own certificate first, then those that issued it")
    for child, issuer in pairwise(chain):
        try:
            child.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            sentence = _("The certificates in the file are not in order, or one is missing.")
            return [failure(sentence, remedy)]
    if len(chain) == 1 and not _self_signed(chain[0]) and _has_public_issuer(chain[0]):
        sentence = _("The file holds only the certificate, not the one that issued it.")
        remedy = _("append the intermediate certificate; authorities call the file fullchain.pem")
        return [failure(sentence, remedy)]
    return []


def _self_signed(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def _has_public_issuer(leaf: x509.Certificate) -> bool:
    """Return whether the certificate says where its issuer's is found, as all public ones do."""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except (x509.ExtensionNotFound, ValueError):
        return False
    wanted = AuthorityInformationAccessOID.CA_ISSUERS
    return any(item.access_method == wanted for item in extension.value)
