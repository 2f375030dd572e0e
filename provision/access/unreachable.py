"""What ssh says where it brings nobody to a server: what happened, why, and what comes next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from provision.access import expired, own_way, shut_out
from provision.messages.errors import ProvisionError, ServerError
from provision.messages.i18n import N_, _
from provision.messages.last_words import last_words

if TYPE_CHECKING:
    from provision.settings.table import School

# What ssh says: (pattern, what happened, what to do).
SSH = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        N_("The server shows another key than last time."),
        N_("if you know that the provider has set it up anew: {connect} --new-server; otherwise "
           "somebody may be in between: do not sign in"),
    ),
    (
        r"[Nn]o \S+ host key is known|Host key verification failed",
        N_("The server's key is not known yet, so nobody can say that it is the right server."),
        "{connect}",
    ),
    (
        r"Too many authentication failures",
        N_("This computer offers so many keys that the server hung up before the right one."),
        N_("put the right one in front: ssh-add FILE; then {connect} --identity FILE"),
    ),
    (
        r"Permission denied",
        N_("The server refuses to let {user} sign in."),
        "{connect}",
    ),
    (
        r"Could not resolve hostname|Name or service not known",
        N_("The address {address} is not known to any name server."),
        N_("correct `address` in inventory.yml, or write the server's IP address there"),
    ),
    (
        r"Connection refused",
        N_("The server answers, but not to SSH on port {port}."),
        N_("start it in the provider's web page, or correct `ssh_port` in inventory.yml"),
    ),
    (
        r"timed out|No route to host|Network is unreachable|Connection closed|Connection reset",
        N_("The server does not answer at {address}, port {port}."),
        N_("check that it runs, that `address` is right, and that no firewall is in between"),
    ),
)  # fmt: skip

# Whatever ssh says with these, nothing was done on the server.
OUTSIDE = (
    r"connect to host|Could not resolve|Permission denied|Too many authentication"
    r"|[Hh]ost key|HOST IDENTIFICATION"
)


def never_inside(failure: dict[str, Any]) -> bool:
    """Tell whether a task failed because nobody came to the server at all."""
    return bool(failure["unreachable"] and re.search(OUTSIDE, str(failure.get("msg", ""))))


def error(said: str, school: School, key: str = "") -> ProvisionError:
    """Return what ssh means by ``said``; ``key`` is what inventory.yml calls the school."""
    failure = {"msg": said}
    if expired.is_meant(failure):
        return expired.error(school, key)
    values = {
        "address": school.address,
        "user": school.ssh_user,
        "port": school.ssh_port,
        "connect": f"provision connect {key}".rstrip(),
    }
    if own_way.lost(said):
        return own_way.lost_error(said, values)
    if shut_out.told(said):
        return shut_out.error()
    if own_way.refused(said):
        return own_way.error(said)
    for pattern, what, remedy in SSH:
        if re.search(pattern, said):
            return ServerError(_(what).format(**values), next=_(remedy).format(**values))
    return ServerError(
        _("The server cannot be reached."),
        last_words(failure),
        _("try it yourself: ssh -p {port} {user}@{address}").format(**values),
    )
