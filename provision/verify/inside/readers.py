"""Who can read which file, by trying: services where they live, and every account of the system.

For each running service a child process enters the place from which the service sees the files
(its mount namespace), becomes what the service's process is, and opens every file that not
everybody may read; nothing is read. So groups and access lists count as the kernel counts them.
Names of accounts, and of files that stand for people, are not reported.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import sys
from pathlib import Path
from typing import Any

from provision.verify.inside import processes, reading, services

TREES = ("/etc/jitsi", "/etc/jitsi-provision", "/etc/prosody", "/etc/coturn", "/etc/coturn-tls",
         "/etc/letsencrypt", "/etc/ssl/private", "/etc/ssh", "/etc/nginx", "/root/.ssh",
         "/root/.acme.sh", "/opt/acmesh", "/var/lib/jitsi-provision", "/var/lib/prosody",
         "/var/lib/turn", "/var/log/jitsi", "/var/log/letsencrypt", "/var/log/nginx",
         "/var/log/prosody")  # fmt: skip
FILES = ("/etc/turnserver.conf", "/etc/shadow", "/etc/gshadow", "/var/cache/debconf/passwords.dat")
ACCOUNTS = {"prosody": "prosody", "jicofo": "jicofo", "jitsi-videobridge2": "jvb",
            "coturn": "turnserver"}  # fmt: skip
"""By which account one sees that a service is installed; nginx' own is there without it."""
ALIKE, MANY = 8, 4000
MOST_PEOPLE = 300
LOGS = "/var/log/"
"""Who may read logs, another control judges."""
OVERRIDES = 0b110
"""Capabilities (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH) with which rights of files do not count."""

# A program of its own: to fork among threads, and to change a thread's place, would not do.
TRY = r"""
import ctypes, json, os, sys
wanted = json.load(sys.stdin)
libc = ctypes.CDLL(None, use_errno=True)
found = []
for each in wanted["processes"]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        answer = None
        try:
            place = os.open("/proc/%d/ns/mnt" % each["pid"], os.O_RDONLY)
            if libc.setns(place, 0):
                raise OSError(ctypes.get_errno(), "setns")
            os.setgroups(each["groups"])
            os.setresgid(each["gid"], each["gid"], each["gid"])
            os.setresuid(each["uid"], each["uid"], each["uid"])
            answer = []
            for path in wanted["files"]:
                try:
                    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW))
                    answer.append(path)
                except OSError:
                    pass
        finally:
            with os.fdopen(writing, "w") as file:
                json.dump(answer, file)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        found.append(json.loads(file.read() or "null"))
    os.waitpid(child, 0)
json.dump(found, sys.stdout)
"""


def files(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return {"tried": numbers of files, "readable": {path: [services]}, "people", "silent"}.

    `tried` is by service; `silent` are services that are installed, and of which no process could
    be tried. `people` is how many accounts of nobody's service can read a file. What everybody may
    read is not among the files.
    """
    paths = closed_files()
    every = workers()
    asked = [each for each in every if not each["everything"]]
    question = {"processes": asked, "files": paths}
    said = reading.run(sys.executable, "-IBc", TRY, given=json.dumps(question))
    try:
        answers: list[list[str] | None] = json.loads(said)
    except ValueError:
        answers = [None] * len(asked)
    readable: dict[str, set[str]] = {}
    tried: dict[str, int] = {}
    masters = [(each, paths) for each in every if each["everything"]]
    for each, opened in [*masters, *zip(asked, answers, strict=True)]:
        if opened is None:
            continue
        tried[each["service"]] = len(paths)
        for path in opened:
            readable.setdefault(_nameless(path), set()).add(each["service"])
    everybody = people()
    private = [path for path in paths if not path.startswith(LOGS)]
    question = {"processes": everybody, "files": private}
    said = reading.run(sys.executable, "-IBc", TRY, given=json.dumps(question))
    counted: dict[str, int] = {}
    try:
        for opened in json.loads(said):
            for path in {_nameless(path) for path in opened or []}:
                counted[path] = counted.get(path, 0) + 1
    except ValueError:
        tried.clear()  # then it is not known who can read what
    installed = [name for name, user in ACCOUNTS.items() if reading.exists(user)]
    return {
        "tried": tried,
        "readable": {path: sorted(names) for path, names in sorted(readable.items())},
        "people": dict(sorted(counted.items())),
        "silent": sorted(set(installed) - set(tried)),
    }


def closed_files() -> list[str]:
    """Return the files of the trees that not everybody may read, a few of each kind a directory."""
    found = [path for path in FILES if _closed(path)]
    for tree in TREES:
        for folder, _folders, names in os.walk(tree):
            kinds: dict[str, int] = {}
            for name in sorted(names):
                kind = Path(name).suffix
                path = f"{folder}/{name}"
                if _closed(path) and kinds.setdefault(kind, 0) < ALIKE:
                    kinds[kind] += 1
                    found.append(path)
    return found[:MANY]


def workers() -> list[dict[str, Any]]:
    """Return pid, service, uid, gid, groups of each service's processes, one of each kind.

    A process of root counts where the service has no other: then it reads `everything`.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for process in processes.every():
        service = process["unit"].removesuffix(".service")
        if service not in services.SERVICES:
            continue
        status = reading.text(f"/proc/{process['pid']}/status")
        words = {
            name: re.findall(r"\w+", rest)
            for name, rest in re.findall(r"^(\w+):(.*)$", status, re.MULTILINE)
        }
        if not words.get("Uid") or not words.get("Gid"):
            continue
        uid, gid = int(words["Uid"][1]), int(words["Gid"][1])
        groups = [int(word) for word in words.get("Groups", [])]
        powers = int((words.get("CapEff") or ["0"])[0], 16)
        entry = {"pid": process["pid"], "service": service, "uid": uid, "gid": gid,
                 "groups": groups, "everything": uid == 0 or bool(powers & OVERRIDES)}  # fmt: skip
        found.setdefault((service, uid, gid, *groups), entry)
    lesser = {each["service"] for each in found.values() if each["uid"]}
    return [each for each in found.values() if each["uid"] or each["service"] not in lesser]


def people() -> list[dict[str, Any]]:
    """Return the accounts that are neither root's nor a service's, in the form of `workers`."""
    services_own = {*ACCOUNTS.values(), "www-data"}
    every = [each for each in pwd.getpwall() if each.pw_uid and each.pw_name not in services_own]
    return [
        {"pid": os.getpid(), "uid": each.pw_uid, "gid": each.pw_gid,
         "groups": os.getgrouplist(each.pw_name, each.pw_gid)}
        for each in every[:MOST_PEOPLE]
    ]  # fmt: skip


def _closed(path: str) -> bool:
    """Tell whether a plain file is there that not everybody can read."""
    try:
        status = os.lstat(path)
        if not Path(path).is_file() or Path(path).is_symlink():
            return False
        return not status.st_mode & 0o004 or any(
            not parent.stat().st_mode & 0o001 for parent in Path(path).parents
        )
    except OSError:
        return False


def _nameless(path: str) -> str:
    """Return a path without what may be a person's name, as the files of Prosody's stores have."""
    place = Path(path)
    if path.startswith("/var/lib/prosody/"):
        return f"{place.parent}/*{place.suffix}"
    return path
