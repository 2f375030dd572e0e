"""Certificates of a test authority, for pebble itself and for schools that bring their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench import state
from tests.bench.process import run

if TYPE_CHECKING:
    from pathlib import Path

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


@dataclass(frozen=True)
class Authority:
    """Where an authority's certificate and key are; made on first use."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """What clients trust."""
        return self.folder / "ca.pem"

    def make(self) -> None:
        """Make the authority unless it is there."""
        with state.lock("authority.lock"):
            if self.certificate.exists():
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
            subject = ["-subj", "/CN=provision bench authority", "-days", "3650"]
            key, part = self.folder / "ca.key", self.folder / "ca.part"
            files = ["-keyout", str(key), "-out", str(part)]
            run(["openssl", "req", "-x509", *NEW_KEY, *subject, *usage, *files])
            part.replace(self.certificate)

    def issue(self, names: str, certificate: Path, key: Path, *, days: int = 90) -> None:
        """Write a certificate, its authority behind it, and a new key (mode 0600).

        `names` is OpenSSL's list, such as "DNS:meet.school.test,IP:10.91.0.1".
        """
        self.make()
        certificate.parent.mkdir(parents=True, exist_ok=True)
        common = names.partition(",")[0].partition(":")[2]
        signer = ["-CA", str(self.certificate), "-CAkey", str(self.folder / "ca.key")]
        subject = ["-subj", f"/CN={common}", "-days", str(days), *signer]
        usage = ["-addext", f"subjectAltName={names}", "-addext", "basicConstraints=CA:FALSE"]
        files = ["-keyout", str(key), "-out", str(certificate)]
        run(["openssl", "req", "-x509", *NEW_KEY, *subject, *usage, *files])
        key.chmod(0o600)
        with certificate.open("a") as chain:
            chain.write(self.certificate.read_text())


def own() -> Authority:
    """Return the authority for certificates that schools bring themselves."""
    return Authority(state.directory() / "own-authority")
