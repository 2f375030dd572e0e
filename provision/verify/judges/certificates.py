"""Judges of `certificates`: whether browsers trust web and relay, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provision.certificates.lifetime import late
from provision.messages.i18n import _
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import judge
from provision.verify.outside.words import listed
from provision.verify.probes.certificates import SELF_SIGNED, UNKNOWN_ROOT

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding
    from provision.verify.probes.certificates import Certificate, Certificates

EXPIRED, NO_ISSUER, OTHER_NAME = 10, (20, 21), 62
"""OpenSSL's numbers."""


@judge("TLS-03", "certificates")
def certificates_are_valid(evidence: Evidence) -> Finding:
    """Judge chain, name and end of both certificates, and that they are the same one."""
    found: Certificates = evidence["certificates"]  # type: ignore[assignment]
    for certificate in found["services"].values():
        if wrong := _distrusted(certificate, found["domain"]):
            return wrong
        if late(certificate["days_left"], _life(certificate)):
            return failed(
                _("The certificate at port {port} ends in {days} days, on {day}.").format(
                    port=certificate["port"],
                    days=certificate["days_left"],
                    day=certificate["not_after"][:10],
                ),
                _("Renewal does not work: run `provision deploy`, and read what certbot says."),
            )
    web, turn = (found["services"].get(name) for name in ("web", "turn"))
    assert web is not None
    if turn and turn["sha256"] != web["sha256"] and set(turn["names"]) == set(web["names"]):
        return failed(
            _("The relay (port {port}) shows another certificate than the web server.").format(
                port=turn["port"]
            ),
            _("After a renewal restart the relay, too. `provision deploy` does."),
        )
    return fulfilled(
        _("Certificate by {issuer}, valid for {names} until {day}, at ports {ports}.").format(
            issuer=web["issuer"],
            names=listed(web["names"]),
            day=web["not_after"][:10],
            ports=listed(service["port"] for service in found["services"].values()),
        )
    )


def _life(certificate: Certificate) -> float:
    """Return for how many days a certificate is good in all."""
    end, begin = (datetime.fromisoformat(certificate[name]) for name in ("not_after", "not_before"))
    return (end - begin) / timedelta(days=1)


def _distrusted(certificate: Certificate, domain: str) -> Finding | None:
    """Return why a browser does not trust a certificate."""
    number, port = certificate["problem_number"], certificate["port"]
    if not certificate["problem"]:
        return None
    if certificate["self_signed"] or number == SELF_SIGNED:
        return failed(
            _("The certificate at port {port} is self-signed: browsers warn.").format(port=port),
            _("Set certificate: letsencrypt in inventory.yml and run `provision deploy`."),
        )
    if number in (*NO_ISSUER, UNKNOWN_ROOT):
        return _unknown(certificate)
    if number == EXPIRED:
        return failed(
            _("The certificate at port {port} has ended, on {day}.").format(
                port=port, day=certificate["not_after"][:10]
            ),
            _("Renewal does not work: run `provision deploy`, and read what certbot says."),
        )
    if number == OTHER_NAME:
        return failed(
            _("The certificate at port {port} is for {names}, not for {domain}.").format(
                port=port, names=listed(certificate["names"]), domain=domain
            ),
            _("Get a certificate for {domain}. `provision deploy` does.").format(domain=domain),
        )
    return failed(
        _("Browsers do not trust the certificate at port {port}: {reason}.").format(
            port=port, reason=certificate["problem"]
        ),
        _("Get a certificate for {domain}. `provision deploy` does.").format(domain=domain),
    )


def _unknown(certificate: Certificate) -> Finding:
    """Return why a chain ends with nobody whom browsers know."""
    port = certificate["port"]
    if not certificate["authority"]:
        return failed(
            _("At port {port} the chain of certificates is not complete.").format(port=port),
            _("Serve the certificate together with those that issued it (fullchain.pem)."),
        )
    sentence = _("Browsers do not know who issued the certificate at port {port}: {authority}.")
    return failed(
        sentence.format(port=port, authority=certificate["authority"]),
        _(
            "Set certificate: letsencrypt without acme_directory and run `provision deploy`. Or, "
            "where all devices know this authority, let this computer know it, too: "
            "SSL_CERT_FILE=FILE provision verify."
        ),
    )
