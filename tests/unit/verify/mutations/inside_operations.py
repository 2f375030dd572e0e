"""What can go wrong with certificates, updates, versions, and changes by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks, parts

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("TLS-03")
def the_certificate_ends(evidence: Evidence) -> None:
    for each in parts(evidence)["certificates"]["served"].values():
        each["left"] = 5.5


@breaks("TLS-03")
def the_last_renewal_failed(evidence: Evidence) -> None:
    parts(evidence)["timers"]["timers"]["certbot"]["result"] = "exit-code"


@breaks("TLS-03")
def the_relay_has_the_old_certificate(evidence: Evidence) -> None:
    next(iter(parts(evidence)["certificates"]["served"].values()))["fingerprint"] = "00:11"


@breaks("TLS-03")
def a_renewed_certificate_reaches_nobody(evidence: Evidence) -> None:
    parts(evidence)["certificates"]["hooks"] = []


@breaks("OPS-01")
def nobody_updates(evidence: Evidence) -> None:
    parts(evidence)["updates"]["settings"]["APT::Periodic::Unattended-Upgrade"] = "0"


@breaks("OPS-01")
def a_security_update_waits(evidence: Evidence) -> None:
    parts(evidence)["updates"]["security"] = ["libssl3t64"]


@breaks("OPS-01")
def updates_stopped_coming(evidence: Evidence) -> None:
    parts(evidence)["updates"]["stamps"] = {"upgrade-stamp": 90.0}


@breaks("OPS-01")
def nginx_runs_with_an_old_library(evidence: Evidence) -> None:
    parts(evidence)["outdated"]["programs"] = ["nginx.service"]


@breaks("OPS-02")
def debian_is_too_old(evidence: Evidence) -> None:
    parts(evidence)["system"] |= {"version": "11", "name": "Debian GNU/Linux 11 (bullseye)"}


@breaks("OPS-02")
def debians_support_has_ended(evidence: Evidence) -> None:
    parts(evidence)["system"]["time"] = 1909872000  # July 2030


@breaks("OPS-02")
def jitsi_is_three_releases_old(evidence: Evidence) -> None:
    releases = parts(evidence)["releases"]
    releases["jitsi"] = ["2.0.3-1", "2.0.2-1", "2.0.1-1", *releases["jitsi"]]


@breaks("OPS-02")
def jitsi_is_held_back(evidence: Evidence) -> None:
    parts(evidence)["packages"]["held"] = ["jitsi-meet"]


@breaks("OPS-05")
def a_file_was_changed_by_hand(evidence: Evidence) -> None:
    parts(evidence)["deployment"]["changed"] = ["/etc/turnserver.conf"]


@breaks("OPS-05")
def prosody_does_not_know_its_configuration_yet(evidence: Evidence) -> None:
    parts(evidence)["prosody"]["newer"] = ["/etc/prosody/conf.d/meet.cfg.lua"]


@breaks("OPS-01")
def apt_refuses_jitsis_key_and_ends_well(evidence: Evidence) -> None:
    """As apt 2.6 says it; `apt-get update` ends with 0, since lists from before are there."""
    parts(evidence)["apt"] |= {
        "code": 0,
        "said": "Err:4 https://download.jitsi.org stable/ InRelease\n  The following signatures "
        "couldn't be verified because the public key is not available: NO_PUBKEY 0CB731796F88\n",
    }


@breaks("OPS-01")
def a_source_of_somebody_is_not_reached(evidence: Evidence) -> None:
    parts(evidence)["apt"] |= {
        "code": 100,
        "said": "Err:1 http://packages.example.org stable InRelease\n  Connection failed\n",
    }
