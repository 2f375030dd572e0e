"""The bench's network: a bridge, network namespaces on it, address translation, counters."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tests.bench import state
from tests.bench.errors import BenchError
from tests.bench.machine import inside
from tests.bench.process import Daemon, run

BRIDGE = "provision-bench"
TABLE = "provision_bench"
GATEWAY, GATEWAY6 = "10.91.0.1", "fd00:91::1"
GATEWAY_CARD = "02:91:00:00:00:01"
NET, NET6 = "10.91.0.0/24", "fd00:91::/64"

# Counted before anything else happens to a packet, so a host's own rules cannot hide it, nor can
# its `flush ruleset` clear the count. IPv6 stays inside: forwarding it would make a workstation
# ignore its router's announcements, and a refusal at once lets programs fall back to IPv4.
RULES = f"""
table inet {TABLE} {{
  set port4 {{ type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags dynamic; counter; }}
  set port6 {{ type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags dynamic; counter; }}
  set other4 {{ type ipv4_addr . ipv4_addr . inet_proto; flags dynamic; counter; }}
  set other6 {{ type ipv6_addr . ipv6_addr . inet_proto; flags dynamic; counter; }}
  chain foreign {{
    type filter hook prerouting priority raw;
    iifname != "{BRIDGE}" return
    ip daddr {{ {NET}, 224.0.0.0/4, 255.255.255.255 }} return
    ip6 daddr {{ {NET6}, fe80::/10, ff00::/8 }} return
    meta nfproto ipv4 meta l4proto {{ tcp, udp }} \
      update @port4 {{ ip saddr . ip daddr . meta l4proto . th dport counter }}
    meta nfproto ipv6 meta l4proto {{ tcp, udp }} \
      update @port6 {{ ip6 saddr . ip6 daddr . meta l4proto . th dport counter }}
    meta nfproto ipv4 meta l4proto != {{ tcp, udp }} \
      update @other4 {{ ip saddr . ip daddr . meta l4proto counter }}
    meta nfproto ipv6 meta l4proto != {{ tcp, udp }} \
      update @other6 {{ ip6 saddr . ip6 daddr . meta l4proto counter }}
  }}
  chain no_ipv6 {{
    type filter hook prerouting priority filter;
    iifname "{BRIDGE}" ip6 daddr != {{ {NET6}, fe80::/10, ff00::/8 }} reject with icmpv6 no-route
  }}
  chain segments {{
    type filter hook forward priority mangle;
    iifname "{BRIDGE}" tcp flags syn tcp option maxseg size set rt mtu
    oifname "{BRIDGE}" tcp flags syn tcp option maxseg size set rt mtu
  }}
  chain outward {{
    type nat hook postrouting priority srcnat;
    ip saddr {NET} ip daddr != {{ {NET}, 224.0.0.0/4 }} masquerade
  }}
}}
"""

# A workstation's own firewall (Docker's, ufw's) drops forwarded packets unless told otherwise.
ADMIT = (("INPUT", "-i"), ("FORWARD", "-i"), ("FORWARD", "-o"))


OWNER = Path("/run/provision-bench")
"""Names the state directory of the bench that uses the addresses: there can be one only."""


def exists() -> bool:
    """Return whether the bridge is there."""
    return Path(f"/sys/class/net/{BRIDGE}").exists()


def others() -> Path | None:
    """Return the state directory of somebody else's bench that is up on this machine now."""
    owner = Path(OWNER.read_text()) if OWNER.exists() else None
    if not exists() or not owner or owner == state.directory():
        return None
    return owner if Daemon("names", owner).pid is not None else None


def claim() -> None:
    """Take the addresses for this state directory, or say who has them.

    A bench whose name server has died was killed as a whole; what it left behind is taken away.
    """
    if owner := others():
        raise BenchError(
            f"another bench is up on this machine, its state is in {owner}; end it with "
            f"`PROVISION_BENCH_DIR={owner} python -m tests.bench down`"
        )
    owner = Path(OWNER.read_text()) if OWNER.exists() else None
    if exists() and owner and owner != state.directory():
        down()
    OWNER.write_text(str(state.directory()))


