"""What of the protection a server cannot have, and what a person should know about it."""

from __future__ import annotations

from typing import Any

from provision.check.judges import closed_services, in_force
from provision.messages.i18n import _
from provision.messages.result import Result, warning


def check(server: dict[str, Any], settings: dict[str, Any]) -> list[Result]:
    """Return warnings, and a refusal where nobody would come in any more."""
    findings = []
    if not server["key_sign_in"]:
        findings.append(
            warning(
                _("SSH goes on taking passwords, because this run signed in with one."),
                _("provision connect installs your key"),
            )
        )
    if not server["firewall_possible"]:
        findings.append(
            warning(
                _("The server is a container that allows no firewall of its own."),
                _("use the firewall on the provider's web page, or rent a server of another kind"),
            )
        )
    findings += closed_services.check(server, settings)
    findings += in_force.check(server)
    if not server["private_mounts"]:
        findings.append(
            warning(
                _("The server is a container in which services cannot be shut in completely."),
                _("rent a server of another kind, such as a root server or a KVM"),
            )
        )
    if settings["reboot_at"] and server["asks_at_boot"]:
        findings.append(
            warning(
                _("A disk asks for a password at each boot, so the server never reboots by "
                  "itself: after an update of the kernel, you have to."),
                _('set `reboot_at: ""` in inventory.yml, and reboot after updates of the kernel'),
            )
        )  # fmt: skip
    return findings
