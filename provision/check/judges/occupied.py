"""Whether a server does something already that this deployment would break: somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from provision.check import listener
from provision.declared import listening
from provision.messages.i18n import _
from provision.messages.result import Result, failure

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

# What belongs to some Jitsi, whoever installed it.
JITSI = ("jitsi-videobridge2", "jitsi-videobridge", "jicofo", "jitsi-meet", "jitsi-meet-web",
         "jitsi-meet-prosody", "jigasi", "jibri")  # fmt: skip
WEB_SERVERS = {
    "apache2": "Apache",
    "lighttpd": "lighttpd",
    "caddy": "Caddy",
    "openlitespeed": "OpenLiteSpeed",
}


class Service(NamedTuple):
    """One that becomes ours alone, and how somebody takes away what it was before."""

    name: str
    packages: str
    places: str


SERVICES = {
    "nginx": Service("nginx", "nginx nginx-common", "/etc/nginx"),
    "prosody": Service("Prosody", "prosody", "/etc/prosody /var/lib/prosody"),
    "coturn": Service("coturn", "coturn", "/etc/turnserver.conf /etc/default/coturn"),
}
"""By what module_utils/others.py calls them."""


def check(server: dict[str, Any], settings: Mapping[str, Any]) -> list[Result]:
    """Return what is somebody else's."""
    return [
        *_jitsi(server, settings["domain"]),
        *_web_servers(server),
        *_services(server),
        *_ports(server, listening.needed(settings)),
    ]


def is_foreign(held: dict[str, Any]) -> bool:
    """Tell whether a port that Jitsi needs is held by somebody else; what listens is known."""
    port = listening.at(held["protocol"], held["port"])
    # What a check of this program opens for some seconds belongs to a sign-in.
    return port is not None and held["unit"] != port.unit and held["program"] != listener.TITLE


def _jitsi(server: dict[str, Any], domain: str) -> list[Result]:
    before = server["debconf_host_name"]
    if before and before != domain:
        return [
            failure(
                _("Jitsi was installed on this server for {before}, not for {domain}.").format(
                    before=before, domain=domain
                ),
                _(
                    "set `domain: {before}` in inventory.yml, or let the provider set up the "
                    "server anew"
                ).format(before=before),
                refusal=True,
            )
        ]
    if server["ours"] or not (found := [n for n in JITSI if n in server["packages"]]):
        return []
    return [
        failure(
            _("Somebody else has installed Jitsi on this server: {packages}.").format(
                packages=", ".join(found)
            ),
            _("use an empty server: let the provider set up this one anew, or rent another"),
            refusal=True,
        )
    ]


def _web_servers(server: dict[str, Any]) -> list[Result]:
    return [
        failure(
            _("Another web server ({name}) is installed.").format(name=name),
            _("use an empty server; if {name} is not needed: `apt-get purge {package}`").format(
                name=name, package=package
            ),
            refusal=True,
        )
        for package, name in WEB_SERVERS.items()
        if package in server["packages"]
    ]


def _services(server: dict[str, Any]) -> list[Result]:
    """Return which services somebody has set up that would become ours."""
    return [
        failure(
            _("{name} serves somebody already, and would not any more: {files}.").format(
                name=SERVICES[service].name, files=", ".join(files)
            ),
            _(
                "use an empty server; if nobody needs this any more, on the server, as root: "
                "apt-get purge {packages}; rm -rf {places}"
            ).format(**SERVICES[service]._asdict()),
            refusal=True,
        )
        for service, files in server["others"].items()
    ]


def _ports(server: dict[str, Any], ports: Container[tuple[str, int]]) -> list[Result]:
    """Return which services hold a port that Jitsi needs."""
    findings = []
    for held in server["listeners"]:
        if (held["protocol"], held["port"]) not in ports or not is_foreign(held):
            continue
        unit = held["unit"] if held["unit"].endswith(".service") else ""
        findings.append(
            failure(
                _("The program {program} holds port {port}/{protocol}, which Jitsi needs.").format(
                    program=f"{held['program'] or '?'}{f' ({unit})' if unit else ''}",
                    port=held["port"],
                    protocol=held["protocol"],
                ),
                _("use an empty server, or move that service to another port"),
                refusal=True,
            )
        )
    return list(dict.fromkeys(findings))  # a service holds a port once in each family
