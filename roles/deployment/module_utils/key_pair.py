"""Self-signed key pairs, for what needs some certificate and no certificate authority."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from ansible.module_utils.school_server import read_text, run, write_atomically

if TYPE_CHECKING:
    from ansible.module_utils.changes import Changes

DAYS = 3650
RENEW_SECONDS = 60 * 86400
COMMON_NAME_CHARACTERS = 64


class KeyPairError(Exception):
    """OpenSSL said no."""


def bring(declared: dict[str, Any], changes: Changes) -> None:
    """Make a key pair that is missing or ends within two months, and its copies."""
    certificate, key = declared["certificate"], declared["key"]
    if not lasts(certificate, key):
        changes.note(certificate, declared)
        if changes.check:
            return
        changes.remember()
        uid, gid, mode = changes.rights(key, declared, "0400")
        texts = make(declared["name"], os.path.dirname(key))
        write_atomically(key, texts[0], mode, uid, gid)
        write_atomically(certificate, texts[1], 0o644)
    _copy(declared, changes)


def _copy(declared: dict[str, Any], changes: Changes) -> None:
    """Keep the public copies of a certificate equal to it."""
    text = read_text(declared["certificate"])
    for path in declared.get("copies") or []:
        if read_text(path) != text:
            changes.note(path, declared)
            if not changes.check:
                changes.remember()
                write_atomically(path, text, 0o644)


def lasts(certificate: str, key: str) -> bool:
    """Tell whether a key pair of plain files is there and does not end within two months."""
    if any(os.path.islink(path) or not os.path.isfile(path) for path in (certificate, key)):
        return False  # a link leads to what somebody else has made
    seconds = str(RENEW_SECONDS)
    end = run("openssl", "x509", "-in", certificate, "-noout", "-checkend", seconds)
    return end.returncode == 0


def make(name: str, folder: str) -> tuple[str, str]:
    """Return the texts of a new key and its certificate; the folder holds them meanwhile.

    EC P-256, because such a key is made in no time, and Java 17 and 21 accept it.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        key, certificate = f"{place}/key", f"{place}/certificate"
        kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        # A name that was cut would be another name; the one that counts is in the extension.
        subject = name if len(name) <= COMMON_NAME_CHARACTERS else "jitsi-provision"
        # No authority: whoever steals the key can pretend to be this name, and no other.
        names = (
            *("-addext", f"subjectAltName=DNS:{name}"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
        )
        written = ("-keyout", key, "-out", certificate)
        common = ("-days", str(DAYS), "-subj", f"/CN={subject}")
        made = run("openssl", "req", "-x509", *common, *kind, *names, *written)
        if made.returncode:
            raise KeyPairError(made.stderr.strip())
        return read_text(key), read_text(certificate)
