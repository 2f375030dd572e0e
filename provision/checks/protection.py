"""What of the protection a server cannot have, and what a person should know about it."""

from __future__ import annotations

from typing import Any

from provision.checks.occupied import PORTS
from provision.checks.result import Result, warning
from provision.i18n import _


def check(server: dict[str, Any], settings: dict[str, Any]) -> list[Result]:
    """Return warnings; nothing here stops a deployment."""
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
    elif not server["access_kept"]:
        findings += _closed(server, settings)
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


def _closed(server: dict[str, Any], settings: dict[str, Any]) -> list[Result]:
    """Return which services of the sysadmin's own nobody will reach any more from outside."""
    open_ports = {port for protocol, port in PORTS if protocol == "tcp"}
    open_ports.update(server["ssh_ports"], [settings["ssh_port"]])
    closed = {
        (held["port"], held["program"])
        for held in server["listeners"]
        if held["protocol"] == "tcp"
        and held["port"] not in open_ports
        and not held["address"].startswith(("127.", "::1"))
    }
    return [
        warning(
            _("The firewall closes port {port}/tcp, on which {program} answers. To keep it open, "
              "write a rule into /etc/jitsi-provision/local/own.nft on the server; an example "
              "stands in /etc/jitsi-provision/firewall.nft.").format(
                  port=port, program=program or _("a service")),
        )
        for port, program in sorted(closed)
    ]  # fmt: skip
