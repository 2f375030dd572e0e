"""Judges of `inside`: what is known about staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _, ngettext
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

STATISTICS = {"speakerstats", "speakerstats_component"}
# What a conference needs (Prosody 0.12 and 13, Jitsi's plugins, and ours). A module that is not
# here may be harmless; somebody has to say so.
NEEDED = {
    # Prosody
    "admin_shell", "admin_socket", "adhoc", "auth_anonymous", "auth_internal_hashed",
    "auth_jitsi-anonymous", "auth_jitsi-shared-secret", "auth_token", "authz_internal", "blocklist",
    "bosh", "c2s", "cron", "disco", "external_services", "http", "http_altconnect", "http_errors",
    "http_files", "iq", "limits", "message", "muc", "muc_unique", "net_multiplex", "ping", "posix",
    "presence", "private", "roster", "s2s_auth_certs", "saslauth", "sasl2", "server_info", "smacks",
    "storage_internal", "storage_memory", "storage_none", "time", "tls", "tokenauth", "uptime",
    "vcard", "version", "websocket", "admin_adhoc", "carbons", "dialback", "pep", "pep_simple",
    "vcard4", "vcard_legacy", "bookmarks", "csi", "csi_simple", "features", "debug_stanzas",
    "user_account_management", "groups_internal", "s2s_bidi", "s2s", "register", "invites",
    "invites_adhoc", "invites_register", "cloud_notify",
    # Jitsi
    "av_moderation", "av_moderation_component", "client_proxy", "conference_duration",
    "conference_duration_component", "end_conference", "features_identity", "filter_iq_jibri",
    "jitsi_permissions", "jitsi_session", "limits_exception", "lobby_rooms", "muc_breakout_rooms",
    "muc_domain_mapper", "muc_filter_access", "muc_hide_all", "muc_limit_messages",
    "muc_lobby_rooms", "muc_max_occupants", "muc_meeting_id", "muc_password_check",
    "muc_password_whitelist", "muc_rate_limit", "muc_resource_validate", "muc_wait_for_host",
    "persistent_lobby", "polls", "polls_component", "presence_identity", "rate_limit",
    "room_destroy", "room_metadata", "room_metadata_component", "roster_command",
    "token_affiliation", "token_verification", "filter_messages", "filter_direct_messages",
    # jitsi-provision
    "school_addresses", "school_bridge", "school_entrance", "school_focus", "school_gate",
    "school_internal", "school_knocks", "school_large_stanzas", "school_login_throttle",
    "school_loopback_only", "school_new_rooms", "school_private", "school_relay", "school_return",
    "school_return_login", "school_rooms", "school_sources", "school_staff_only", "school_wait",
}  # fmt: skip
WHO_READS = (
    "/jitsi/",
    "/prosody/",
    "/nginx/",
    "/turnserver",
    "/syslog",
    "/auth.log",
    "/daemon.log",
)


@judge("STA-01", "inside")
def nobody_counts_speaking(evidence: Evidence) -> Finding:
    """Judge whether a module that counts speaking time is loaded."""
    loaded = view.Signalling(evidence).modules() & STATISTICS
    if loaded:
        return failed(
            _("The server counts who speaks how long: {names}").format(names=view.listed(loaded)),
            _("Remove the component speakerstats from Prosody; or run: provision deploy"),
        )
    return fulfilled(_("No part of the server counts who speaks how long."))


@judge("STA-02", "inside")
def no_reports_of_use(evidence: Evidence) -> Finding:
    """Judge whether every module that is loaded is on the list of those that a conference needs."""
    prosody = view.Signalling(evidence)
    # Speaking time, recording and the rest that listens have controls of their own.
    unknown = prosody.modules() - NEEDED - STATISTICS
    if not prosody.found["asked"] and not prosody.hosts:
        raise NotMeasuredError(N_("Prosody's modules could not be read."))
    if unknown:
        return failed(
            _(
                "These modules of Prosody are on no list of those that a conference needs: {names}"
            ).format(names=view.listed(unknown, 12)),
            _(
                "Remove them, or find out that they report nothing about people; or "
                "run: provision deploy"
            ),
        )
    if prosody.found["asked"]:
        return fulfilled(_("All modules that Prosody has loaded are on the list of those needed."))
    return fulfilled(_("All modules in Prosody's configuration are on the list of those needed."))


@judge("STA-03", "inside")
def only_totals_and_few_readers(evidence: Evidence) -> Finding:
    """Judge what the figures name, and who may read logs."""
    view.service(evidence, "bridge")
    answers = view.part(evidence, "endpoints")["answers"]
    problems = {place for place, answer in answers.items() if answer["names"] and answer["anybody"]}
    people = view.part(evidence, "people")
    if people["readers_only"]:
        sentence = ngettext(
            "one account reads logs without being an administrator",
            "{number} accounts read logs without being administrators",
            people["readers_only"],
        )
        problems.add(sentence.format(number=people["readers_only"]))
    problems |= {
        file["path"]
        for file in view.part(evidence, "logs")["files"]
        if int(file["mode"], 8) & 0o004
        and not file["closed"]
        and any(word in file["path"] for word in WHO_READS)
    }
    if problems:
        return failed(
            _("Figures name rooms, or more people than necessary read logs: {names}").format(
                names=view.listed(problems)
            ),
            _("Keep the figures to totals, take accounts out of the groups adm and "
              "systemd-journal, and "
              "let nobody else read the logs."),
        )  # fmt: skip
    view.refuse_silent(answers)
    sentence = ngettext(
        "Figures are totals on the server itself; one account, an administrator's, can read logs.",
        "Figures are totals on the server itself; {number} accounts, all administrators, can read "
        "logs.",
        people["masters"],
    )
    return fulfilled(sentence.format(number=people["masters"]))
