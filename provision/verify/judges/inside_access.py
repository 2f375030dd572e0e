"""Judges of `inside`: accounts, rights in rooms, and what is known about staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.judges import inside_view as view
from provision.verify.verdict import failed, fulfilled, judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.verdict import Finding

ANONYMOUS = {"anonymous", "jitsi-anonymous"}
REGISTRATION = {"register", "register_ibr", "register_limits", "invites_register",
                "watchregistrations", "register_web", "invites_register_web"}  # fmt: skip
THROTTLES = {"school_login_throttle", "limit_auth", "auto_ban", "firewall"}
LEAST_ROUNDS = 4096
CLASS = 20
"""Joins a second that one room must take, for a class that comes at the same moment."""
MANAGED = ("8080/debug", "8080/colibri/stats", "8080/colibri/debug", "8080/rtcstats", "8888/debug",
           "8888/pin")  # fmt: skip
MANAGEMENT = {5582, 5766, 8080, 8888, 9090, 5347}
RECORDING = ("recording", "livestreaming", "transcription", "outbound-call")
LOOPBACK = ("127.", "::1", "[::1]", "::ffff:127.")
LONGEST = 900
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
    "school_internal", "school_login_throttle", "school_rooms",
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


@judge("MIN-01", "inside")
def guests_have_no_account(evidence: Evidence) -> Finding:
    """Judge whether a host for guests without accounts stands beside the one with passwords."""
    prosody = view.Signalling(evidence)
    stores = view.part(evidence, "accounts")["hosts"]
    ways = {name: _way(prosody, name) for name in prosody.hosts if _is_virtual(prosody, name)}
    guests = [name for name, way in ways.items() if way in ANONYMOUS]
    staff = [name for name, way in ways.items() if way not in ANONYMOUS and not _is_internal(name)]
    remedy = _("Give staff accounts on the main host and guests a host of their own "
               "without any; or "
               "run: provision deploy")  # fmt: skip
    if not guests:
        return failed(_("Nobody can take part without an account."), remedy)
    if not staff:
        return failed(_("Nobody has an account: everybody opens rooms like staff."), remedy)
    kept = [name for name in guests if stores.get(name, {}).get("accounts")]
    if kept:
        return failed(
            _("There are accounts on the host for guests: {names}").format(names=view.listed(kept)),
            remedy,
        )
    return fulfilled(_("Guests have no account; accounts are on another host only."))


@judge("ACC-02", "inside")
def passwords_are_protected(evidence: Evidence) -> Finding:
    """Judge how passwords are kept, whether they can be guessed fast, and self-registration."""
    prosody = view.Signalling(evidence)
    hosts = view.part(evidence, "accounts")["hosts"]
    problems = set()
    if any(host["hashed"] < host["accounts"] for host in hosts.values()):
        problems.add(_("passwords are not hashed"))
    if any(host["accounts"] and host["iterations"] < LEAST_ROUNDS for host in hosts.values()):
        problems.add(_("hashed too few times"))
    if "auth_internal_plain" in prosody.modules():
        problems.add("internal_plain")
    problems |= prosody.modules() & REGISTRATION
    with_passwords = [
        name
        for name in prosody.hosts
        if _is_virtual(prosody, name)
        and _way(prosody, name) not in ANONYMOUS
        and not _is_internal(name)
    ]
    if with_passwords and not prosody.modules() & THROTTLES:
        problems.add(_("no limit for wrong passwords"))
    if problems:
        return failed(
            _("Accounts are not protected: {names}").format(names=view.listed(problems)),
            _("Load no module for registration, use internal_hashed, and slow down "
              "guessing; or run: "
              "provision deploy"),
        )  # fmt: skip
    return fulfilled(_("Passwords are hashed, guessing is slowed down, nobody registers himself."))


@judge("ACC-04", "inside")
def management_stays_inside(evidence: Evidence) -> Finding:
    """Judge what the services' own interfaces offer, and on which addresses they listen."""
    for name in ("bridge", "focus"):
        view.service(evidence, name)
    answers = view.part(evidence, "endpoints")["answers"]
    problems = {place for place in MANAGED if answers.get(place, {}).get("status") == 200}  # noqa: PLR2004
    problems |= {
        f"{each['port']}/{each['protocol']} ({each['address']})"
        for each in view.part(evidence, "sockets")["listening"]
        if each["port"] in MANAGEMENT and not each["address"].startswith(LOOPBACK)
    }
    if problems:
        return failed(
            _("Interfaces for management are on or reachable: {names}").format(
                names=view.listed(problems)
            ),
            _("Switch off debug, pin and rest in jvb.conf and jicofo.conf and let them listen on "
              "127.0.0.1; or run: provision deploy"),
        )  # fmt: skip
    return fulfilled(
        _("Interfaces for management are off, the rest listens on the server itself only.")
    )


