"""Accounts as Prosody's internal storage keeps them: hashed, one file each.

Written here instead of through ``prosodyctl register``, which shows the password in the process
list and on Prosody 13 cannot tell a new account from a changed one. The format is that of
``mod_auth_internal_hashed`` with ``mod_storage_internal`` (Prosody 0.12 and 13): SCRAM-SHA-1 keys
(RFC 5802) in ``<data>/<host>/accounts/<user>.dat``. Prosody reads the file at each sign-in, so an
account works at once, with Prosody running or not.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import string
from urllib.parse import unquote

DATA = "/var/lib/prosody"
ITERATIONS = 10000
TEMPORARY = "provision-verify-"
"""How the names of accounts begin that live only as long as a proof; they are nobody's."""
FIELD = re.compile(r'\["(\w+)"\] = (?:"([^"]*)"|([0-9.]+));')


def encode(name: str) -> str:
    """Return the file name that Prosody gives to a user or a host ('.' becomes '%2e')."""
    safe = string.ascii_letters + string.digits
    return "".join(c if c in safe else "".join(f"%{b:02x}" for b in c.encode()) for c in name)


def decode(name: str) -> str:
    """Return the user or host that a file name of Prosody stands for."""
    return unquote(name)


def account_path(host: str, user: str, data: str = "") -> str:
    """Return the path of one account's file."""
    return os.path.join(data or DATA, encode(host), "accounts", encode(user) + ".dat")


def scram_keys(password: str, salt: bytes, iterations: int) -> tuple[str, str]:
    """Return (stored key, server key) as hexadecimal text, RFC 5802 section 3."""
    salted = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, iterations)
    client_key = hmac.new(salted, b"Client Key", hashlib.sha1).digest()
    server_key = hmac.new(salted, b"Server Key", hashlib.sha1).digest()
    # SHA-1, because that is the mechanism which Prosody 0.12 offers.
    return hashlib.sha1(client_key).hexdigest(), server_key.hex()  # noqa: S324


def account_text(password: str) -> str:
    """Return the content of an account file for this password, with a new salt."""
    salt = secrets.token_hex(16)
    stored, server = scram_keys(password, salt.encode(), ITERATIONS)
    return (
        "return {\n"
        f'\t["iteration_count"] = {ITERATIONS};\n'
        f'\t["salt"] = "{salt}";\n'
        f'\t["server_key"] = "{server}";\n'
        f'\t["stored_key"] = "{stored}";\n'
        "};\n"
    )


def password_matches(path: str, password: str) -> bool:
    """Tell whether the account file exists and belongs to this password."""
    try:
        with open(path, encoding="utf-8") as file:
            fields = {m[0]: m[1] or m[2] for m in FIELD.findall(file.read())}
        stored, _server = scram_keys(
            password, fields["salt"].encode(), int(float(fields["iteration_count"]))
        )
    except (OSError, KeyError, ValueError):
        return False
    return hmac.compare_digest(stored, fields.get("stored_key", ""))


def make_folders(host: str) -> tuple[int, int]:
    """Make the folders of a host's accounts with Prosody's rights, and return owner and group."""
    owner = os.stat(DATA)
    for folder in (f"{DATA}/{encode(host)}", f"{DATA}/{encode(host)}/accounts"):
        os.makedirs(folder, 0o750, exist_ok=True)
        os.chown(folder, owner.st_uid, owner.st_gid)
    return owner.st_uid, owner.st_gid


def forget(host: str, user: str) -> None:
    """Remove all that is kept of a user, in whatever store."""
    folder = f"{DATA}/{encode(host)}"
    for store in os.listdir(folder) if os.path.isdir(folder) else []:
        for ending in (".dat", ".list"):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(os.path.join(folder, store, encode(user) + ending))


def accounts(host: str, data: str = "") -> list[str]:
    """Return the names of people's accounts of one host, sorted."""
    try:
        names = os.listdir(os.path.join(data or DATA, encode(host), "accounts"))
    except FileNotFoundError:
        return []
    users = sorted(decode(name[:-4]) for name in names if name.endswith(".dat"))
    return [user for user in users if not user.startswith(TEMPORARY)]
