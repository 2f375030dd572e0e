"""What can go wrong with logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks, hosts, parts

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("LOG-01")
def nginx_writes_visits(evidence: Evidence) -> None:
    parts(evidence)["web"]["servers"][-1]["access_log"] = ["/var/log/nginx/access.log"]


@breaks("LOG-01")
def one_server_inherits_the_default_log(evidence: Evidence) -> None:
    server = parts(evidence)["web"]["servers"][0]
    server["access_log"] = []
    server["unset"].append("access_log")


@breaks("LOG-01")
def a_format_hides_the_address_but_not_the_room(evidence: Evidence) -> None:
    web = parts(evidence)["web"]
    web["formats"] = {"short": ["status", "uri"]}
    web["servers"][0]["access_log"] = ["/var/log/nginx/access.log short buffer=4k"]


@breaks("LOG-01")
def the_visit_is_in_syslog(evidence: Evidence) -> None:
    parts(evidence)["traces"]["addressed"] = {"/var/log/syslog: nginx": 3}


@breaks("LOG-01")
def somebody_else_writes_rooms_down(evidence: Evidence) -> None:
    parts(evidence)["traces"]["marked"] = {"/var/log/suricata/http.log": 1}


@breaks("LOG-02")
def nginx_writes_every_error(evidence: Evidence) -> None:
    parts(evidence)["web"]["servers"][-1]["error_log"] = ["/var/log/nginx/error.log"]


@breaks("LOG-02")
def the_missing_page_is_in_the_error_log(evidence: Evidence) -> None:
    parts(evidence)["traces"]["marked"] = {"/var/log/nginx/error.log": 1}


@breaks("LOG-03")
def prosody_writes_sign_ins(evidence: Evidence) -> None:
    options = hosts(evidence, "*")[0]["options"]
    options["log"] = {
        "info": "/var/log/prosody/prosody.log",
        "1": {"levels": ["error"], "to": "syslog"},
    }


@breaks("LOG-03")
def prosody_keeps_its_log_for_a_year(evidence: Evidence) -> None:
    kept(evidence, "/var/log/prosody/prosody.log", "/var/log/prosody/*.log", days=7, count=52)


@breaks("LOG-03")
def the_room_is_in_the_journal(evidence: Evidence) -> None:
    parts(evidence)["traces"]["marked"] = {"journal: prosody": 2}


@breaks("LOG-04")
def the_bridge_shows_addresses(evidence: Evidence) -> None:
    parts(evidence)["bridge"]["options"]["videobridge.redact-remote-addresses"] = "false"


@breaks("LOG-04")
def the_bridge_writes_everything(evidence: Evidence) -> None:
    parts(evidence)["bridge"]["logging"]["levels"][".level"] = "INFO"


@breaks("LOG-04")
def the_bridges_log_waits_for_a_size(evidence: Evidence) -> None:
    parts(evidence)["rotation"]["patterns"]["/var/log/jitsi/jvb.log"]["waits_for_bytes"] = True


@breaks("LOG-04")
def the_bridges_old_log_stays_while_nothing_new_is_written(evidence: Evidence) -> None:
    parts(evidence)["rotation"]["patterns"]["/var/log/jitsi/jvb.log"]["empty"] = False


@breaks("LOG-05")
def the_focus_writes_rooms(evidence: Evidence) -> None:
    parts(evidence)["focus"]["logging"]["levels"]["org.jitsi.jicofo.level"] = "FINE"


@breaks("LOG-05")
def the_focus_writes_packets(evidence: Evidence) -> None:
    parts(evidence)["focus"]["logging"]["handlers"].append(
        "org.jitsi.jicofo.XmppPacketsFileHandler"
    )


@breaks("LOG-05")
def an_old_log_of_the_focus_lies_about(evidence: Evidence) -> None:
    found(evidence, "/var/log/jitsi/jicofo.log.2.gz", days=12)


@breaks("LOG-06")
def the_relay_writes_sessions(evidence: Evidence) -> None:
    parts(evidence)["relay"]["options"]["verbose"] = True


@breaks("LOG-06")
def the_relay_keeps_files_of_its_own(evidence: Evidence) -> None:
    del parts(evidence)["relay"]["options"]["log-file"]


@breaks("LOG-06")
def the_relay_wrote_this_checks_address(evidence: Evidence) -> None:
    parts(evidence)["traces"]["addressed"] = {"journal: turnserver": 1}


@breaks("LOG-07")
def the_journal_is_kept_for_a_month(evidence: Evidence) -> None:
    parts(evidence)["journal"]["settings"]["MaxRetentionSec"] = "1month"


@breaks("LOG-07")
def the_journal_has_no_end(evidence: Evidence) -> None:
    del parts(evidence)["journal"]["settings"]["MaxRetentionSec"]


@breaks("LOG-07")
def sign_ins_are_two_months_old(evidence: Evidence) -> None:
    parts(evidence)["journal"]["sign_ins"] = {"/var/log/wtmp": 60.0}


@breaks("LOG-07")
def rsyslog_keeps_four_weeks(evidence: Evidence) -> None:
    kept(evidence, "/var/log/auth.log", "/var/log/auth.log", days=7, count=4)


@breaks("LOG-07")
def addresses_stay_banned_for_ever(evidence: Evidence) -> None:
    parts(evidence)["journal"]["bans"] = 90.0


@breaks("LOG-07")
def nobody_rotates(evidence: Evidence) -> None:
    parts(evidence)["timers"]["timers"]["logrotate"]["active"] = False


@breaks("LOG-08")
def rooms_are_stored(evidence: Evidence) -> None:
    hosts(evidence, "conference.")[0]["options"]["storage"] = "internal"


@breaks("LOG-08")
def rooms_may_last(evidence: Evidence) -> None:
    hosts(evidence, "*")[0]["options"]["muc_room_allow_persistent"] = True


@breaks("LOG-08", "STA-02")
def messages_are_archived(evidence: Evidence) -> None:
    hosts(evidence, "conference.")[0]["modules"].append("muc_mam")


@breaks("LOG-08")
def this_checks_room_is_on_disk(evidence: Evidence) -> None:
    parts(evidence)["traces"]["stored"] = {"accounts": 1, "config": 1}


@breaks("LOG-09")
def the_bridge_dumps_its_memory(evidence: Evidence) -> None:
    parts(evidence)["bridge"]["flags"].append("-XX:+HeapDumpOnOutOfMemoryError")


@breaks("LOG-09")
def a_dump_lies_in_tmp(evidence: Evidence) -> None:
    parts(evidence)["dumps"]["files"] = ["/tmp/java_pid812.hprof"]


@breaks("LOG-09")
def prosody_may_dump_its_memory(evidence: Evidence) -> None:
    parts(evidence)["prosody"]["core"] = "unlimited"


@breaks("LOG-09")
def memory_is_swapped_to_the_disk(evidence: Evidence) -> None:
    parts(evidence)["memory"]["swaps"] = [{"place": "/swapfile", "safe": False}]


@breaks("LOG-09")
def logs_are_sent_away(evidence: Evidence) -> None:
    parts(evidence)["shipping"]["targets"] = ["/etc/rsyslog.d/90-central.conf:1"]


def found(evidence: Evidence, path: str, *, days: float) -> None:
    """Let a log file lie there whose last line is so old."""
    file = {"path": path, "size": 900, "mode": "0640", "closed": True, "days": days, "oldest": None}
    parts(evidence)["logs"]["files"].append(file)


def kept(evidence: Evidence, path: str, pattern: str, *, days: float, count: int) -> None:
    """Let a log file be there, and logrotate keep so many of so many days."""
    found(evidence, path, days=0.1)
    rule = {"days": days, "count": count, "age": None, "waits_for_bytes": False, "empty": True}
    parts(evidence)["rotation"]["patterns"][pattern] = rule
