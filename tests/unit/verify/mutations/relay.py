"""What can go wrong with the relay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("HST-03")
def the_relay_leads_to_loopback(evidence: Evidence) -> None:
    evidence["relay"]["peers"]["127.0.0.1"] = 0


@breaks("HST-03")
def the_relay_leads_to_an_inner_network(evidence: Evidence) -> None:
    evidence["relay"]["peers"]["10.0.0.1"] = 0


@breaks("HST-03")
def the_relay_leads_to_the_providers_metadata(evidence: Evidence) -> None:
    evidence["relay"]["peers"]["169.254.169.254"] = 0


@breaks("HST-03")
def the_relay_leads_to_local_addresses_of_ipv6(evidence: Evidence) -> None:
    evidence["relay"]["peers"]["fd00::1"] = 0


@breaks("HST-03")
def the_relay_wants_no_credentials(evidence: Evidence) -> None:
    evidence["relay"]["anonymous"] = 0


@breaks("HST-03")
def the_relay_makes_tcp_connections(evidence: Evidence) -> None:
    evidence["relay"]["tcp"] = 0


@breaks("HST-03")
def the_relay_leads_to_other_ports_of_the_server(evidence: Evidence) -> None:
    evidence["relay"]["others"]["3478"] = True
