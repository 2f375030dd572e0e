"""What can be open that must not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("TLS-04")
def prosody_listens_for_clients(evidence: Evidence) -> None:
    evidence["ports"]["families"]["IPv4"]["open"].append(5222)


@breaks("TLS-04")
def prosody_serves_http_over_ipv6_only(evidence: Evidence) -> None:
    evidence["ports"]["families"]["IPv6"]["open"].append(5280)


@breaks("ACC-04")
def bridge_is_managed_from_outside(evidence: Evidence) -> None:
    evidence["ports"]["families"]["IPv4"]["open"].append(8080)


@breaks("HST-01")
def database_is_open(evidence: Evidence) -> None:
    evidence["ports"]["families"]["IPv6"]["open"].append(3306)


@breaks("HST-01")
def nobody_wants_the_open_port(evidence: Evidence) -> None:
    evidence["ports"]["kept"] = []


@breaks("HST-01")
def ssh_listens_on_a_second_port(evidence: Evidence) -> None:
    evidence["ports"]["ssh_port"] = 2222
    evidence["ports"]["families"]["IPv4"]["open"].append(22)
