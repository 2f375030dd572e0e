"""What opens a port in a firewall that is none of ours, in the words of its own program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = {
    "ufw": "ufw allow {port}/{protocol}",
    "firewalld": "firewall-cmd --permanent --add-port={port}/{protocol} && firewall-cmd --reload",
    "iptables": "for i in iptables ip6tables; do $i -I INPUT -p {protocol} --dport {port} "
    "-j ACCEPT; done",
}
CHAIN = "nft insert rule {chain} {protocol} dport {port} accept"
"""For a table that somebody wrote; it stands in a file, too, most often in /etc/nftables.conf."""
UNKNOWN = "nft list ruleset; {protocol} dport {port} accept"


def rule(filters: Sequence[dict[str, Any]], port: int, protocol: str) -> str:
    """Return the commands that open a port in every filter that closes it."""
    shut = [one["name"] for one in filters if port not in one["numbers"]]
    shut = shut or [one["name"] for one in filters]
    rules = [RULES.get(name, CHAIN) for name in shut] or [UNKNOWN]
    return "; ".join(
        text.format(port=port, protocol=protocol, chain=name)
        for text, name in zip(rules, shut or [""], strict=True)
    )


def opens(filters: Sequence[dict[str, Any]], port: int) -> bool:
    """Return whether every filter names a port, so that it may let it in."""
    return all(port in one["numbers"] for one in filters)
