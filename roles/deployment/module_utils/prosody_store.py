"""Accounts as Prosody's internal storage keeps them: hashed, one file each.

Written here instead of through ``prosodyctl register``, which shows the password in the process
list and on Prosody 13 cannot tell a new account from a changed one. The format is that of
``mod_auth_internal_hashed`` with ``mod_storage_internal`` (Prosody 0.12 and 13): SCRAM-SHA-1 keys
(RFC 5802) in ``<data>/<host>/accounts/<user>.dat``. Prosody reads the file at each sign-in, so an
account works at once, with Prosody running or not.

All of that is Prosody's own: whoever has taken it over can put links there. So whatever is written
or removed here is done as its account; see `become`.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import pwd
import re
import secrets
import stat
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = "/var/lib/prosody"
ACCOUNT = "prosody"
LARGEST = 1 << 20
ITERATIONS = 10000
MOST_ITERATIONS = 1_000_000
"""More would be somebody's way to keep us busy."""
TEMPORARY = "provision-verify-"
"""How the names of accounts begin that live only as long as a proof; they are nobody's."""
FIELD = re.compile(r'\["(\w+)"\] = (?:"([^"]*)"|([0-9.]+));')


class StoreError(Exception):
    """The work as Prosody's account ended without a result."""


def become() -> None:
    """Turn this process into one of Prosody's account, for ever: no right of root is left."""
    account = pwd.getpwnam(ACCOUNT)
    os.chdir("/")
    if os.getuid() == account.pw_uid:
        return
    os.setgroups([])
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    os.environ["HOME"] = DATA


def as_account(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what the work returns, done by a child of this process that is Prosody's account.

    Raises StoreError with its reason where the work raises anything.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        answer: dict[str, Any] = {}
        try:
            os.close(reading)
            become()
            answer = {"done": work()}
        except BaseException as error:  # noqa: BLE001 - the parent tells it
            answer = {"reason": str(error) or type(error).__name__}
        finally:
            with contextlib.suppress(OSError), os.fdopen(writing, "w") as file:
                json.dump(answer, file)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read(LARGEST)
    os.waitpid(child, 0)
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    if "done" not in answer:
        raise StoreError(answer.get("reason", "it ended without an answer"))
    done: dict[str, Any] = answer["done"]
    return done


def read_plain(path: str) -> str:
    """Return the text of a plain file of bounded size; nothing for a link, a pipe or no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        return file.read(LARGEST).decode("utf-8", "replace")


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
        fields = {m[0]: m[1] or m[2] for m in FIELD.findall(read_plain(path))}
        iterations = min(int(float(fields["iteration_count"])), MOST_ITERATIONS)
        stored, _server = scram_keys(password, fields["salt"].encode(), iterations)
    except (KeyError, ValueError, OverflowError):
        return False
    return hmac.compare_digest(stored, fields.get("stored_key", ""))


def make_folders(host: str) -> None:
    """Make the folders of a host's accounts; call `become` first."""
    for folder in (f"{DATA}/{encode(host)}", f"{DATA}/{encode(host)}/accounts"):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o750)


def forget(host: str, user: str) -> None:
    """Remove all that is kept of a user, in whatever store; call `become` first."""
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
