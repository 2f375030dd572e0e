"""Settings of ours that are in place and not in force, because a later file says otherwise."""

from __future__ import annotations

import glob
import os
import re
from fnmatch import fnmatchcase

from ansible.module_utils.school_server import read_text, run

SYSCTL = "/etc/sysctl.d/60-jitsi-provision.conf"
JOURNAL = "/etc/systemd/journald.conf.d/zz-jitsi-provision.conf"
SETTING = re.compile(r"^\s*-?([\w./*?-]+)\s*=\s*(.*?)\s*$", re.MULTILINE)
SYSTEM = "/proc/sys/"
FILE = re.compile(r"^# (/\S+)$")


def look() -> list[dict[str, str]]:
    """Return each such setting: ``program``, ``name``, ``wanted``, ``found`` and in which file."""
    return [*kernel(), *journal()]


def kernel() -> list[dict[str, str]]:
    """Return the kernel's values that are not ours, of each interface its own."""
    ours = settings(read_text(SYSCTL))
    wrong = {}
    # What is named comes first: it counts, whatever a pattern says.
    for name, wanted in sorted(ours.items(), key=lambda pair: "*" in pair[0]):
        for path in sorted(glob.glob(SYSTEM + name.replace(".", "/"))):
            found = " ".join(read_text(path).split())
            named = path.removeprefix(SYSTEM).replace("/", ".")
            if found != " ".join(wanted.split()):
                wrong.setdefault(named, told("sysctl", named, wanted, found))
    if not wrong:
        return []
    said_last = last(run("systemd-analyze", "cat-config", "sysctl.d").stdout)
    return [one | {"file": says(said_last, one["name"])} for one in wrong.values()]


def says(said_last: dict[str, tuple[str, str]], name: str) -> str:
    """Return the file that sets a value of the kernel otherwise; nothing where none does.

    One that names it counts, wherever it stands; then the last whose pattern fits.
    """
    fitting = [file for pattern, (file, _value) in said_last.items() if fnmatchcase(name, pattern)]
    file = said_last[name][0] if name in said_last else ["", *fitting][-1]
    return "" if file == SYSCTL else file


def journal() -> list[dict[str, str]]:
    """Return what the journal does otherwise; only files tell what it obeys."""
    ours = settings(read_text(JOURNAL))
    if not ours:
        return []
    said_last = last(run("systemd-analyze", "cat-config", "systemd/journald.conf").stdout)
    return [
        told("journald", name, wanted, found) | {"file": file}
        for name, wanted in ours.items()
        for file, found in (said_last.get(name, (JOURNAL, wanted)),)
        if found != wanted
    ]


def told(program: str, name: str, wanted: str, found: str) -> dict[str, str]:
    """Return one setting that is not in force."""
    return {"program": program, "name": name, "wanted": wanted, "found": found, "file": ""}


def settings(text: str) -> dict[str, str]:
    """Return what a file sets, by name; a name with slashes is written with points."""
    return {name.replace("/", "."): value for name, value in SETTING.findall(text)}


def last(listed: str) -> dict[str, tuple[str, str]]:
    """Return for each name the file that says it last, and the value, by `cat-config`, in order."""
    found: dict[str, tuple[str, str]] = {}
    file = ""
    for line in listed.splitlines():
        if head := FILE.match(line):
            file = os.path.realpath(head[1])
        elif setting := SETTING.match(line):
            name = setting[1].replace("/", ".")
            found.pop(name, None)
            found[name] = (file, setting[2])
    return found
