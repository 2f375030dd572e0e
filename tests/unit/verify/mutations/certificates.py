"""What can be wrong with certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


def distrusted(evidence: Evidence, number: int, problem: str, service: str = "web") -> None:
    """Make browsers refuse a certificate as OpenSSL says it."""
    evidence["certificates"]["services"][service] |= {"problem": problem, "problem_number": number}


@breaks("TLS-03")
def certificate_signs_itself(evidence: Evidence) -> None:
    evidence["certificates"]["services"]["web"]["self_signed"] = True
    distrusted(evidence, 18, "self-signed certificate")


@breaks("TLS-03")
def chain_is_not_complete(evidence: Evidence) -> None:
    distrusted(evidence, 20, "unable to get local issuer certificate")


@breaks("TLS-03")
def authority_is_known_to_no_browser(evidence: Evidence) -> None:
    evidence["certificates"]["services"]["web"]["authority"] = "CN=Authority of the district"
    distrusted(evidence, 20, "unable to get local issuer certificate")


@breaks("TLS-03")
def certificate_is_for_another_name(evidence: Evidence) -> None:
    distrusted(evidence, 62, "Hostname mismatch", service="turn")


@breaks("TLS-03")
def certificate_has_ended(evidence: Evidence) -> None:
    distrusted(evidence, 10, "certificate has expired")
    evidence["certificates"]["services"]["web"]["days_left"] = -3


@breaks("TLS-03")
def certificate_ends_soon(evidence: Evidence) -> None:
    evidence["certificates"]["services"]["web"]["days_left"] = 19


@breaks("TLS-03")
def browsers_refuse_for_another_reason(evidence: Evidence) -> None:
    distrusted(evidence, 26, "unsuitable certificate purpose")


@breaks("TLS-03")
def relay_was_not_restarted_after_renewal(evidence: Evidence) -> None:
    evidence["certificates"]["services"]["turn"]["sha256"] = "0" * 64
