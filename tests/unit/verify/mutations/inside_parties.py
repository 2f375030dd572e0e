"""What can go wrong with the server's contacts to others, and with parts that listen along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks, parts

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("THP-03")
def the_bridge_asks_a_stranger(evidence: Evidence) -> None:
    options = parts(evidence)["bridge"]["options"]
    options["ice4j.harvest.mapping.stun.addresses"] = ["meet-jit-si-turnrelay.jitsi.net:443"]


@breaks("THP-03")
def the_bridge_asks_a_stranger_in_spite_of_a_switch_that_it_does_not_know(
    evidence: Evidence,
) -> None:
    the_bridge_asks_a_stranger(evidence)
    parts(evidence)["bridge"]["options"]["ice4j.harvest.mapping.stun.enabled"] = "false"


@breaks("THP-03")
def the_bridge_asks_amazon(evidence: Evidence) -> None:
    del parts(evidence)["bridge"]["options"]["ice4j.harvest.mapping.aws.enabled"]


@breaks("THP-03")
def an_old_file_asks_a_stranger(evidence: Evidence) -> None:
    name = "org.ice4j.ice.harvest.STUN_MAPPING_HARVESTER_ADDRESSES"
    parts(evidence)["bridge"]["legacy"] = [name]


@breaks("THP-05")
def failures_are_reported_to_sentry(evidence: Evidence) -> None:
    parts(evidence)["focus"]["logging"]["sentry"] = True


@breaks("THP-05")
def visits_are_analysed(evidence: Evidence) -> None:
    parts(evidence)["packages"]["versions"]["goaccess"] = "1:1.7-1"


@breaks("THP-08")
def a_telephone_service_of_others_is_connected(evidence: Evidence) -> None:
    parts(evidence)["prosody"]["hosts"]["jigasi.meet.jitsi"] = {"modules": ["c2s"], "options": {}}


@breaks("THP-10")
def a_program_talks_to_a_stranger(evidence: Evidence) -> None:
    peer = {"program": "node", "protocol": "tcp", "port": 9200, "kind": "public", "count": 1}
    parts(evidence)["sockets"]["peers"] = [peer]


@breaks("MIN-06", "REC-01")
def transcription_is_installed(evidence: Evidence) -> None:
    parts(evidence)["packages"]["versions"]["jigasi"] = "1.1-400-1"


@breaks("REC-01")
def a_recorder_is_installed(evidence: Evidence) -> None:
    parts(evidence)["packages"]["versions"]["jibri"] = "8.0-160-1"


@breaks("REC-01")
def a_recorder_may_sign_in(evidence: Evidence) -> None:
    prosody = parts(evidence)["prosody"]["hosts"]
    prosody["recorder.meet.example.org"] = {"modules": ["auth_internal_hashed"], "options": {}}
