"""What can go wrong on the signalling server, as a stranger sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


def host(evidence: Evidence, prefix: str, transport: str) -> dict[str, Any]:
    """Return one host of the evidence."""
    xmpp = evidence["xmpp"]
    name = prefix + xmpp["domain"]
    return next(
        each for each in xmpp["hosts"] if (each["name"], each["transport"]) == (name, transport)
    )


def new_host(evidence: Evidence, prefix: str) -> None:
    """Add a host on which one signs in with a password."""
    name = prefix + evidence["xmpp"]["domain"]
    copied = dict(host(evidence, "", "websocket"), name=name)
    evidence["xmpp"]["hosts"].append(copied)


def announce(evidence: Evidence, kind: str) -> None:
    """Add a component."""
    evidence["xmpp"]["components"].append({"kind": kind, "address": f"{kind}.example.org"})


def open_door(evidence: Evidence, kind: str) -> None:
    """Let the stranger through a door."""
    door = next(each for each in evidence["xmpp"]["doors"] if each["kind"] == kind)
    door["entry"] |= {"outcome": "entered", "condition": "", "role": "participant"}


@breaks("MIN-01", "ACC-01")
def anybody_signs_in_on_the_domain(evidence: Evidence) -> None:
    host(evidence, "", "websocket")["anonymous"] = True


@breaks("MIN-01", "ACC-01")
def anybody_signs_in_on_the_domain_over_bosh(evidence: Evidence) -> None:
    host(evidence, "", "bosh")["anonymous"] = True


@breaks("MIN-01")
def anybody_signs_in_where_the_focus_does(evidence: Evidence) -> None:
    new_host(evidence, "auth.")
    host(evidence, "auth.", "websocket")["anonymous"] = True


@breaks("MIN-01")
def guests_need_an_account(evidence: Evidence) -> None:
    for transport in ("websocket", "bosh"):
        host(evidence, "guest.", transport)["anonymous"] = False
    evidence["xmpp"] |= {
        "stranger": "", "components": [], "relays": None, "lists": {}, "room_open": False,
        "conference": None, "entry": None, "doors": None,
    }  # fmt: skip


@breaks("ACC-01")
def a_stranger_is_let_in_at_once(evidence: Evidence) -> None:
    evidence["xmpp"]["entry"] |= {"outcome": "entered", "lobby": "", "role": "moderator"}


@breaks("ACC-01")
def a_stranger_makes_a_room(evidence: Evidence) -> None:
    open_door(evidence, "conference")


@breaks("ACC-01")
def a_stranger_makes_a_breakout_room(evidence: Evidence) -> None:
    open_door(evidence, "breakout")


@breaks("ACC-04")
def a_stranger_meets_the_bridges(evidence: Evidence) -> None:
    open_door(evidence, "brewery")


@breaks("ACC-04")
def a_browser_can_be_the_focus(evidence: Evidence) -> None:
    evidence["xmpp"]["services"]["websocket"] = "open"


@breaks("ACC-04")
def an_old_browser_can_be_the_focus(evidence: Evidence) -> None:
    evidence["xmpp"]["services"]["bosh"] = "open"


@breaks("ACC-02")
def registration_is_advertised(evidence: Evidence) -> None:
    host(evidence, "guest.", "websocket")["registers"] = True


@breaks("ACC-02")
def the_form_of_registration_is_handed_out(evidence: Evidence) -> None:
    host(evidence, "", "websocket")["form"] = "form"


@breaks("ACC-03")
def the_open_room_is_listed(evidence: Evidence) -> None:
    lists = evidence["xmpp"]["lists"]
    lists[next(iter(lists))] = 1


@breaks("THP-04")
def a_relay_of_others_is_announced(evidence: Evidence) -> None:
    evidence["xmpp"]["relays"].append(
        {"kind": "stun", "host": "meet-jit-si-turnrelay.jitsi.net", "port": 443,
         "transport": "udp", "own": False, "seconds": None}
    )  # fmt: skip


@breaks("THP-04")
def credentials_of_the_relay_hold_a_day(evidence: Evidence) -> None:
    own = evidence["xmpp"]["relays"][0]["host"]
    evidence["xmpp"]["relays"].append(
        {"kind": "turns", "host": own, "port": 5349, "transport": "tcp", "own": True,
         "seconds": 86400}
    )  # fmt: skip


@breaks("STA-01", "MIN-06")
def speaking_times_are_counted(evidence: Evidence) -> None:
    announce(evidence, "speakerstats")


@breaks("MIN-06")
def speech_is_translated(evidence: Evidence) -> None:
    announce(evidence, "audio-translation")


@breaks("MOD-06")
def files_are_shared(evidence: Evidence) -> None:
    announce(evidence, "file-sharing")


@breaks("MOD-06")
def telephones_dial_in(evidence: Evidence) -> None:
    evidence["xmpp"]["conference"]["properties"]["sipGatewayEnabled"] = "true"


@breaks("REC-01")
def recorders_have_a_host(evidence: Evidence) -> None:
    new_host(evidence, "recorder.")


@breaks("REC-01")
def recorders_have_the_hidden_host_of_the_images(evidence: Evidence) -> None:
    new_host(evidence, "hidden.")
