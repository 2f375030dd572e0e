"""What judges of the section `inside` ask of it; there is no judge in here."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from provision.messages.i18n import N_, ngettext
from provision.verify.evidence import NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from provision.verify.evidence import Evidence

ROTATED = re.compile(r"(?:[.-]\d+)?(?:\.(?:gz|xz|bz2|zst))?$")
QUIET = {"warn", "error"}
ANONYMOUS = {"anonymous", "jitsi-anonymous"}
LOOPBACK = ("127.", "::1", "[::1]", "::ffff:127.")


def part(evidence: Evidence, name: str) -> dict[str, Any]:
    """Return one part of the look, or raise NotMeasuredError with what it cost."""
    section = evidence["inside"]
    if not section["root"]:
        raise NotMeasuredError(N_("The look from inside had no administrator's rights."))
    try:
        found: dict[str, Any] = section["parts"][name]
    except KeyError:
        reason = section["missing"].get(name, "")
        message = N_("This could not be read on the server: {reason}")
        raise NotMeasuredError(message, reason=reason) from None
    return found


def service(evidence: Evidence, name: str) -> dict[str, Any]:
    """Return the part of a service, or raise NotMeasuredError where it does not run."""
    found = part(evidence, name)
    if not found["running"]:
        raise NotMeasuredError(N_("{service} does not run there."), service=TITLES[name])
    return found


TITLES = {
    "prosody": "Prosody",
    "bridge": "Jitsi Videobridge",
    "focus": "Jicofo",
    "web": "nginx",
    "relay": "coturn",
}


def packages(evidence: Evidence) -> dict[str, Any]:
    """Return the part about packages, or raise NotMeasuredError where it lists none."""
    found = part(evidence, "packages")
    if not found["total"]:
        raise NotMeasuredError(N_("dpkg did not say which packages are installed."))
    return found


def listening(evidence: Evidence) -> list[dict[str, Any]]:
    """Return who listens where, or raise NotMeasuredError where nobody seems to."""
    found: list[dict[str, Any]] = part(evidence, "sockets")["listening"]
    if not found:
        raise NotMeasuredError(N_("The server did not say who listens on which port."))
    return found


def web_servers(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the servers of nginx, or raise NotMeasuredError where none was found."""
    found: list[dict[str, Any]] = service(evidence, "web")["servers"]
    if not found:
        raise NotMeasuredError(N_("No server was found in nginx's configuration."))
    return found


def refuse_silent(answers: dict[str, dict[str, Any]]) -> None:
    """Raise NotMeasuredError where an interface of bridge or focus is there and did not answer."""
    if silent := [place for place, answer in answers.items() if not answer["status"]]:
        raise NotMeasuredError(N_("{path} did not answer."), path=listed(silent))


class Signalling:
    """Prosody's hosts with the options that hold in them and the modules that are loaded."""

    def __init__(self, evidence: Evidence) -> None:
        self.found = service(evidence, "prosody")
        self.hosts: dict[str, dict[str, Any]] = {
            name: host for name, host in self.found["hosts"].items() if name != "*"
        }
        if not self.hosts:
            raise NotMeasuredError(N_("No host was found in Prosody's configuration."))

    def option(self, host: str, name: str, default: Any = None) -> Any:
        """Return the value that holds in a host: its own, else the common one."""
        for place in (host, "*"):
            options = self.found["hosts"].get(place, {}).get("options", {})
            if name in options:
                return options[name]
        return default

    def modules(self) -> set[str]:
        """Return every module that is loaded anywhere."""
        return {name for host in self.found["hosts"].values() for name in host["modules"]}

    def modules_of(self, host: str) -> set[str]:
        """Return every module that is loaded in a host, or for all of them."""
        return {
            name
            for place in (host, "*")
            for name in self.found["hosts"].get(place, {}).get("modules", ())
        }

    def rooms(self) -> list[str]:
        """Return the components that hold rooms."""
        return [name for name, host in self.hosts.items() if "muc" in host["modules"]]

    def conferences(self) -> list[str]:
        """Return the components in which lessons are."""
        aside = ("lobby.", "breakout.", "internal.")
        return [name for name in self.rooms() if not name.startswith(aside)]

    def way(self, host: str) -> str:
        """Return how people sign in to a host, for instance internal_hashed or jitsi-anonymous."""
        for name in self.hosts[host]["modules"]:
            if name.startswith("auth_"):
                return str(name.removeprefix("auth_"))
        return str(self.option(host, "authentication", "internal_hashed"))

    def for_people(self) -> list[str]:
        """Return the hosts that people sign in to, with or without an account."""
        return [
            name
            for name, host in self.hosts.items()
            if not internal(name)
            and any(module.startswith("auth_") or module == "c2s" for module in host["modules"])
        ]

    def level(self) -> str:
        """Return the least important kind of line that any of its logs takes."""
        log = self.option("*", "log")
        order = ["debug", "info", "warn", "error"]
        return min(_levels(log), key=lambda level: order.index(level) if level in order else 0)


