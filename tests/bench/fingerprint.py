"""What a host is: configuration, units, accounts; so that two moments can be compared."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.host import Host

TREES = ("/etc", "/usr/lib/systemd/system", "/usr/local/lib/systemd/system", "/var/lib/prosody")

# What changes by itself, with the reason. Everything else that changes was changed by somebody.
IGNORED = {
    "/etc/resolv.conf": "belongs to the network, DHCP clients and resolvers rewrite it",
    "/etc/ld.so.cache": "an index of libraries, rebuilt by package triggers",
    "/etc/machine-id": "identity of the host, not configuration",
    "/etc/.pwd.lock": "a lock, touched by every look at accounts",
    "/etc/adjtime": "drift of the clock",
    "/etc/mtab": "a view of the mounts of the moment",
}
IGNORED_STORES = {
    "cron": "when Prosody's periodic tasks last ran",
    "account_activity": "when an account last signed in",
}

# Runs inside the host; prints {path: "type mode owner:group content"}.
LOOK = r"""
import grp, hashlib, json, os, pwd, stat, subprocess, sys
trees, ignored, stores = json.load(sys.stdin)
found = {}
def name(table, number):
    try:
        return table(number)[0]
    except KeyError:
        return str(number)
def look(path):
    if path in ignored:
        return
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    content = ""
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFSOCK:  # belongs to a running program, which makes it anew at each start
        return
    if kind == stat.S_IFLNK:
        content = os.readlink(path)
    elif kind == stat.S_IFREG:
        with open(path, "rb") as data:
            content = hashlib.sha256(data.read()).hexdigest()
    owner = name(pwd.getpwuid, status.st_uid) + ":" + name(grp.getgrgid, status.st_gid)
    found[path] = f"{stat.filemode(status.st_mode)} {owner} {content}"
for tree in trees:
    look(tree)
    for folder, folders, files in os.walk(tree):
        if tree == "/var/lib/prosody":
            folders[:] = [one for one in folders if one not in stores]
        for one in folders + files:
            look(os.path.join(folder, one))
listing = ["systemctl", "list-unit-files", "--no-legend", "--no-pager", "--plain"]
for line in subprocess.run(listing, capture_output=True, text=True).stdout.splitlines():
    unit, state = line.split()[:2]
    if state not in ("transient", "generated"):
        found["unit " + unit] = state
json.dump(found, sys.stdout)
"""


def state(host: Host) -> dict[str, str]:
    """Return everything that counts as the host's state, by path or "unit NAME"."""
    question = json.dumps([TREES, sorted(IGNORED), sorted(IGNORED_STORES)])
    answer = host.run(["python3", "-c", LOOK], input=question).stdout
    found: dict[str, str] = json.loads(answer)
    return found


def digest(found: dict[str, str]) -> str:
    """Return one checksum over a state."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return one line for each thing that is new, gone or changed."""
    lines = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old != new:
            lines.append(f"{key}: {old or 'absent'} → {new or 'absent'}")
    return lines
