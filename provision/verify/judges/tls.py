"""Judges of `tls`: whether connections are encrypted by the state of the art."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge
from provision.verify.outside.words import listed

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding
    from provision.verify.probes.tls import Service, Tls

OLD = ("TLSv1", "TLSv1.1")
NEW = ("TLSv1.2", "TLSv1.3")


@judge("TLS-02", "tls")
def only_good_ciphers(evidence: Evidence) -> Finding:
    """Judge versions, ciphers and curves of web and relay, and what sslyze says."""
    tls: Tls = evidence["tls"]  # type: ignore[assignment]
    ports = [service["port"] for service in tls["services"].values()]
    if not ports:
        raise NotMeasuredError(N_("The web server did not answer in time."))
    judged = 0
    for service in tls["services"].values():
        if wrong := _wrong(service):
            return failed(
                _(
                    "Port {port} accepts what Mozilla's intermediate profile forbids: {what}."
                ).format(port=service["port"], what=listed(wrong)),
                _(
                    "Allow TLS 1.2 and 1.3 only, with the ciphers and curves of"
                    " https://ssl-config.mozilla.org. `provision deploy` does."
                ),
            )
        judged += service["sslyze"] is not None
    unasked = {
        name
        for service in tls["services"].values()
        if service["sslyze"] is None
        for name, accepted in [*service["versions"].items(), *service["curves"].items()]
        if accepted is None
    }
    if unasked:
        raise NotMeasuredError(
            N_("This computer cannot ask whether the server takes: {what}"), what=listed(unasked)
        )
    if judged == len(ports):
        return fulfilled(
            _("Ports {ports} keep to Mozilla's intermediate profile; sslyze agrees.").format(
                ports=listed(ports)
            )
        )
    return fulfilled(
        _("Ports {ports} keep to Mozilla's intermediate profile.").format(ports=listed(ports))
    )


def _wrong(service: Service) -> list[str]:
    """Return what is accepted and must not be, or missing and must be there."""
    wrong = [name for name in OLD if service["versions"].get(name)]
    wrong += service["weak_ciphers"]
    wrong += [name for name, accepted in service["curves"].items() if accepted]
    if not any(service["versions"].get(name) for name in NEW):
        wrong.append(_("neither TLS 1.2 nor TLS 1.3"))
    said = service["sslyze"]
    if not wrong and said and not said["compliant"]:
        wrong += [f"{criterion}: {text}" for criterion, text in said["issues"].items()]
    return wrong
