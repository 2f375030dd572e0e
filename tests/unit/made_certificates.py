"""Makes certificates that are right or wrong in exactly one way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

DOMAIN = "meet.school.example.org"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PEM = serialization.Encoding.PEM


def make_key() -> ec.EllipticCurvePrivateKey:
    """Return a key of the usual kind."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Any, password: bytes | None = None) -> bytes:
    """Return a key as a PEM file."""
    locked = serialization.BestAvailableEncryption(password) if password else None
    return key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, locked or serialization.NoEncryption()
    )


def make(
    name: str,
    key: Any,
    issuer: tuple[str, Any] | None = None,
    *,
    names: tuple[str, ...] = (DOMAIN,),
    begin: datetime = NOW - timedelta(days=10),
    end: datetime = NOW + timedelta(days=80),
    authority: bool = False,
    public: bool = False,
    client_only: bool = False,
) -> bytes:
    """Return a certificate as a PEM file; without an issuer it is self-signed."""
    issuer_name, issuer_key = issuer or (name, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(item) for item in names])
        builder = builder.add_extension(alternative, critical=False)
    if public:
        where = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS,
            x509.UniformResourceIdentifier("http://issuer.example.org/"),
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
    if client_only:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(usage, critical=False)
    algorithm = None if "Ed25519" in type(issuer_key).__name__ else hashes.SHA256()
    return builder.sign(issuer_key, algorithm).public_bytes(PEM)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
