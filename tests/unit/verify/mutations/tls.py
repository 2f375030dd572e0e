"""What can be wrong with TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("TLS-02")
def web_accepts_an_old_version(evidence: Evidence) -> None:
    evidence["tls"]["services"]["web"]["versions"]["TLSv1.1"] = True


@breaks("TLS-02")
def relay_accepts_a_weak_cipher(evidence: Evidence) -> None:
    evidence["tls"]["services"]["turn"]["weak_ciphers"] = ["ECDHE-ECDSA-AES256-SHA"]


@breaks("TLS-02")
def web_accepts_a_curve_outside_the_profile(evidence: Evidence) -> None:
    evidence["tls"]["services"]["web"]["curves"]["secp521r1"] = True


@breaks("TLS-02")
def web_speaks_nothing_new(evidence: Evidence) -> None:
    evidence["tls"]["services"]["web"]["versions"] |= {"TLSv1.2": False, "TLSv1.3": False}


@breaks("TLS-02")
def sslyze_disagrees(evidence: Evidence) -> None:
    evidence["tls"]["services"]["web"]["sslyze"] = {
        "compliant": False,
        "issues": {"tls_vulnerability_robot": "Server is vulnerable to the ROBOT attack."},
    }
