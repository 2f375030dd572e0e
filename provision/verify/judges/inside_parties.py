"""Judges of `inside`: whom the server talks to, and what analyses or records people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.messages.i18n import _
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

LEGACY_HARVESTERS = ("STUN_MAPPING_HARVESTER_ADDRESSES", "ENABLE_REST_COLIBRI")
ANALYSTS = ("goaccess", "awstats", "matomo", "telegraf", "filebeat")
LISTENERS = {"transcription", "transcriber_component", "audio_translation_component",
             "speakerstats", "speakerstats_component"}  # fmt: skip
EXPORTERS = {"statsd", "graphite", "measure_cpu", "statistics_statsd", "prometheus", "analytics",
             "muc_census", "event_sync_component"}  # fmt: skip
RECORDERS = {"jibri_session", "jibri_queue_component", "recording_metadata"}
FOREIGN = {"jigasi.meet.jitsi"}


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
    problems |= set(view.packages(evidence)["versions"]) & set(ANALYSTS)
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
    packages = view.packages(evidence)["versions"]
    problems |= {name for name in packages if name.startswith(("etherpad", "excalidraw"))}
    if problems:
        return failed(
            _("Services of others are connected: {names}").format(names=view.listed(problems)),
            _("Remove them from Prosody's configuration; or run: provision deploy"),
        )
    return fulfilled(_("No service of others is connected to the server."))


@judge("MIN-06", "inside")
def nobody_listens_along(evidence: Evidence) -> Finding:
    """Judge whether a part that analyses speech or faces is installed or loaded."""
    packages = view.packages(evidence)["versions"]
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
    packages = view.packages(evidence)["versions"]
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


def _is(options: dict[str, Any], name: str, default: str) -> str:
    return str(options.get(name, default)).lower()
