"""Lets an ordinary account use sudo without a password, which Ansible needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provision.messages.errors import ServerError
from provision.messages.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from provision.access.openssh import Said

FILE = "/etc/sudoers.d/provision"
# Written beside its place under a name with a dot, which sudo passes over, checked, then moved.
SCRIPT = f"""set -eu
umask 077
new=$(mktemp /etc/sudoers.d/.provision.XXXXXX)
trap 'rm -f "$new"' EXIT
printf "%s ALL=(ALL:ALL) NOPASSWD: ALL\\n" "$SUDO_USER" > "$new"
chmod 0440 "$new"
visudo -cqf "$new"
mv -f "$new" {FILE}
visudo -cq
"""


def works(sign_in: Callable[[str, str], Said]) -> bool:
    """Return whether the account may do everything without a password."""
    return sign_in("sudo -n true", "").code == 0


def allow(sign_in: Callable[[str, str], Said], user: str, password: str) -> None:
    """Write the rule for sudo; the password travels to sudo's standard input."""
    said = sign_in("env LC_ALL=C sudo -k -S -p '' sh -s", f"{password}\n{SCRIPT}")
    if said.code == 0 and works(sign_in):
        return
    if re.search(
        r"incorrect password|try again|no password was provided", said.text, re.IGNORECASE
    ):
        why = _("sudo refuses the password of {user}.").format(user=user)
    elif "not found" in said.text:
        why = _("sudo is not installed there.")
    elif "sudoers" in said.text:
        why = _("{user} may not use sudo at all.").format(user=user)
    else:
        why = said.text.replace(password, "…")
    raise refusal(user, why)


def refusal(user: str, why: str = "") -> ServerError:
    """Return the error for an account that needs a password for sudo."""
    return ServerError(
        _("{user} may not use sudo without a password.").format(user=user),
        why,
        _("on the server, as root: echo '{user} ALL=(ALL) NOPASSWD: ALL' > "
          "/etc/sudoers.d/provision").format(user=user),
    )  # fmt: skip
