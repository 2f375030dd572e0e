"""Services of the sysadmin's own that the firewall would close, and the way in that hangs on one.

An answer of sshd proves nothing there: an established connection lives on in spite of the rule that
would refuse it tomorrow.
"""

from __future__ import annotations

from typing import Any

from provision.declared import listening
from provision.messages.i18n import _
from provision.messages.result import Result, failure, warning
from provision.settings.open_ports import by_protocol

# They call servers that answer; the firewall lets these answers in by their sender.
DHCP = {("udp", 68), ("udp", 546)}
FORWARDED = "docker-proxy"
"""What comes in for it never reaches it: another program leads it away before our rules."""
HERE = ("127.", "::1", "fe80:", "::ffff:127.")
RELAYED = 49152
"""From here on the relay takes a port for each participant, who never sends to it from outside."""


def check(server: dict[str, Any], settings: dict[str, Any]) -> list[Result]:
    """Return what will be closed; a refusal where the way in is among it."""
    if not server["firewall_possible"]:
        return []
    if way := _way_in(server, settings):
        return [way]
    before = server["open_now"]
    # Where our rules are in force, what they do not let in is closed already.
    closed = {
        port: program
        for port, program in closes(server, settings).items()
        if before is None or port in before
    }
    if not closed:
        return []
    shown = ", ".join(f"{port} ({program or _('a service')})" for port, program in closed.items())
    return [
        warning(
            _("The firewall will close: {ports}. What is to stay open, name in inventory.yml: "
              "{setting}").format(ports=shown, setting=setting([*closed], settings)),
            _("what is to stay open, name in inventory.yml: {setting}").format(
                setting=setting([*closed], settings)
            ),
        )
    ]  # fmt: skip


def closes(server: dict[str, Any], settings: dict[str, Any]) -> dict[str, str]:
    """Return the ports that nobody outside will reach any more, and who listens there."""
    opened = {
        *listening.needed(settings),
        *DHCP,
        *(("tcp", port) for port in (*server["ssh_ports"], settings["ssh_port"])),
        *(
            (protocol, port)
            for protocol, ports in by_protocol(settings["open_ports"]).items()
            for port in ports
        ),
    }
    kernel = server["tunnels"]["ports"]
    closed = {}
    for held in server["listeners"]:
        protocol, port, program = held["protocol"], held["port"], held["program"]
        name = f"{port}/{protocol}"
        if (protocol, port) in opened or not port or program == FORWARDED:
            continue
        if port in server["own_rules"]:
            continue
        if held["address"].split("%")[0].startswith(HERE) or _relays(held):
            continue
        closed[name] = program or kernel.get(name, "")
    return dict(sorted(closed.items(), key=lambda pair: (int(pair[0].partition("/")[0]), pair[0])))


def _relays(held: dict[str, Any]) -> bool:
    return (held["program"], held["protocol"]) == ("turnserver", "udp") and held["port"] >= RELAYED


def _way_in(server: dict[str, Any], settings: dict[str, Any]) -> Result | None:
    """Return that this very sign-in comes through a tunnel whose port would be closed."""
    way = server["tunnels"]["way_in"]
    closed = closes(server, settings)
    needed = [port for port in way.get("ports", []) if port in closed]
    if not needed:
        return None
    return failure(
        _("You sign in through the tunnel {interface} ({kind}), and the firewall would close its "
          "port {ports}: nobody would come in any more.").format(
              interface=way["interface"], kind=way["kind"], ports=", ".join(needed)),
        _("write into inventory.yml: {setting}").format(setting=setting(needed, settings)),
        refusal=True,
    )  # fmt: skip


def setting(ports: list[str], settings: dict[str, Any]) -> str:
    """Return the line that keeps these ports open, beside those that it keeps open now."""
    return f"`open_ports: [{', '.join([*settings['open_ports'], *ports])}]`"
