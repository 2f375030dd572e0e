"""The certificates that a Java program of this host would trust."""

import ssl
import struct
import subprocess
from pathlib import Path

JAVA_STORE = Path("/etc/ssl/certs/java/cacerts")
SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_JKS_MAGIC = 0xFEEDFEED


def context(verify: bool, store: Path | None = None) -> tuple[ssl.SSLContext, str]:
    """A TLS client context, and in words what it trusts."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
        return tls, "any certificate (verification is switched off)"
    path = store or JAVA_STORE
    if path.is_file():
        data = path.read_bytes()
        if data[:4] == _JKS_MAGIC.to_bytes(4, "big"):
            for certificate in _jks(data):
                _add(tls, certificate)
            return tls, str(path)
        pem = _keytool(path)
        if pem:
            tls.load_verify_locations(cadata=pem)
            return tls, f"{path} (through keytool)"
    if SYSTEM_BUNDLE.is_file():
        tls.load_verify_locations(SYSTEM_BUNDLE)
        return tls, str(SYSTEM_BUNDLE)
    return tls, "nothing: there is no trust store"


def _add(tls: ssl.SSLContext, certificate: bytes) -> None:
    try:
        tls.load_verify_locations(cadata=certificate)
    except ssl.SSLError:
        # One odd certificate of the distribution must not hide all others.
        return


def _jks(data: bytes) -> list[bytes]:
    """The trusted certificates of a Java key store, in DER."""
    _, version, count = struct.unpack_from(">III", data)
    at = 12
    found = []
    for _ in range(count):
        (tag,) = struct.unpack_from(">I", data, at)
        if tag != 2:  # a private key: none is expected in a trust store
            break
        at = _skip_text(data, at + 4) + 8
        if version == 2:
            at = _skip_text(data, at)
        (length,) = struct.unpack_from(">I", data, at)
        found.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _skip_text(data: bytes, at: int) -> int:
    (length,) = struct.unpack_from(">H", data, at)
    return at + 2 + int(length)


def _keytool(path: Path) -> str:
    done = subprocess.run(
        ["keytool", "-list", "-rfc", "-keystore", str(path), "-storepass", "changeit"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else ""
