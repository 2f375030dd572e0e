"""What can go wrong with accounts, rights in rooms, and what is known about staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks, hides, hosts, parts

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("MIN-01")
def everybody_needs_an_account(evidence: Evidence) -> None:
    for host in hosts(evidence, "guest."):
        host["modules"] = ["auth_internal_hashed", "c2s", "school_login_throttle"]


@breaks("MIN-01")
def nobody_has_an_account(evidence: Evidence) -> None:
    for host in hosts(evidence, "meet."):
        host["modules"].remove("auth_internal_hashed")
        host["modules"].append("auth_jitsi-anonymous")


@breaks("MIN-01")
def a_guest_has_an_account(evidence: Evidence) -> None:
    stores = parts(evidence)["accounts"]["hosts"]
    name = next(name for name in parts(evidence)["prosody"]["hosts"] if name.startswith("guest."))
    stores[name] = account() | {"accounts": 1, "hashed": 1}


@breaks("ACC-02")
def passwords_are_readable(evidence: Evidence) -> None:
    stores = parts(evidence)["accounts"]["hosts"]
    next(iter(stores.values())).update(accounts=2, hashed=1, plain=1, iterations=10000)


@breaks("ACC-02")
def anybody_registers(evidence: Evidence) -> None:
    hosts(evidence, "meet.")[0]["modules"].append("register")


@breaks("ACC-02")
def guessing_is_fast(evidence: Evidence) -> None:
    for host in hosts(evidence, ""):
        host["modules"] = [name for name in host["modules"] if name != "school_login_throttle"]


@breaks("ACC-02")
def guessing_the_focus_is_fast(evidence: Evidence) -> None:
    for host in hosts(evidence, "auth."):
        host["modules"] = [name for name in host["modules"] if name != "school_login_throttle"]


@breaks("ACC-04")
def the_bridge_shows_its_inside(evidence: Evidence) -> None:
    parts(evidence)["endpoints"]["answers"]["8080/debug"] = {"status": 200, "names": False}


@breaks("ACC-04")
def the_focus_listens_for_everybody(evidence: Evidence) -> None:
    for each in parts(evidence)["sockets"]["listening"]:
        if each["port"] == 8888:
            each["address"] = "0.0.0.0"


@breaks("ACC-05")
def a_class_is_held_up(evidence: Evidence) -> None:
    del hosts(evidence, "conference.")[0]["options"]["muc_rate_joins"]


@breaks("ACC-05")
def upstreams_limiter_sees_one_address(evidence: Evidence) -> None:
    hosts(evidence, "guest.")[0]["modules"].append("rate_limit")


@breaks("ACC-05")
def nginx_limits_nobody(evidence: Evidence) -> None:
    for server in parts(evidence)["web"]["servers"]:
        server["limit_req"] = []


@breaks("ACC-05")
def one_address_takes_all_connections(evidence: Evidence) -> None:
    parts(evidence)["web"]["front"][1]["limit_conn"] = []


@breaks("ACC-05")
def connections_are_counted_and_nothing_follows(evidence: Evidence) -> None:
    parts(evidence)["web"]["front"][0]["limit_conn_dry_run"] = ["on"]


@breaks("ACC-05")
def only_the_school_is_counted(evidence: Evidence) -> None:
    parts(evidence)["web"]["front"][0]["limit_conn"] = ["jitsi_school_sources 8000"]


@breaks("ACC-05")
def all_together_are_counted(evidence: Evidence) -> None:
    parts(evidence)["web"]["front_keys"]["zones"]["jitsi_sources"] = "one"


@hides("ACC-05")
def connections_are_counted_by_something_else(evidence: Evidence) -> None:
    parts(evidence)["web"]["front_keys"]["zones"]["jitsi_sources"] = "$ssl_preread_server_name"


@hides("ACC-05")
def a_source_is_made_of_something_else(evidence: Evidence) -> None:
    sources = parts(evidence)["web"]["front_keys"]["variables"]["$source"]
    sources["cases"]["default"] = "$realip_remote_addr"


@breaks("ACC-05")
def the_web_server_listens_where_nothing_is_said(evidence: Evidence) -> None:
    parts(evidence)["web"]["servers"][1]["listens"] = []


@breaks("ACC-05")
def the_web_server_is_reached_beside_the_counter(evidence: Evidence) -> None:
    parts(evidence)["web"]["servers"][1]["listens"].append("[::]:8443 ssl")


@breaks("ACC-05")
def nothing_stands_in_front(evidence: Evidence) -> None:
    web = parts(evidence)["web"]
    web["front"] = []
    web["servers"][1]["listens"] = ["443 ssl"]


@breaks("ACC-07")
def something_is_left_of_a_leaver(evidence: Evidence) -> None:
    stores = parts(evidence)["accounts"]["hosts"]
    stores["meet.example.org"] = account() | {"stores": {"roster": 1}, "orphans": {"roster": 1}}


@breaks("MOD-03")
def rooms_never_end(evidence: Evidence) -> None:
    hosts(evidence, "conference.")[0]["modules"].remove("school_rooms")


@breaks("MOD-03")
def rooms_go_on_for_an_hour(evidence: Evidence) -> None:
    hosts(evidence, "conference.")[0]["options"]["school_end_after"] = 3600


@breaks("MOD-05")
def nobody_can_lock_microphones(evidence: Evidence) -> None:
    hosts(evidence, "avmoderation.")[0]["modules"].remove("av_moderation_component")


@breaks("MOD-05")
def anybody_opens_side_rooms(evidence: Evidence) -> None:
    hosts(evidence, "breakout.")[0]["options"]["restrict_room_creation"] = False


@breaks("REC-02")
def moderators_may_record(evidence: Evidence) -> None:
    rights = hosts(evidence, "conference.")[0]["options"]["jitsi_default_permissions"]
    rights["recording"] = True


@breaks("REC-02")
def rights_are_as_packaged(evidence: Evidence) -> None:
    del hosts(evidence, "conference.")[0]["options"]["jitsi_default_permissions"]


@breaks("STA-01", "MIN-06")
def speaking_time_is_counted(evidence: Evidence) -> None:
    speaker = {"modules": ["speakerstats_component"], "options": {}}
    parts(evidence)["prosody"]["hosts"]["speakerstats.meet.example.org"] = speaker


@breaks("STA-02")
def the_last_sign_in_is_kept(evidence: Evidence) -> None:
    hosts(evidence, "meet.")[0]["modules"].append("account_activity")


@breaks("STA-02", "THP-05")
def attendance_is_reported(evidence: Evidence) -> None:
    hosts(evidence, "conference.")[0]["modules"].append("event_sync_component")


@breaks("STA-03")
def figures_name_rooms(evidence: Evidence) -> None:
    parts(evidence)["endpoints"]["answers"]["8888/stats"] = {
        "status": 200,
        "names": True,
        "anybody": True,
    }


@breaks("STA-03")
def somebody_else_reads_logs(evidence: Evidence) -> None:
    parts(evidence)["people"]["readers_only"] = 1


@breaks("STA-03")
def everybody_reads_a_log(evidence: Evidence) -> None:
    parts(evidence)["logs"]["files"].append(
        {
            "path": "/var/log/syslog",
            "size": 9,
            "mode": "0644",
            "closed": False,
            "days": 0.1,
            "oldest": None,
        }
    )
    rule = {"days": 1.0, "count": 7, "age": 7, "waits_for_bytes": False, "empty": True}
    parts(evidence)["rotation"]["patterns"]["/var/log/syslog"] = rule


@breaks("TLS-04")
def prosody_listens_for_everybody(evidence: Evidence) -> None:
    listening = parts(evidence)["sockets"]["listening"]
    listening.append({"address": "0.0.0.0", "port": 5222, "program": "lua5.4", "protocol": "tcp"})


def account() -> dict[str, Any]:
    """An empty store of accounts."""
    return {
        "accounts": 0,
        "hashed": 0,
        "plain": 0,
        "iterations": 10000,
        "stores": {},
        "orphans": {},
    }