def up() -> None:
    """Make bridge, addresses, counters and address translation; what is there stays."""
    if not exists():
        run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    # Else it takes the lowest address of its cables, and when the host at that one goes, all others
    # send to an address that nobody has any more until their neighbour tables expire.
    run(["ip", "link", "set", BRIDGE, "address", GATEWAY_CARD])
    off = Path(f"/proc/sys/net/ipv6/conf/{BRIDGE}/disable_ipv6")
    if off.exists():
        off.write_text("0")
    run(["ip", "address", "replace", f"{GATEWAY}/24", "dev", BRIDGE])
    run(["ip", "address", "replace", f"{GATEWAY6}/64", "dev", BRIDGE, "nodad"])
    run(["ip", "link", "set", BRIDGE, "up"])
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    if forward.read_text().strip() == "0":
        (state.directory() / "forwarding-was-off").touch()
        forward.write_text("1")
    _rules_up()
    if shutil.which("iptables"):
        for chain, direction in ADMIT:
            rule = [chain, direction, BRIDGE, "-j", "ACCEPT"]
            if run(["iptables", "-w", "-C", *rule], check=False).returncode:
                run(["iptables", "-w", "-I", *rule], check=False)


def _rules_up() -> None:
    mark = state.directory() / "rules"
    fingerprint = hashlib.sha256(RULES.encode()).hexdigest()
    there = run(["nft", "list", "table", "inet", TABLE], check=False).returncode == 0
    if there and mark.exists() and mark.read_text() == fingerprint:
        return
    run(["nft", "-f", "-"], input=f"table inet {TABLE}\ndelete table inet {TABLE}\n{RULES}")
    mark.write_text(fingerprint)


def down() -> None:
    """Remove what `up` made."""
    run(["nft", "delete", "table", "inet", TABLE], check=False)
    if shutil.which("iptables"):
        for chain, direction in ADMIT:
            run(["iptables", "-w", "-D", chain, direction, BRIDGE, "-j", "ACCEPT"], check=False)
    run(["ip", "link", "delete", BRIDGE], check=False)
    OWNER.unlink(missing_ok=True)
    was_off = state.directory() / "forwarding-was-off"
    if was_off.exists():
        Path("/proc/sys/net/ipv4/ip_forward").write_text("0")
        was_off.unlink()


def address(number: int) -> tuple[str, str]:
    """Return IPv4 and IPv6 address of a place on the bench."""
    return f"10.91.0.{number}", f"fd00:91::{number}"


def plug(namespace: str | int, number: int, *, link: bool = True) -> None:
    """Give a network namespace (a name of `ip netns`, or a pid's) its cable and addresses.

    Without `link` the cable lies there already and only the addresses are set.
    """
    name = f"pbench{number}"
    if link:
        run(["ip", "link", "delete", name], check=False)
        outside = (
            f"link add {name} type veth peer name eth0 netns {namespace}\n"
            f"link set {name} master {BRIDGE} up\n"
        )
        run(inside(["ip", "-batch", "-"]), input=outside)
    ipv4, ipv6 = address(number)
    within = (
        "link set lo up\n"
        # The next owner of the address has the same card: neighbours remember the old one.
        f"link set eth0 address 02:91:00:00:00:{number:02x}\n"
        f"address add {ipv4}/24 dev eth0\n"
        f"address add {ipv6}/64 dev eth0 nodad\n"
        "link set eth0 up\n"
        f"route add default via {GATEWAY}\n"
        f"route add default via {GATEWAY6}\n"
    )
    path = f"/run/netns/{namespace}" if isinstance(namespace, str) else f"/proc/{namespace}/ns/net"
    run(inside(["nsenter", f"--net={path}", "--", "ip", "-batch", "-"]), input=within)
