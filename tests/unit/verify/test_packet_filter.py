"""What nft itself says of rules, read as the look from inside does: which ports they leave open."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from provision.verify.inside import network, packet_filter, reading
from provision.verify.inside.packet_match import Stranger

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("nft"), reason="nft, and root for a network of its own"
)
ALL = 65536
INPUT = "type filter hook input priority 0; policy"
# rules of table inet t: open ports of TCP over IPv4, for sure and perhaps; the same over IPv6
RULES = {
    f"chain c {{ {INPUT} drop; iif lo accept; ct state established,related accept; "
    "tcp dport {22, 80, 443} accept; }": (3, 3, 3, 3),
    f"chain c {{ {INPUT} accept; limit rate over 5/second drop; }}": (ALL, ALL, ALL, ALL),
    f"chain c {{ {INPUT} drop; limit rate 5/second accept; }}": (ALL, ALL, ALL, ALL),
    f"chain c {{ {INPUT} drop; tcp dport != 22 accept; }}": (ALL - 1, ALL - 1, ALL - 1, ALL - 1),
    f"chain c {{ {INPUT} accept; tcp dport 22 accept; drop; }}": (1, 1, 1, 1),
    f"chain c {{ {INPUT} accept; ip saddr 192.0.2.0/24 accept; counter reject; }}": (0, 0, 0, 0),
    f"chain c {{ {INPUT} drop; ip saddr 0.0.0.0/1 accept; }}": (ALL, ALL, 0, 0),
    f"chain c {{ {INPUT} accept; ip saddr 0.0.0.0/1 drop; }}": (ALL, ALL, ALL, ALL),
    f"chain c {{ {INPUT} accept; meta nfproto ipv4 drop; }}": (0, 0, ALL, ALL),
    f"chain c {{ {INPUT} accept; ip protocol tcp drop; }}": (0, 0, ALL, ALL),
    f"chain c {{ {INPUT} drop; meta l4proto tcp accept; }}": (ALL, ALL, ALL, ALL),
    f"chain c {{ {INPUT} drop; meta l4proto {{ icmp, ipv6-icmp }} accept; }}": (0, 0, 0, 0),
    f"chain c {{ {INPUT} drop; ct state vmap {{ established : accept, invalid : drop }}; "
    "tcp dport vmap { 22 : accept, 25 : drop }; }": (1, 1, 1, 1),
    f"chain c {{ {INPUT} drop; iifname eth0 accept; }}": (ALL, ALL, ALL, ALL),
    f"chain c {{ {INPUT} drop; iifname wg0 accept; }}": (0, 0, 0, 0),
    f"chain w {{ tcp dport 22 accept; return; drop; }} chain c {{ {INPUT} drop; jump w; "
    "tcp dport 80 accept; }": (2, 2, 2, 2),
    f"chain w {{ tcp dport 22 accept; }} chain c {{ {INPUT} drop; goto w; "
    "tcp dport 80 accept; }": (1, 1, 1, 1),
    f"chain w {{ tcp dport 22 accept; drop; }} chain c {{ {INPUT} accept; jump w; }}":
        (1, 1, 1, 1),
    f"chain a {{ {INPUT} accept; }} chain c {{ {INPUT} drop; tcp dport 22 accept; }}":
        (1, 1, 1, 1),
    "set friends { type ipv4_addr; flags dynamic,timeout; } "
    f"chain c {{ {INPUT} drop; ip saddr @friends accept; }}": (0, ALL, 0, ALL),
    "set friends { type ipv4_addr; elements = { 192.0.2.7 } } "
    f"chain c {{ {INPUT} drop; ip saddr @friends accept; }}": (0, 0, 0, 0),
    "set knocking { type ipv4_addr; flags dynamic; size 99; } "
    f"chain c {{ {INPUT} accept; "
    "add @knocking { ip saddr limit rate over 5/second } drop; }": (ALL, ALL, ALL, ALL),
    f"chain c {{ {INPUT} accept; meta mark 7 drop; }}": (0, ALL, 0, ALL),
    f"chain c {{ {INPUT} accept; meta mark 7 drop; drop; }}": (0, 0, 0, 0),
    f"chain c {{ {INPUT} drop; meta mark 7 accept; tcp dport 22 accept; }}": (0, ALL, 0, ALL),
    f"chain c {{ {INPUT} drop; tcp sport 53 accept; }}": (ALL, ALL, ALL, ALL),
}  # fmt: skip


@pytest.mark.parametrize("rules", RULES)
def test_exactly_the_ports_that_rules_let_pass_are_open(rules: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.nft"
    # A block ends its line.
    lines = re.sub(r"\} (?=chain)", "}\n", rules.replace("; }", ";\n}"))
    file.write_text(f"table inet t {{ {lines}\n}}\n")
    script = f"nft -f {file} && nft -j list ruleset"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    read = packet_filter.Filter(json.loads(done.stdout)["nftables"])
    found = [
        packet_filter.counted(packets)["tcp"]
        for family in ("ip", "ip6")
        for packets in read.passes(Stranger("input", family, frozenset({"eth0"})))
    ]
    assert tuple(found) == RULES[rules]


@pytest.mark.parametrize(
    ("said", "left"), [("dormant", (ALL, ALL)), ("t", (0, ALL)), ("owner", (0, 0))]
)
def test_a_table_at_rest_closes_nothing(said: str, left: tuple[int, int]) -> None:
    """As nft 1.1.3 writes it; 1.0.6 writes the table's own name for every flag."""
    table = {"family": "inet", "name": "t", "flags": said}
    chain = {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input"}
    read = packet_filter.Filter([{"table": table}, {"chain": chain | {"policy": "drop"}}])
    found = read.passes(Stranger("input", "ip", frozenset({"eth0"})))
    assert tuple(packet_filter.counted(packets)["tcp"] for packets in found) == left


def test_who_may_not_ask_nft_learns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall of which nobody told is neither there nor absent."""

    def silent(*command: str, **_options: Any) -> str:
        raise reading.UnansweredError(command[0])

    monkeypatch.setattr(network.reading, "ask", silent)
    monkeypatch.setattr(network.reading, "there", lambda program: program == "nft")
    with pytest.raises(reading.UnansweredError):
        network.firewall({})
    monkeypatch.setattr(network.reading, "there", lambda program: program == "iptables")
    with pytest.raises(reading.UnansweredError):
        network.firewall({})
