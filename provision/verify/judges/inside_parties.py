"""Judges of `inside`: whom the server talks to, and what analyses or records people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.i18n import _
from provision.verify.judges import inside_view as view
from provision.verify.verdict import failed, fulfilled, judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.verdict import Finding

LEGACY_HARVESTERS = ("STUN_MAPPING_HARVESTER_ADDRESSES", "ENABLE_REST_COLIBRI")
ANALYSTS = ("goaccess", "awstats", "matomo", "telegraf", "filebeat")
LISTENERS = {"transcription", "transcriber_component", "audio_translation_component",
             "speakerstats", "speakerstats_component"}  # fmt: skip
EXPORTERS = {"statsd", "graphite", "measure_cpu", "statistics_statsd", "prometheus", "analytics",
             "muc_census", "event_sync_component"}  # fmt: skip
RECORDERS = {"jibri_session", "jibri_queue_component", "recording_metadata"}
FOREIGN = {"jigasi.meet.jitsi"}
# DNS, time, package sources and the certificate authority.
NEEDED = {53, 80, 123, 443, 853, 67, 547}
SERVICES = ("prosody", "jicofo", "jvb", "turnserver", "www-data")
FAMILIES = {"inet": {"ip", "ip6"}, "ip": {"ip"}, "ip6": {"ip6"}}


@judge("THP-03", "inside")
def bridge_asks_nobody(evidence: Evidence) -> Finding:
    """Judge the bridge's ways to learn its own address."""
    bridge = view.service(evidence, "bridge")
    options = bridge["options"]
    mapping = "ice4j.harvest.mapping."
    # Only an empty list is off: ice4j (3.2) knows no `stun.enabled`.
    problems = [str(each) for each in options.get(mapping + "stun.addresses") or []]
    # Its own default is to ask the address service of Amazon's cloud.
    if _is(options, mapping + "aws.enabled", default="true") != "false":
        problems.append("aws")
    problems += [name for name in bridge["legacy"] if name.endswith(LEGACY_HARVESTERS)]
    if problems:
        return failed(
            _("The bridge asks others for its own address: {names}").format(
                names=view.listed(problems)
            ),
            _("Empty ice4j.harvest.mapping.stun.addresses and switch aws off in jvb.conf; or run: "
              "provision deploy"),
        )  # fmt: skip
    return fulfilled(_("The bridge asks nobody for its own address."))


@judge("THP-05", "inside")
def server_counts_nobody(evidence: Evidence) -> Finding:
    """Judge crash reporting, exported statistics and programs that analyse logs."""
    problems = {
        view.TITLES[name]
        for name in ("bridge", "focus")
        if view.service(evidence, name)["logging"]["sentry"]
    }
    problems |= view.Signalling(evidence).modules() & EXPORTERS
    problems |= set(view.part(evidence, "packages")["versions"]) & set(ANALYSTS)
    if problems:
        return failed(
            _("On the server, this analyses usage or reports failures to others: {names}").format(
                names=view.listed(problems)
            ),
            _("Remove these programs, modules and handlers."),
        )
    return fulfilled(_("No program on the server analyses usage or reports failures to others."))


@judge("THP-08", "inside")
def no_foreign_parts(evidence: Evidence) -> Finding:
    """Judge whether services of others are connected to the signalling or installed."""
    problems = set(view.Signalling(evidence).hosts) & FOREIGN
    packages = view.part(evidence, "packages")["versions"]
    problems |= {name for name in packages if name.startswith(("etherpad", "excalidraw"))}
    if problems:
        return failed(
            _("Services of others are connected: {names}").format(names=view.listed(problems)),
            _("Remove them from Prosody's configuration; or run: provision deploy"),
        )
    return fulfilled(_("No service of others is connected to the server."))


@judge("THP-10", "inside")
def outgoing_traffic_is_limited(evidence: Evidence) -> Finding:
    """Judge the firewall's policy for packets that leave, and whom programs here talk to."""
    chains = view.part(evidence, "firewall")["chains"]
    peers = [
        f"{peer['program'] or '?'} → {peer['protocol']}/{peer['port']}"
        for peer in view.part(evidence, "sockets")["peers"]
        if peer["kind"] == "public" and peer["port"] not in NEEDED
    ]
    remedy = _(
        "Let nftables drop what leaves, except for names, time, packages and certificates; or "
        "run: provision deploy"
    )
    everything = guarded(chains, "output")
    free = {name for name in SERVICES if not _confined(chains, name)}
    if not everything and len(free) == len(SERVICES):
        return failed(
            _("The server may send anything to anybody: no list limits what leaves."), remedy
        )
    if free and not everything:
        return failed(
            _("Nothing limits what these services send: {names}").format(names=view.listed(free)),
            remedy,
        )
    if peers:
        return failed(
            _("The server talks to others than those on the list: {names}").format(
                names=view.listed(peers)
            ),
            remedy,
        )
    if everything:
        return fulfilled(_("Only what is on a list leaves the server, over IPv4 and IPv6."))
    return fulfilled(_("Each service reaches only what it needs, over IPv4 and IPv6."))


@judge("MIN-06", "inside")
def nobody_listens_along(evidence: Evidence) -> Finding:
    """Judge whether a part that analyses speech or faces is installed or loaded."""
    packages = view.part(evidence, "packages")["versions"]
    problems = {name for name in packages if name.startswith(("jigasi", "vosk"))}
    problems |= view.Signalling(evidence).modules() & LISTENERS
    if problems:
        return failed(
            _("These parts can analyse speech or faces: {names}").format(
                names=view.listed(problems)
            ),
            _("Remove them from server and configuration; or run: provision deploy"),
        )
    return fulfilled(
        _("No part of the server can transcribe speech or collect facial expressions.")
    )


@judge("REC-01", "inside")
def nothing_can_record(evidence: Evidence) -> Finding:
    """Judge whether a recorder is installed, connected, or has an account."""
    packages = view.part(evidence, "packages")["versions"]
    prosody = view.Signalling(evidence)
    problems = {name for name in packages if name.startswith(("jibri", "jigasi"))}
    problems |= {host for host in prosody.hosts if host.startswith(("recorder.", "hidden."))}
    problems |= prosody.modules() & RECORDERS
    if problems:
        return failed(
            _("Parts that record or stream are there: {names}").format(names=view.listed(problems)),
            _("Remove them from server and configuration; or run: provision deploy"),
        )
    return fulfilled(_("No recorder is installed, connected, or has an account."))


def guarded(chains: list[dict[str, Any]], hook: str) -> bool:
    """Tell whether packets of both families are dropped at a hook unless a rule lets them pass."""
    families: set[str] = set()
    for chain in chains:
        if chain["hook"] == hook and chain["policy"] == "drop" and not chain["open"]:
            families |= FAMILIES.get(chain["family"], set())
    return families == {"ip", "ip6"}


def _confined(chains: list[dict[str, Any]], user: str) -> bool:
    """Tell whether a service's packets of both families end in a refusal unless on a list."""
    families: set[str] = set()
    for chain in chains:
        if chain["hook"] == "output" and user in chain["users"]:
            families |= FAMILIES.get(chain["family"], set())
    return families == {"ip", "ip6"}


def _is(options: dict[str, Any], name: str, default: str) -> str:
    return str(options.get(name, default)).lower()
