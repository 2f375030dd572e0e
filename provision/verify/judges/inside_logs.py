"""Judges of `inside`: what the server writes down of people, and how long it keeps that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from provision.i18n import _
from provision.verify.judges import inside_view as view
from provision.verify.verdict import failed, fulfilled, judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.verdict import Finding

SEVERE = {"crit", "alert", "emerg"}
# What tells who visited what; a log format without these is harmless.
TELLING = {"remote_addr", "binary_remote_addr", "http_x_forwarded_for", "realip_remote_addr",
           "proxy_protocol_addr", "request", "request_uri", "uri", "document_uri", "args",
           "query_string", "http_referer"}  # fmt: skip
# They say what was done to the machine, and nothing of a visitor.
MACHINE = ("/var/log/dpkg.log", "/var/log/alternatives.log", "/var/log/apt/", "/var/log/installer/",
           "/var/log/unattended-upgrades/", "/var/log/bootstrap.log", "/var/log/fontconfig.log",
           "/var/log/dmesg", "/var/log/boot.log", "/var/log/faillog", "/var/log/lastlog",
           "/var/log/cloud-init", "/var/log/needrestart")  # fmt: skip
ARCHIVES = {"mam", "muc_mam", "muc_log", "http_muc_log", "muc_log_http", "offline", "log_messages",
            "muc_archive", "storage_xmlarchive"}  # fmt: skip
# What a run of the proof itself may touch: the temporary teacher, and Prosody's own clock.
OWN_STORES = {"accounts", "account_roles", "roster", "cron"}
SPANS = {"s": 1, "sec": 1, "second": 1, "min": 60, "m": 60, "h": 3600, "hour": 3600, "d": 86400,
         "day": 86400, "w": 604800, "week": 604800, "month": 2629800, "M": 2629800,
         "year": 31557600, "y": 31557600}  # fmt: skip
WARNINGS = {"WARNING", "SEVERE", "OFF"}


@judge("LOG-01", "inside")
def no_access_log(evidence: Evidence) -> Finding:
    """Judge whether nginx writes visits down, and whether this visit is written anywhere."""
    web = view.service(evidence, "web")
    writing = sorted(
        {
            log
            for server in web["servers"]
            for log in [
                *server["access_log"],
                *(["(default)"] if "access_log" in server["unset"] else []),
            ]
            if _tells(log, web["formats"])
        }
    )
    seen = view.traces(evidence, "web")
    remedy = _("Set `access_log off;` in every server of nginx; or run: provision deploy")
    if writing or seen:
        return failed(
            _("nginx writes down who visits which room: {places}").format(
                places=view.listed([*writing, *seen])
            ),
            remedy,
        )
    if not evidence["inside"]["visited"]:
        return fulfilled(_("nginx writes no visit down."))
    return fulfilled(_("nginx writes no visit down; the visit of this check is in no log."))


@judge("LOG-02", "inside")
def error_log_names_nobody(evidence: Evidence) -> Finding:
    """Judge from which level on nginx reports errors: below `crit` it names address and path."""
    loud = sorted(
        {
            log
            for server in view.service(evidence, "web")["servers"]
            for log in [
                *server["error_log"],
                *(["(default)"] if "error_log" in server["unset"] else []),
            ]
            if not _is_severe(log)
        }
    )
    seen = view.traces(evidence, "errors")
    if loud or seen:
        return failed(
            _("nginx writes errors down with address and path: {places}").format(
                places=view.listed([*loud, *seen])
            ),
            _("Set `error_log … crit;` in every server of nginx; or run: provision deploy"),
        )
    return fulfilled(_("nginx writes only failures of its own down, from the level `crit` on."))


@judge("LOG-03", "inside")
def signalling_writes_warnings(evidence: Evidence) -> Finding:
    """Judge Prosody's level and how long its files are kept."""
    level = view.Signalling(evidence).level()
    seen = view.traces(evidence, "prosody")
    old = list(view.kept_too_long(evidence, "/prosody/"))
    remedy = _(
        "Let Prosody log warnings only, and rotate its files daily; or run: provision deploy"
    )
    if level not in view.QUIET:
        sentence = _("Prosody writes at level `{level}`: sign-ins, addresses and rooms.")
        return failed(sentence.format(level=level), remedy)
    if seen:
        return failed(_traced(seen), remedy)
    if old:
        return failed(_kept(old, evidence), remedy)
    return fulfilled(
        _("Prosody writes warnings only, for at most {days} days.").format(days=view.days(evidence))
    )


