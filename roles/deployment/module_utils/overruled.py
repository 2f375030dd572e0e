"""Settings of ours that are in place and not in force, because a later file says otherwise."""

from __future__ import annotations

import os
import re

from ansible.module_utils.school_server import read_text, run

SYSCTL = "/etc/sysctl.d/60-jitsi-provision.conf"
JOURNAL = "/etc/systemd/journald.conf.d/zz-jitsi-provision.conf"
SETTING = re.compile(r"^\s*-?([\w./-]+)\s*=\s*(.*?)\s*$", re.MULTILINE)
FILE = re.compile(r"^# (/\S+)$")


def look() -> list[dict[str, str]]:
    """Return each such setting: ``program``, ``name``, ``wanted``, ``found`` and in which file."""
    return [*kernel(), *journal()]


def kernel() -> list[dict[str, str]]:
    """Return the kernel's values that are not ours."""
    wrong = []
    for name, wanted in settings(read_text(SYSCTL)).items():
        path = "/proc/sys/" + name.replace(".", "/")
        found = " ".join(read_text(path).split())
        if os.path.exists(path) and found != " ".join(wanted.split()):
            wrong.append(told("sysctl", name, wanted, found))
    if not wrong:
        return []
    said_last = last(run("systemd-analyze", "cat-config", "sysctl.d").stdout)
    return [one | {"file": said_last.get(one["name"], ("", ""))[0]} for one in wrong]


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
    """Return for each name the file that sets it last and the value, from `cat-config`."""
    found, file = {}, ""
    for line in listed.splitlines():
        if head := FILE.match(line):
            file = os.path.realpath(head[1])
        elif setting := SETTING.match(line):
            found[setting[1].replace("/", ".")] = (file, setting[2])
    return found
