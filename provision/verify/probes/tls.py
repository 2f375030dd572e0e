"""Which TLS the web server and the relay speak, by a few handshakes and by sslyze."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside import services, sslyze
from provision.verify.outside.deadline import Deadline
from provision.verify.outside.handshake import Handshakes

if TYPE_CHECKING:
    from provision.verify.outside.sslyze import Compliance
    from provision.verify.target import Target


class Service(TypedDict):
    """What one port speaks."""

    port: int
    versions: dict[str, bool | None]
    """By name whether it is accepted; None where this computer cannot ask."""
    weak_ciphers: list[str]
    """Accepted ciphers outside Mozilla's intermediate profile, by OpenSSL's names."""
    curves: dict[str, bool | None]
    """The same of curves outside the profile."""
    sslyze: Compliance | None
    """What sslyze says; None where it is not installed, or on a stranger's server."""


class Tls(TypedDict):
    """What was measured."""

    domain: str
    services: dict[str, Service]
    """`web`, and `turn` where something answers there."""


def measure(target: Target) -> dict[str, Any]:
    """Return what `Tls` describes."""
    deadline = Deadline(target.seconds)
    found: Tls = {"domain": target.domain, "services": {}}
    for name, port in (("web", services.HTTPS), ("turn", services.TURNS)):
        try:
            service = _service(target, port, deadline)
        except TimeoutError as error:
            if name == "web":
                raise NotMeasuredError(N_("The web server did not answer in time.")) from error
            continue
        except OSError:
            if name == "web":
                raise
            continue  # no relay there: the relay's own probe says so
        if any(service["versions"].values()):
            found["services"][name] = service
        elif name == "web":
            raise NotMeasuredError(N_("Port {port} speaks no TLS."), port=port)
    # Hundreds of connections are too many for a stranger.
    if target.school:
        ports = [service["port"] for service in found["services"].values()]
        said = sslyze.compliance(target, ports, deadline)
        for service in found["services"].values():
            service["sslyze"] = said.get(service["port"])
    return dict(found)


def _service(target: Target, port: int, deadline: Deadline) -> Service:
    handshakes = Handshakes(target, port, deadline)
    versions = handshakes.versions()
    speaks = any(versions.values())
    return {
        "port": port,
        "versions": versions,
        "weak_ciphers": handshakes.weak_ciphers() if speaks else [],
        "curves": handshakes.curves() if speaks else {},
        "sslyze": None,
    }