@judge("LOG-04", "inside")
def bridge_writes_no_addresses(evidence: Evidence) -> Finding:
    """Judge the bridge's levels, its masking of addresses, and the rotation of its file."""
    bridge = view.service(evidence, "bridge")
    loud = _loud(bridge["logging"])
    redacted = (
        str(bridge["options"].get("videobridge.redact-remote-addresses", "")).lower() == "true"
    )
    remedy = _("Set redact-remote-addresses = true, .level=WARNING and a daily rotation without a "
               "size; or run: provision deploy")  # fmt: skip
    if loud or not redacted:
        problem = [*loud, *([] if redacted else ["redact-remote-addresses"])]
        sentence = _("The bridge may write down rooms and addresses: {settings}")
        return failed(sentence.format(settings=view.listed(problem)), remedy)
    if seen := view.traces(evidence, "bridge"):
        return failed(_traced(seen), remedy)
    if old := list(view.kept_too_long(evidence, "/jvb", "videobridge")):
        return failed(_kept(old, evidence), remedy)
    return fulfilled(
        _("The bridge writes warnings only, masks addresses, and its file is rotated by time.")
    )


@judge("LOG-05", "inside")
def focus_writes_no_rooms(evidence: Evidence) -> Finding:
    """Judge Jicofo's levels and handlers, and how long its file is kept."""
    focus = view.service(evidence, "focus")
    loud = _loud(focus["logging"])
    loud += [name for name in focus["logging"]["handlers"] if "Packets" in name]
    remedy = _("Set .level=WARNING in Jicofo's logging.properties; or run: provision deploy")
    if loud:
        sentence = _("The focus writes down names of rooms: {settings}")
        return failed(sentence.format(settings=view.listed(loud)), remedy)
    if seen := view.traces(evidence, "focus"):
        return failed(_traced(seen), remedy)
    if old := list(view.kept_too_long(evidence, "/jicofo")):
        return failed(_kept(old, evidence), remedy)
    return fulfilled(_("The focus writes warnings only, without names of rooms."))


@judge("LOG-06", "inside")
def relay_writes_no_clients(evidence: Evidence) -> Finding:
    """Judge coturn's options, and whether the use of it in this run is in a log."""
    options = view.service(evidence, "relay")["options"]
    loud = sorted({"verbose", "Verbose", "extra-logging"} & set(options))
    remedy = _("Remove `verbose` and set `log-file=stdout` or `syslog`; or run: provision deploy")
    if loud:
        sentence = _("coturn writes down who uses it: {settings}")
        return failed(sentence.format(settings=view.listed(loud)), remedy)
    if "syslog" not in options and options.get("log-file") not in {"stdout", "/dev/null"}:
        return failed(_("coturn keeps log files of its own, which nothing deletes."), remedy)
    if seen := view.traces(evidence, "relay"):
        return failed(
            _traced(seen),
            _("Mask addresses in coturn's output, or discard it; or run: provision deploy"),
        )
    return fulfilled(_("coturn writes nothing down about those who use it."))


@judge("LOG-07", "inside")
def one_period_for_all(evidence: Evidence) -> Finding:
    """Judge files, journal and records of sign-ins against the period that the school decided."""
    most = view.days(evidence) + 1
    journal = view.part(evidence, "journal")
    # Those of a service are judged with it; here is all the rest, and whatever is old already.
    paths = {
        path
        for path in view.kept_too_long(evidence, "/var/log/")
        if not path.startswith(MACHINE) and not _has_own_control(path)
    }
    limit = _seconds(journal["settings"].get("MaxRetentionSec", "0"))
    if not 0 < limit <= (most - 1) * 86400 or (journal["oldest"] or 0) > most:
        paths.add(_("the journal"))
    paths |= {path for path, age in journal["sign_ins"].items() if age > most}
    if (journal["bans"] or 0) > most:
        paths.add("fail2ban")
    timers = view.part(evidence, "timers")
    if not (timers["timers"].get("logrotate", {}).get("active") or timers["cron"]["logrotate"]):
        paths.add("logrotate.timer")
    if paths:
        return failed(
            _("This is kept longer than {days} days, or without end: {places}").format(
                days=view.days(evidence), places=view.listed(paths)
            ),
            _("Rotate daily without a size and also when empty, and set MaxRetentionSec of the "
              "journal; or run: provision deploy"),
        )  # fmt: skip
    return fulfilled(
        _("Files, journal and records of sign-ins end after {days} days. Only "
          "what apt and dpkg did "
          "to the machine is kept longer; it names no visitor.").format(days=view.days(evidence))
    )  # fmt: skip


