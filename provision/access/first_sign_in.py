"""The one sign-in with the provider's password: a forced change of it, and the technician's key."""

from __future__ import annotations

import codecs
import os
import re
import secrets
from typing import TYPE_CHECKING

from provision.access import expired, openssh, ssh
from provision.messages import console, legible
from provision.messages.errors import ServerError, UsageError
from provision.messages.i18n import _

if TYPE_CHECKING:
    from provision.access.host_keys import HostKey
    from provision.access.identity import Identity
    from provision.access.openssh import Said

ATTEMPTS = 3
REFUSED = re.compile(r"Permission denied \(([a-z,-]+)\)")
"""How ssh names what the server would take instead of this key."""
# Adds a line to authorized_keys unless it is there; a commented or forced one does not count.
INSTALL = r"""set -eu
umask 077
IFS= read -r line
start=$(printf "%s\n" "$line" | cut -d " " -f 1,2)
mkdir -p "$HOME/.ssh"
chmod 700 "$HOME/.ssh"
file=$(readlink -f "$HOME/.ssh/authorized_keys")
touch "$file"
chmod 600 "$file"
if cut -d " " -f 1,2 "$file" | grep -qxF -e "$start"; then exit 0; fi
new=$(mktemp "$file.XXXXXX")
trap "rm -f \"$new\"" EXIT
cat "$file" > "$new"
if [ -s "$new" ] && [ "$(tail -c 1 "$new" | od -An -tx1)" != " 0a" ]; then echo >> "$new"; fi
printf "%s\n" "$line" >> "$new"
mv -f "$new" "$file"
"""


def install(
    server: ssh.Server, host_key: HostKey, mine: Identity, descriptor: int | None, refused: Said
) -> str:
    """Put the technician's key into the account; return the password that is valid afterwards."""
    methods = _methods(server, host_key, refused)
    known = openssh.wants_password_change(refused)
    if not methods & {"password", "keyboard-interactive"}:
        if known:
            raise expired.error(server.school, server.key, keys_only=True)
        raise ServerError(
            _("The server accepts keys only, and refuses yours."),
            refused.text.rpartition("\n")[2],
            _("enter this line as an SSH key on the provider's web page, or sign in with the key "
              "that is there already (--identity FILE):\n{public}").format(public=mine.public),
        )  # fmt: skip
    if known and descriptor is None and not console.interactive():
        raise expired.error(server.school, server.key)
    session, password = _signed_in(server, host_key, methods, descriptor)
    try:
        code, said = session.run(f"sh -c '{INSTALL}'", mine.public + "\n")
    finally:
        session.close()
    if code:
        raise ServerError(_("Your key could not be installed on the server."), said.strip()[-300:])
    return password


def _methods(server: ssh.Server, host_key: HostKey, refused: Said) -> set[str]:
    """Return how the server lets this account sign in, most often as it said when it refused a key.

    Each connection on which nobody signs in makes some servers shut this computer out sooner.
    """
    if told := REFUSED.search(refused.text):
        return set(told[1].split(","))
    session = ssh.Session(server, host_key)
    try:
        return session.methods()
    finally:
        session.close()


def _signed_in(
    server: ssh.Server, host_key: HostKey, methods: set[str], descriptor: int | None
) -> tuple[ssh.Session, str]:
    """Return a session that may do something, and the password that is valid now."""
    new = secrets.token_urlsafe(18)
    session: ssh.Session | None = None
    for attempt in range(1, ATTEMPTS + 1):
        password = read_password(server, descriptor)
        # Connected only now: a server hangs up on people who take their time to type. Where it has
        # not, the next try costs nothing more.
        if session is None or not session.transport.is_active():
            session = ssh.Session(server, host_key)
        try:
            changed = session.sign_in(password, new, methods)
            break
        except ssh.WrongPasswordError as error:
            if descriptor is not None or attempt == ATTEMPTS:
                session.close()
                raise
            console.bad(error.what, indent=2)
    assert session
    if not changed and not session.must_change_password():
        return session, password
    # Shown before anything can go wrong: it is the way in through the provider's console.
    console.result(
        _("The server wants a new password for {user}. From now on it is: {new}").format(
            user=session.user, new=new
        )
    )
    console.note(
        _("It is shown only now. Keep it: it is the way in through the provider's console.")
    )
    try:
        if not changed:
            session.change_password(password, new)
    finally:
        session.close()
    session = ssh.Session(server, host_key)
    session.sign_in(new, new, methods)
    return session, new


def read_password(server: ssh.Server, descriptor: int | None) -> str:
    """Return the provider's password, from the descriptor or the person."""
    if descriptor is not None:
        return _from_descriptor(descriptor)
    if not console.interactive():
        raise ServerError(
            _("The server refuses your key, and nobody is here to type a password."),
            next=_("enter your key on the provider's web page, or hand over the password: "
                   "provision connect {key} --password-fd 0 < FILE").format(key=server.key),
        )  # fmt: skip
    return console.secret(
        _("Password of {user} from the provider (not shown): ").format(user=server.school.ssh_user)
    )


def _from_descriptor(number: int) -> str:
    """Return the first line that comes from a file descriptor."""
    try:
        with os.fdopen(os.dup(number), "rb", buffering=0) as stream:
            line = stream.readline()
            # The last sign of the line has two bytes there.
            line += stream.read(1) if line.startswith(codecs.BOM_UTF16_LE) else b""
            password = legible.text(line).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            _("No password can be read from the descriptor {number}").format(number=number),
            next=_("for instance: --password-fd 0 < FILE"),
        ) from error
    if not password:
        raise UsageError(_("The descriptor {number} holds no password").format(number=number))
    return password
