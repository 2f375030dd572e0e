"""What Paramiko and a server have in common, and OpenSSH where that is nothing.

Paramiko knows one name of the two that curve25519-sha256 has, and fewer methods than OpenSSH. Only
the sign-in with a password needs it; a host key can be had from OpenSSH as well.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from paramiko.kex_curve25519 import KexCurve25519

from provision.access.host_keys import HostKey
from provision.common import bounded
from provision.messages.errors import ServerError
from provision.messages.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.settings.table import School

CURVE = "curve25519-sha256"
"""By its name of RFC 8731; the same as curve25519-sha256@libssh.org."""
PARTS = {
    "kex": ("kex_algo_list", N_("the exchange of keys")),
    "host key": ("server_key_algo_list", N_("host keys")),
    "ciphers": ("client_encrypt_algo_list", N_("encryption")),
    "macs": ("client_mac_algo_list", N_("the protection against changes")),
}
"""By Paramiko's words: the server's list, and what it is for."""
SCANNED = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}
SECONDS = 15
LIMIT = 65536


_PARAMIKO: Any = paramiko.Transport


class Transport(paramiko.Transport):
    """A connection that also knows the standard name, and remembers what the server offers."""

    _kex_info = {**_PARAMIKO._kex_info, CURVE: KexCurve25519}  # noqa: SLF001, RUF012
    _preferred_kex = (CURVE, *_PARAMIKO._preferred_kex)  # noqa: SLF001

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.offered: dict[str, Any] = {}

    def _really_parse_kex_init(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        self.offered = super()._really_parse_kex_init(*arguments, **options)  # type: ignore[misc]
        return self.offered


def scanned(school: School, kinds: Iterable[str]) -> HostKey | None:
    """Return the first kind of key that the server shows to OpenSSH, or nothing."""
    for kind in kinds:
        call = ["ssh-keyscan", "-T", "10", "-p", str(school.ssh_port),
                "-t", SCANNED.get(kind, "ecdsa"), "--", school.address]  # fmt: skip
        try:
            done = bounded.run(call, "", seconds=SECONDS, limit=LIMIT)
        except FileNotFoundError:
            return None
        for line in done.out.decode("ascii", "replace").splitlines():
            fields = line.split()
            if len(fields) == 3 and fields[1] == kind and (key := _key(kind, fields[2])):  # noqa: PLR2004
                return key
    return None


def _key(kind: str, text: str) -> HostKey | None:
    try:
        found = load_ssh_public_key(f"{kind} {text}".encode())
        return HostKey(kind, base64.b64decode(text), getattr(found, "key_size", 256))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        return None


def nothing_in_common(school: School, why: Exception, offered: dict[str, Any]) -> ServerError:
    """Return what is missing between this computer and a server, and the way past it."""
    field, part = next((known for word, known in PARTS.items() if word in str(why)), PARTS["kex"])
    return ServerError(
        _("The server answers, but has no method in common with this program for {part}.").format(
            part=_(part)
        ),
        _("It offers only: {names}.").format(names=", ".join(offered.get(field, [])) or "?"),
        _("bring your key there with OpenSSH, which knows more methods: ssh-copy-id -p {port} "
          "{user}@{address}; if that fails as well, allow one more in the server's "
          "/etc/ssh/sshd_config").format(
              port=school.ssh_port, user=school.ssh_user, address=school.address),
    )  # fmt: skip