@judge("LOG-08", "inside")
def meetings_leave_nothing(evidence: Evidence) -> Finding:
    """Judge whether rooms and messages live in memory only, and what this run left on disk."""
    prosody = view.Signalling(evidence)
    lasting = [room for room in prosody.rooms() if not _in_memory(prosody, room)]
    problems = {f"{room}: storage" for room in lasting}
    problems |= prosody.modules() & ARCHIVES
    if prosody.option(next(iter(prosody.conferences()), "*"), "muc_room_allow_persistent", True):
        problems.add("muc_room_allow_persistent")
    stored = set(view.part(evidence, "traces")["stored"]) - OWN_STORES
    problems |= {_("written during this check: {store}").format(store=store) for store in stored}
    if problems:
        return failed(
            _("Rooms or messages may outlive the meeting: {settings}").format(
                settings=view.listed(problems)
            ),
            _("Keep all rooms in memory (storage, muc_room_allow_persistent = false) and "
              "load no archive; or run: provision deploy"),
        )  # fmt: skip
    return fulfilled(_("Rooms, chat and polls are in memory only and end with the meeting."))


@judge("LOG-09", "inside")
def no_memory_on_disk(evidence: Evidence) -> Finding:
    """Judge heap and core dumps, swap, and whether logs are carried away."""
    dumps = view.part(evidence, "dumps")
    problems = set(dumps["files"])
    for name in ("bridge", "focus"):
        flags = view.service(evidence, name)["flags"]
        switches = [flag for flag in flags if flag.endswith("HeapDumpOnOutOfMemoryError")]
        if switches and switches[-1].startswith("-XX:+"):
            problems.add(_("heap dumps of {service}").format(service=view.TITLES[name]))
    for name in ("bridge", "focus", "prosody", "relay"):
        if view.service(evidence, name)["core"] != "0":
            problems.add(_("core dumps of {service}").format(service=view.TITLES[name]))
    swaps = view.part(evidence, "memory")["swaps"]
    problems |= {
        _("swap on {place}, not encrypted").format(place=each["place"])
        for each in swaps
        if not each["safe"]
    }
    shipping = view.part(evidence, "shipping")
    problems |= {*shipping["targets"], *shipping["programs"]}
    if problems:
        return failed(
            _("Memory may reach the disk, or logs another machine: {places}").format(
                places=view.listed(problems)
            ),
            _("Set -XX:-HeapDumpOnOutOfMemoryError and LimitCORE=0, delete the dumps, encrypt or "
              "remove swap, and send no logs away; or run: provision deploy"),
        )  # fmt: skip
    return fulfilled(_("No dump of memory, no readable swap, and no log leaves the server."))


def _tells(log: str, formats: dict[str, list[str]]) -> bool:
    """Tell whether an access_log line writes down who or what."""
    words = log.split()
    if words[:1] in (["off"], ["/dev/null"]):
        return False
    name = next((word for word in words[1:] if "=" not in word), "combined")
    return name not in formats or bool(TELLING & set(formats[name]))


def _is_severe(log: str) -> bool:
    words = log.split()
    return words[:1] == ["/dev/null"] or words[-1] in SEVERE


def _loud(logging: dict[str, Any]) -> list[str]:
    """Return the lines of a logging file that let more than warnings through."""
    levels = {
        name: level
        for name, level in logging["levels"].items()
        if not name.startswith("java.util.logging.")  # what a handler takes, not what is sent
    }
    if ".level" not in levels:
        return [".level=INFO"]
    return [f"{name}={level}" for name, level in levels.items() if level not in WARNINGS]


def _traced(places: list[str]) -> str:
    return _("The room or the address of this check was written down: {places}").format(
        places=view.listed(places)
    )


def _kept(paths: list[str], evidence: Evidence) -> str:
    return _("This is kept longer than {days} days, or without end: {places}").format(
        days=view.days(evidence), places=view.listed(paths)
    )


def _has_own_control(path: str) -> bool:
    return any(word in path for word in ("/prosody/", "/jvb", "videobridge", "/jicofo"))


def _in_memory(prosody: view.Signalling, room: str) -> bool:
    storage = prosody.option(room, "storage", "internal")
    if isinstance(storage, dict):
        return storage.get("config") == "memory" and storage.get("persistent") == "memory"
    return bool(storage == "memory")


def _seconds(text: str) -> float:
    """Return a span of time as systemd writes it, for instance 7day or 1week 2d."""
    parts = re.findall(r"([\d.]+)\s*([A-Za-z]*)", text)
    return sum(
        float(number) * SPANS.get(unit if unit == "M" else unit.lower().rstrip("s") or "s", 1)
        for number, unit in parts
    )
