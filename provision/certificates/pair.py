"""Looks at a school's own certificate and key before anything is touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from provision.certificates import files
from provision.certificates.lifetime import soon
from provision.common.bounded_files import UnfitError, read_bytes
from provision.messages.i18n import _
from provision.messages.result import Result, failure, ok, warning

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

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
    if files.holds(certificate_pem, "PRIVATE KEY"):
        if files.holds(key_pem, "CERTIFICATE") and not files.holds(key_pem, "PRIVATE KEY"):
            sentence = _("The file of the certificate and the file of the key are mixed up.")
            return [failure(sentence, _("swap certificate_file and certificate_key_file"))]
        sentence = _("The certificate's file holds the secret key too; everybody could read it.")
        return [failure(sentence, _("take the key out of this file"))]
    try:
        found = files.certificates(certificate_pem)
    except files.UnreadableError as error:
        return [error.result]
    key, wrong = _key(key_pem)
    chain, left = files.in_order(found, key)
    results = [
        *_names(chain[0], domain, turn_domain),
        *_time(chain, now),
        *_use(chain),
        *_whole(chain, left),
        *([wrong] if wrong else []),
        *(_key_fits(chain[0], key) if key else []),
    ]
    until = chain[0].not_valid_after_utc.date().isoformat()
    return results or [ok(_("The certificate is right and valid until {date}.").format(date=until))]


def rewritten(certificate_pem: bytes, key_pem: bytes) -> tuple[str, str]:
    """Return chain and key as PEM that every program reads; what `check` calls right has both.

    Files put together by hand hold text, marks and blocks without a line end between them. OpenSSL
    on the server stumbles over what our own reading forgives.
    """
    key = files.secret_key(key_pem)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain, _left = files.in_order(files.certificates(certificate_pem), key)
    return _written(chain), text.decode("ascii")


def authorities(content: bytes) -> str:
    """Return the certificates of a file, written anew; raises ValueError where there is none."""
    try:
        return _written(files.certificates(content))
    except files.UnreadableError as error:
        raise ValueError(_("This file holds no certificate in PEM form.")) from error


def _written(chain: list[x509.Certificate]) -> str:
    return "".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in chain)


def _key(content: bytes) -> tuple[PrivateKeyTypes | None, Result | None]:
    """Return the secret key of a file, or what is wrong with it."""
    try:
        return files.secret_key(content), None
    except files.UnreadableError as error:
        return None, error.result


def _key_fits(leaf: x509.Certificate, key: PrivateKeyTypes) -> list[Result]:
    """Return whether the key belongs to the certificate and browsers accept its kind."""
    remedy = _("have a new certificate issued, for a key of the kind EC P-256 or RSA 3072")
    if files.spki(key.public_key()) != files.spki(leaf.public_key()):
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


def _names(leaf: x509.Certificate, domain: str, turn_domain: str | None) -> list[Result]:
    """Return whether the certificate is for this domain, and for the second name if any."""
    names = [
        name.lower()
        for value in _extensions(leaf)
        if isinstance(value, x509.SubjectAlternativeName)
        for name in value.get_values_for_type(x509.DNSName)
    ]
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


def _use(chain: list[x509.Certificate]) -> list[Result]:
    """Return whether a web server may show these certificates, and OpenSSL serves them."""
    leaf = chain[0]
    remedy = _("have a certificate for a web server issued")
    results = []
    for one in chain:
        algorithm = one.signature_hash_algorithm
        # Nobody looks at how an authority of its own has signed itself.
        if one != leaf and files.self_signed(one):
            continue
        if algorithm is not None and algorithm.name in OLD_HASHES:
            sentence = _("The certificate is signed with {name}, which browsers no longer accept.")
            results.append(failure(sentence.format(name=algorithm.name.upper()), remedy))
            break
    if any(_is_short(one) for one in chain[1:]):
        sentence = _("The key of an authority in the file is too short; no server shows it.")
        results.append(failure(sentence, remedy))
    for value in _extensions(leaf):
        if isinstance(value, x509.ExtendedKeyUsage):
            if ExtendedKeyUsageOID.SERVER_AUTH not in value:
                results.append(failure(_("The certificate is not meant for a web server."), remedy))
        elif isinstance(value, x509.BasicConstraints) and value.ca and not files.self_signed(leaf):
            sentence = _("The file holds certificates of authorities only, not the school's own.")
            results.append(failure(sentence, _("put the school's own certificate in front")))
    return results


def _extensions(certificate: x509.Certificate) -> list[x509.ExtensionType]:
    """Return what a certificate says beside its names; nothing where that cannot be read."""
    try:
        return [extension.value for extension in certificate.extensions]
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return []


def _is_short(certificate: x509.Certificate) -> bool:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, rsa.RSAPublicKey) and key.key_size < SMALLEST_RSA


def _whole(chain: list[x509.Certificate], left: list[x509.Certificate]) -> list[Result]:
    """Return whether the chain has all that is needed, as far as one can see."""
    if left:
        sentence = _("A certificate is missing in between, or one in the file does not belong.")
        remedy = _("take the file that your authority calls fullchain.pem; or the certificate and "
                   "those that issued it, and nothing else")  # fmt: skip
        return [failure(sentence, remedy)]
    if len(chain) == 1 and not files.self_signed(chain[0]) and _has_public_issuer(chain[0]):
        sentence = _("The file holds only the certificate, not the one that issued it.")
        remedy = _("append the intermediate certificate; authorities call the file fullchain.pem")
        return [failure(sentence, remedy)]
    return []


def _has_public_issuer(leaf: x509.Certificate) -> bool:
    """Return whether the certificate says where its issuer's is found, as all public ones do."""
    wanted = AuthorityInformationAccessOID.CA_ISSUERS
    return any(
        item.access_method == wanted
        for value in _extensions(leaf)
        if isinstance(value, x509.AuthorityInformationAccess)
        for item in value
    )
