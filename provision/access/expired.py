"""An account that has to change its password first: the key is accepted, and nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.access.openssh import Said, wants_password_change
from provision.messages.errors import ServerError
from provision.messages.i18n import _
from provision.messages.last_words import OUTPUTS

if TYPE_CHECKING:
    from provision.settings.table import School


def is_meant(failure: dict[str, Any]) -> bool:
    """Tell whether a failed task says so; Ansible itself only says that it got no JSON."""
    words = [str(failure.get(name) or "") for name in ("msg", *OUTPUTS)]
    return wants_password_change(Said(1, "\n".join(words)))


def error(school: School, key: str, *, keys_only: bool = False) -> ServerError:
    """Return what to do about it; with `keys_only` the server takes no password at all."""
    values = {"user": school.ssh_user, "address": school.address, "port": school.ssh_port}
    remedy = _("set a new password for it in the provider's console, as root: passwd {user}; "
               "then run this again").format(**values)  # fmt: skip
    if not keys_only:
        remedy = _("if you know its present password, this sets a new one: provision connect "
                   "{key}; otherwise {other}").format(key=key, other=remedy)  # fmt: skip
    return ServerError(
        _("The server accepts your key, but does nothing before the password of {user} is "
          "changed.").format(**values),
        _("The password has expired; many providers hand servers over so."),
        remedy,
    )  # fmt: skip
