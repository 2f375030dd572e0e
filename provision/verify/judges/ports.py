"""Judges of `ports`: what the world can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge
from provision.verify.outside.services import MANAGEMENT, SIGNALLING
from provision.verify.outside.words import listed
from provision.verify.probes.ports import NEEDED

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding
    from provision.verify.probes.ports import Ports

SEVERAL = 10


@judge("TLS-04", "ports")
def signalling_has_no_port(evidence: Evidence) -> Finding:
    """Judge that Prosody is reached through the web server only."""
    ports = _reached(evidence)
    if opened := _open(ports, SIGNALLING):
        return failed(
            _("The signalling service is open to the world: {ports}.").format(ports=listed(opened)),
            _("Let Prosody listen on 127.0.0.1 only. `provision deploy` does."),
        )
    return _closed(ports, SIGNALLING)


@judge("ACC-04", "ports")
def management_has_no_port(evidence: Evidence) -> Finding:
    """Judge that nobody outside reaches the interfaces of bridge and focus."""
    ports = _reached(evidence)
    if opened := _open(ports, MANAGEMENT):
        return failed(
            _("Management interfaces are open to the world: {ports}.").format(ports=listed(opened)),
            _("Let bridge and focus listen on 127.0.0.1 only. `provision deploy` does."),
        )
    return _closed(ports, MANAGEMENT)


@judge("HST-01", "ports")
def nothing_else_is_open(evidence: Evidence) -> Finding:
    """Judge that of the ports that were asked only the necessary ones are open."""
    ports = _reached(evidence)
    if not ports["ssh_port"]:
        raise NotMeasuredError(N_("A stranger's server is asked only for the ports of Jitsi Meet."))
    # Some have a control of their own; others the school keeps open for what it has beside.
    fine = {*NEEDED, *SIGNALLING, *MANAGEMENT, *ports["kept"]}
    asked = {port for found in ports["families"].values() for port in found["open"]}
    if opened := _open(ports, asked - fine):
        return failed(
            _("More ports are open than the service needs: {ports}.").format(ports=listed(opened)),
            _(
                "Remove what listens there, close the port in the firewall, or name it as "
                "`open_ports` in inventory.yml."
            ),
        )
    return fulfilled(
        _("Of {number} ports only these are open over {families}: {ports}.").format(
            number=max(found["asked"] for found in ports["families"].values()),
            families=listed(ports["families"]),
            ports=listed(sorted({*asked, ports["ssh_port"]}), SEVERAL),
        )
    )


def _reached(evidence: Evidence) -> Ports:
    """Return the section, or raise NotMeasuredError where not even the web server answers."""
    ports: Ports = evidence["ports"]  # type: ignore[assignment]
    if not any(found["open"] for found in ports["families"].values()):
        raise NotMeasuredError(N_("No port answers at all: is this the right address?"))
    return ports


def _closed(ports: Ports, wanted: Iterable[int]) -> Finding:
    """Return that none of some ports is reached."""
    return fulfilled(
        _("Closed over {families}: {ports}.").format(
            families=listed(ports["families"]), ports=listed(wanted, SEVERAL)
        )
    )


def _open(ports: Ports, wanted: Container[int]) -> list[str]:
    """Return which of some ports are open, with the family of addresses."""
    return [
        f"{port} ({family})"
        for family, found in ports["families"].items()
        for port in found["open"]
        if port in wanted
    ]
