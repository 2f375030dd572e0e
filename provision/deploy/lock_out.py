"""What is said where the new settings of firewall and SSH would have locked the technician out."""

from __future__ import annotations

from typing import Any

from provision.check.judges import closed_services
from provision.deploy.control_side import answer
from provision.messages.errors import RefusedError
from provision.messages.i18n import _


def locked_out(
    why: str,
    settings: dict[str, Any] | None = None,
    seen: dict[str, Any] | None = None,
    *,
    taken_back: bool,
) -> dict[str, Any]:
    """Return the failed task for new settings through which nobody could sign in.

    ``why`` is ssh's own sentence; ``taken_back`` tells that the former ones are in force again.
    """
    closed = closed_services.closes(seen, settings) if settings and seen else {}

    def refuse() -> dict[str, Any]:
        what = _("The new settings of firewall and SSH would have locked you out.")
        if taken_back and closed:
            names = ", ".join(f"{port} ({who})" if who else port for port, who in closed.items())
            raise RefusedError(
                what,
                _("The firewall would have closed {ports}; your sign-in may come through one of "
                  "them, as that of a VPN does.").format(ports=names),
                _("The server has taken the settings back by itself and lets you in as before; "
                  "everything else is installed. Name in inventory.yml what is to stay open: "
                  "{setting}; then run this again.").format(
                      setting=closed_services.setting([*closed], settings or {})),
            )  # fmt: skip
        if taken_back:
            raise RefusedError(
                what,
                (why.strip().splitlines() or [_("The answer came too late.")])[-1],
                _("The server has taken them back by itself and lets you in as before; everything "
                  "else is installed. Look into /etc/jitsi-provision/local/*.nft and "
                  "/etc/ssh/sshd_config.d on the server, and at this computer's own SSH settings; "
                  "then run this again."),
            )  # fmt: skip
        raise RefusedError(
            what,
            why,
            _("The server does not answer since then, although it takes them back by itself. Open "
              "its console on the provider's web page and run there, as root: "
              "nft delete table inet jitsi_provision"),
        )  # fmt: skip

    return answer(refuse)
