"""What can go wrong with the firewall, as rules of nftables that the reader itself tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.verify.inside.packet_filter import Filter, counted
from provision.verify.inside.packet_match import Stranger
from tests.unit.verify.breakage import breaks, hides, parts

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]

DROP, ACCEPT = {"drop": None}, {"accept": None}


def let_in(evidence: Evidence, policy: str, *rules: list[dict[str, Any]]) -> None:
    """Let the reader say what comes in through these rules."""
    chain = {"family": "inet", "table": "t", "name": "in", "type": "filter", "hook": "input"}
    entries = [{"chain": chain | {"policy": policy}}]
    entries += [{"rule": {"family": "inet", "table": "t", "chain": "in", "expr": each}}
                for each in rules]  # fmt: skip
    rules_there = Filter(entries)
    for family, found in parts(evidence)["firewall"]["input"].items():
        sure, may = rules_there.passes(Stranger("input", family, frozenset({"eth0"})))
        found |= {"sure": counted(sure), "may": counted(may)}
    parts(evidence)["firewall"]["unknown"] = sorted(rules_there.unknown)


def match(left: dict[str, Any], right: Any, operation: str = "==") -> dict[str, Any]:
    """One condition, as `nft -j` writes it."""
    return {"match": {"op": operation, "left": left, "right": right}}


PORT = {"payload": {"protocol": "tcp", "field": "dport"}}
FROM = {"payload": {"protocol": "ip", "field": "saddr"}}


@breaks("HST-01", "THP-10")
def there_is_no_firewall(evidence: Evidence) -> None:
    firewall = parts(evidence)["firewall"]
    firewall |= {"program": False, "input": {}, "output": {}}


@breaks("HST-01")
def the_firewall_accepts_what_it_does_not_know(evidence: Evidence) -> None:
    let_in(evidence, "accept")


@breaks("HST-01")
def the_firewall_forgets_ipv6(evidence: Evidence) -> None:
    let_in(evidence, "accept", [match(FROM, "192.0.2.1", "!="), DROP])


@breaks("HST-01")
def only_those_who_hurry_are_dropped(evidence: Evidence) -> None:
    let_in(evidence, "accept", [{"limit": {"rate": 5, "per": "second", "inv": True}}, DROP])


@breaks("HST-01")
def whoever_does_not_hurry_is_accepted(evidence: Evidence) -> None:
    let_in(evidence, "drop", [{"limit": {"rate": 5, "per": "second"}}, ACCEPT])


@breaks("HST-01")
def half_the_internet_is_dropped(evidence: Evidence) -> None:
    half = {"prefix": {"addr": "0.0.0.0", "len": 1}}
    let_in(evidence, "accept", [match(FROM, half), DROP])


@breaks("HST-01")
def nearly_every_port_is_open(evidence: Evidence) -> None:
    let_in(evidence, "drop", [match(PORT, {"range": [1024, 65535]}), ACCEPT])


@breaks("HST-01")
def what_comes_from_a_certain_port_is_accepted(evidence: Evidence) -> None:
    source = {"payload": {"protocol": "udp", "field": "sport"}}
    let_in(evidence, "drop", [match(source, 53), ACCEPT])


@breaks("HST-01")
def the_way_to_the_world_is_accepted(evidence: Evidence) -> None:
    let_in(evidence, "drop", [match({"meta": {"key": "iifname"}}, "eth0"), ACCEPT])


@breaks("THP-10")
def nothing_limits_what_leaves(evidence: Evidence) -> None:
    output = parts(evidence)["firewall"]["output"]
    for account in output:
        output[account] = output[""]


@breaks("THP-10")
def the_bridge_alone_is_free(evidence: Evidence) -> None:
    output = parts(evidence)["firewall"]["output"]
    output["jvb"] = output[""]


@breaks("THP-10")
def the_bridge_alone_is_free_over_ipv6(evidence: Evidence) -> None:
    output = parts(evidence)["firewall"]["output"]
    output["jvb"]["ip6"] = output[""]["ip6"]


@hides("HST-01")
def an_older_tool_accepts_something(evidence: Evidence) -> None:
    let_in(evidence, "drop", [{"xt": {"type": "match", "name": "owner"}}, ACCEPT])


@hides("HST-01")
def somebody_is_asked_what_to_accept(evidence: Evidence) -> None:
    let_in(evidence, "drop", [{"queue": {"num": 0}}])


@hides("HST-01")
def a_condition_of_tomorrow_accepts(evidence: Evidence) -> None:
    let_in(evidence, "drop", [match({"meta": {"key": "weather"}}, "fair"), ACCEPT])


@hides("HST-01")
def a_condition_of_tomorrow_drops(evidence: Evidence) -> None:
    let_in(evidence, "accept", [match({"meta": {"key": "weather"}}, "foul"), DROP])


@hides("HST-01")
def whom_to_accept_changes_all_the_time(evidence: Evidence) -> None:
    let_in(evidence, "drop", [match(FROM, "@those_who_knocked"), ACCEPT])


@hides("THP-10")
def nobody_knows_what_the_bridge_may_send(evidence: Evidence) -> None:
    output = parts(evidence)["firewall"]["output"]
    output["jvb"]["ip"]["may"] = output[""]["ip"]["may"]