def _levels(log: Any) -> list[str]:
    if not log:
        return ["info"]
    sinks = log.items() if isinstance(log, dict) else enumerate(log)
    found = []
    for name, sink in sinks:
        if isinstance(sink, dict):
            levels = sink.get("levels", "info")
            names = levels.get("min", "debug") if isinstance(levels, dict) else levels
            found += [names] if isinstance(names, str) else list(names)
        else:
            found.append(str(name) if not str(name).isdigit() else "info")
    return found or ["info"]


def internal(host: str) -> bool:
    """Tell the hosts of focus, bridge and recorder from those of people."""
    return host == "localhost" or host.startswith(("auth.", "recorder.", "jigasi."))


OTHERS = ""
"""Whoever writes a log that is none of Jitsi's services', such as the kernel or fail2ban."""


def owner(place: str) -> str:
    """Return which service wrote a line, by the file or the journal's name of it; or OTHERS."""
    for word, name in (
        ("nginx/error", "errors"),
        ("nginx", "web"),
        ("prosody", "prosody"),
        ("jicofo", "focus"),
        ("jvb", "bridge"),
        ("videobridge", "bridge"),
        ("turn", "relay"),
    ):
        if word in place:
            return name
    return OTHERS


def traces(
    evidence: Evidence, name: str, of: Collection[str] = ("marked", "addressed")
) -> list[str]:
    """Return where a service wrote down this very run: its rooms (`marked`) or its address."""
    found = part(evidence, "traces")
    lines: dict[str, int] = {}
    for place, count in (pair for kind in of for pair in found[kind].items()):
        if owner(place) == name:
            lines[place] = max(lines.get(place, 0), count)
    return [
        ngettext(
            "{place}: one line of this check", "{place}: {count} lines of this check", count
        ).format(place=place, count=count)
        for place, count in sorted(lines.items())
    ]


def days(evidence: Evidence) -> int:
    """Return after how many days the school wants everything deleted."""
    promised: int = evidence["inside"]["promised"]["retention_days"]
    return promised


def kept_too_long(evidence: Evidence, *words: str) -> Iterator[str]:
    """Yield the log files (with one of these words in their path) that stay longer than promised.

    A day is added: what was written just after a rotation is deleted a day later than the rest.
    """
    most = days(evidence) + 1
    patterns = part(evidence, "rotation")["patterns"]
    for file in part(evidence, "logs")["files"]:
        path = file["path"]
        if not any(word in path for word in words):
            continue
        rules = [rule for pattern, rule in patterns.items() if fnmatch(_base(path), pattern)]
        old = max(file["days"], file["oldest"] or 0) > most
        left = bool(file["size"]) and not rules and path != _base(path)
        if left or (old and file["size"]) or not all(_short(rule, most) for rule in rules):
            yield path


def _base(path: str) -> str:
    """Return the path of the log that a rotated file came from."""
    return ROTATED.sub("", path)


def _short(rule: dict[str, Any], most: int) -> bool:
    """Tell whether a rule of logrotate deletes in time, also when nothing new is written."""
    if rule["waits_for_bytes"] or not rule["empty"]:
        return False
    kept: float = rule["days"] * (rule["count"] + 1)
    return kept <= most


def listed(names: Collection[object], most: int = 6) -> str:
    """Return names for a sentence, the first few of many; a list stays in its order."""
    every = [str(name) for name in dict.fromkeys(names)]
    if not isinstance(names, list):
        every.sort()
    more = f" … (+{len(every) - most})" if len(every) > most else ""
    return ", ".join(every[:most]) + more
