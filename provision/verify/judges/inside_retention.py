"""Judges of `inside`: how long things are kept, and what outlives a meeting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

# They say what was done to the machine, and nothing of a visitor.
MACHINE = ("/var/log/dpkg.log", "/var/log/alternatives.log", "/var/log/apt/", "/var/log/installer/",
           "/var/log/unattended-upgrades/", "/var/log/bootstrap.log", "/var/log/fontconfig.log",
           "/var/log/dmesg", "/var/log/boot.log", "/var/log/faillog", "/var/log/lastlog",
           "/var/log/cloud-init", "/var/log/needrestart")  # fmt: skip
ARCHIVES = {"mam", "muc_mam", "muc_log", "http_muc_log", "muc_log_http", "offline", "log_messages",
            "muc_archive", "storage_xmlarchive"}  # fmt: skip
# What a run of the proof itself may touch: the temporary teacher, and Prosody's own clock.
OWN_STORES = {"accounts", "account_roles", "roster", "cron"}
SPANS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "m": 60, "h": 3600, "hr": 3600,
         "hour": 3600, "d": 86400,
         "day": 86400, "w": 604800, "week": 604800, "month": 2629800, "M": 2629800,
         "year": 31557600, "y": 31557600}  # fmt: skip


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
            _("Delete what is older. That it stays so, rotate daily without a size and also when "
              "empty, and set MaxRetentionSec of the journal; or run: provision deploy"),
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
    if any(
        prosody.option(room, "muc_room_allow_persistent", True)
        for room in prosody.conferences() or ["*"]
    ):
        problems.add("muc_room_allow_persistent")
    stored = set(view.part(evidence, "traces")["stored"]) - OWN_STORES
    problems |= {_("written during this check: {store}").format(store=store) for store in stored}
    if problems:
        return failed(
            _("Rooms or messages may outlive the conference: {settings}").format(
                settings=view.listed(problems)
            ),
            _("Keep all rooms in memory (storage, muc_room_allow_persistent = false) and "
              "load no archive; or run: provision deploy"),
        )  # fmt: skip
    return fulfilled(_("Rooms, chat and polls are in memory only and end with the conference."))


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
            _("Delete the dumps. Then set -XX:-HeapDumpOnOutOfMemoryError and LimitCORE=0, encrypt "
              "or remove swap, and send no logs away; or run: provision deploy"),
        )  # fmt: skip
    return fulfilled(_("No dump of memory, no readable swap, and no log leaves the server."))


def _has_own_control(path: str) -> bool:
    return any(word in path for word in ("/prosody/", "/jvb", "videobridge", "/jicofo"))


def _in_memory(prosody: view.Signalling, room: str) -> bool:
    storage = prosody.option(room, "storage", "internal")
    if isinstance(storage, dict):
        return storage.get("config") == "memory" and storage.get("persistent") == "memory"
    return bool(storage == "memory")


def _seconds(text: str) -> float:
    """Return a span of time as systemd writes it, for instance 7day or 1week 2d."""
    seconds = 0.0
    for number, unit in re.findall(r"([\d.]+)\s*([^\d\s.]*)", text):
        known = SPANS.get(unit if unit == "M" else unit.lower().rstrip("s") or "s")
        if known is None:
            raise NotMeasuredError(
                N_("This program does not know how long this is: {text}"), text=text
            )
        seconds += float(number) * known
    return seconds
