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


@breaks("HST-03")
def whoever_comes_gets_credentials(evidence: Evidence) -> None:
    evidence["relay"]["stranger"] = True


@breaks("HST-03")
def classmates_share_a_name(evidence: Evidence) -> None:
    evidence["relay"]["named"] = False


@breaks("HST-03")
def one_person_takes_the_whole_relay(evidence: Evidence) -> None:
    evidence["relay"]["share"] = 24


@breaks("HST-03")
def the_relay_counts_nobody(evidence: Evidence) -> None:
    del evidence["inside"]["parts"]["relay"]["options"]["user-quota"]


@breaks("HST-03")
def all_together_may_have_more_than_there_is(evidence: Evidence) -> None:
    evidence["inside"]["parts"]["relay"]["options"]["total-quota"] = "849"


@breaks("THP-04")
def participants_are_sent_to_a_foreign_relay(evidence: Evidence) -> None:
    evidence["relay"]["told"][1] |= {"host": "turn.example.net", "own": False}


@breaks("THP-04")
def credentials_hold_half_a_day(evidence: Evidence) -> None:
    evidence["relay"]["told"][0]["seconds"] = 14400


@breaks("TLS-06")
def the_relay_tells_its_version(evidence: Evidence) -> None:
    evidence["relay"]["stun"][0]["software"] = "Coturn-4.6.1 'Gorst'"