@judge("ACC-05", "inside")
def a_class_passes(evidence: Evidence) -> Finding:
    """Judge limits: they must let a class in, and must be there for strangers."""
    prosody = view.Signalling(evidence)
    problems = set()
    for room in [
        *prosody.conferences(),
        *(name for name in prosody.rooms() if name.startswith("lobby.")),
    ]:
        slow = float(prosody.option(room, "muc_rate_joins", 3)) < CLASS
        if "muc_rate_limit" in prosody.hosts[room]["modules"] and slow:
            problems.add(f"{room}: muc_rate_joins")
    if "rate_limit" in prosody.modules():
        listed = [str(each) for each in prosody.option("*", "rate_limit_whitelist", []) or []]
        if all(each.startswith(LOOPBACK) for each in listed):
            problems.add("rate_limit")
    remedy = _("Raise muc_rate_joins, do not load rate_limit, and limit requests in "
               "nginx except for "
               "the school's networks; or run: provision deploy")  # fmt: skip
    if problems:
        return failed(
            _("A class that comes together is held up: {names}").format(
                names=view.listed(problems)
            ),
            remedy,
        )
    secure = [
        each
        for each in view.service(evidence, "web")["servers"]
        if any("ssl" in listen for listen in each["listens"])
    ]
    if not any(server["limit_req"] or server["limit_conn"] for server in secure):
        return failed(
            _("nginx limits nobody: one address can open connections without end."), remedy
        )
    return fulfilled(_("A class may come at the same moment; nginx limits other addresses."))


@judge("ACC-07", "inside")
def nothing_left_of_leavers(evidence: Evidence) -> Finding:
    """Judge whether data of accounts that are gone is still there."""
    hosts = view.part(evidence, "accounts")["hosts"]
    left = {
        f"{name}: {store} ({count})"
        for name, host in hosts.items()
        for store, count in host["orphans"].items()
    }
    if left:
        return failed(
            _("Data of accounts that no longer exist is still kept: {names}").format(
                names=view.listed(left)
            ),
            _("Remove accounts with `provision teachers remove`, which takes all of "
              "it along; delete "
              "these files below /var/lib/prosody."),
        )  # fmt: skip
    people = sum(host["accounts"] for name, host in hosts.items() if not _is_internal(name))
    sentence = _("There are {number} teachers' accounts, and nothing is left of removed ones. "
                 "`provision teachers list` shows them, to compare with the "
                 "staff list.")  # fmt: skip
    return fulfilled(sentence.format(number=people))


@judge("MOD-03", "inside")
def rooms_end_without_staff(evidence: Evidence) -> Finding:
    """Judge whether a module ends rooms that staff have left, and after how long."""
    prosody = view.Signalling(evidence)
    without = [
        room
        for room in prosody.conferences()
        if "school_rooms" not in prosody.hosts[room]["modules"]
    ]
    seconds = [
        float(prosody.option(room, "school_end_after", 300)) for room in prosody.conferences()
    ]
    remedy = _("Load school_rooms with school_end_after = 300; or run: provision deploy")
    if without or not seconds:
        return failed(_("Nothing ends a room that the last member of staff has left."), remedy)
    if max(seconds) > LONGEST:
        sentence = _("A room without staff goes on for {minutes} minutes.")
        return failed(sentence.format(minutes=round(max(seconds) / 60)), remedy)
    sentence = _("A room ends {minutes} minutes after the last member of staff left.")
    return fulfilled(sentence.format(minutes=round(max(seconds) / 60)))


@judge("MOD-05", "inside")
def staff_can_lock(evidence: Evidence) -> Finding:
    """Judge whether moderation of microphones is loaded, and who opens side rooms."""
    prosody = view.Signalling(evidence)
    problems = set()
    if not prosody.modules() & {"av_moderation", "av_moderation_component"}:
        problems.add("av_moderation")
    problems |= {
        room
        for room in prosody.rooms()
        if room.startswith("breakout.")
        and prosody.option(room, "restrict_room_creation", False) in (False, None)
    }
    if problems:
        return failed(
            _("Staff cannot lock microphones, or anybody opens side rooms: {names}").format(
                names=view.listed(problems)
            ),
            _("Load av_moderation and restrict who creates rooms; or run: provision deploy"),
        )
    return fulfilled(
        _("Moderation of microphones and cameras is loaded; side rooms are restricted.")
    )


@judge("REC-02", "inside")
def recording_is_refused(evidence: Evidence) -> Finding:
    """Judge the rights that every moderator gets: not named means granted."""
    prosody = view.Signalling(evidence)
    granted = set()
    for room in prosody.conferences():
        rights = prosody.option(room, "jitsi_default_permissions")
        named = rights if isinstance(rights, dict) else None
        granted |= {
            right for right in RECORDING if named is None or named.get(right, False) is not False
        }
    if granted:
        return failed(
            _("Every moderator is given these rights: {names}").format(names=view.listed(granted)),
            _("Set jitsi_default_permissions with these rights as false; or run: provision deploy"),
        )
    return fulfilled(
        _("The server gives nobody the right to record, stream, transcribe or dial out.")
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
    problems = {place for place, answer in answers.items() if answer["names"]}
    people = view.part(evidence, "people")
    if people["readers_only"]:
        sentence = _("{number} accounts read logs without being administrators")
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
    sentence = _("Figures are totals on the server itself; {number} accounts, all "
                 "administrators, can "
                 "read logs.")  # fmt: skip
    return fulfilled(sentence.format(number=people["masters"]))


@judge("TLS-04", "inside")
def signalling_listens_inside(evidence: Evidence) -> Finding:
    """Judge on which addresses Prosody listens."""
    view.service(evidence, "prosody")
    outside = {
        f"{each['port']}/{each['protocol']} ({each['address']})"
        for each in view.part(evidence, "sockets")["listening"]
        if each["program"].startswith(("lua", "prosody"))
        and not each["address"].startswith(LOOPBACK)
    }
    if outside:
        return failed(
            _("The signalling service listens for "
              "everybody: {names}").format(names=view.listed(outside)),
            _("Set c2s_interfaces, http_interfaces and s2s_interfaces to 127.0.0.1 "
              "and https_ports = {}; "
              "or run: provision deploy"),
        )  # fmt: skip
    return fulfilled(
        _("The signalling service listens on the server itself only; nginx passes it on.")
    )


def _way(prosody: view.Signalling, host: str) -> str:
    """Return how people sign in to a host."""
    for name in prosody.hosts[host]["modules"]:
        if name.startswith("auth_"):
            return str(name.removeprefix("auth_"))
    return str(prosody.option(host, "authentication", "internal_hashed"))


def _is_virtual(prosody: view.Signalling, host: str) -> bool:
    return any(name.startswith("auth_") or name == "c2s" for name in prosody.hosts[host]["modules"])


def _is_internal(host: str) -> bool:
    """Tell the hosts of focus, bridge and recorder from those of people."""
    return host == "localhost" or host.startswith(("auth.", "recorder.", "jigasi."))
