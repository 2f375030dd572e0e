"""What on this server is somebody else's: by checksums of Debian's, never by a name.

nginx, Prosody and coturn become ours alone. Where one of them is as its package has brought it,
nobody has ever set it up, and nobody misses what it did.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from typing import TYPE_CHECKING, Any

from ansible.module_utils.school_server import MANIFEST, read_json, read_text, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACES = {
    "nginx": ("/etc/nginx",),
    "prosody": ("/etc/prosody",),
    "coturn": ("/etc/turnserver.conf", "/etc/default/coturn"),
}
"""Where each service is set up."""
# Without these the service does not start, and none of ours stands in for them. dpkg takes a file
# that somebody has deleted for deleted on purpose, also when it installs the package again.
NEEDED = {"/etc/nginx/mime.types": "nginx-common", "/etc/prosody/prosody.cfg.lua": "prosody"}
# Nothing reads these: what dpkg and editors leave, and certificates that nothing names.
IDLE = re.compile(r"\.(?:dpkg-\w+|ucf-\w+|bak|orig|swp)$|~$|/etc/prosody/certs/")
PAGES, OWN_PAGE = "/var/www/html", "/usr/share/nginx/html/index.html"
"""What nginx serves where nobody has told it anything else, and the page that it brings there."""
# Apache's own page, of Debian 12 and 13: it stays when Apache goes.
APACHES = ("e2620d4a5a0f8d80dd4b16de59af981f", "58d03fa9125ca62b1019ce77c8accaa6")
DEFAULT_SITE = "/etc/nginx/sites-enabled/default"
NGINX = "/usr/sbin/nginx"
ACCOUNTS = "/var/lib/prosody/*/accounts/*.dat"
MOST = 20


def ours() -> bool:
    """Tell whether this server has been deployed to, by what was noted there."""
    return bool(read_json(MANIFEST, {}))


def look() -> dict[str, Any]:
    """Return for each service what somebody has set up there; nothing where it is ours already."""
    lost = {path: package for path, package in NEEDED.items() if not os.path.exists(path)}
    if ours():
        return {"ours": True, "others": {}, "lost": lost}
    debian = conffiles(run("dpkg-query", "-W", "-f", "${Conffiles}\n").stdout)
    found = {service: list(changed(places, debian)) for service, places in PLACES.items()}
    found["nginx"] += pages()
    found["prosody"] += accounts()
    found = {name: paths[:MOST] for name, paths in found.items() if paths}
    return {"ours": False, "others": found, "lost": lost}


def conffiles(text: str) -> dict[str, str]:
    """Return the checksum of each file that packages let people change, as it was delivered."""
    return dict(re.findall(r"^ (/\S+) ([0-9a-f]{32})\b", text, re.MULTILINE))


def changed(places: tuple[str, ...], debian: dict[str, str]) -> Iterator[str]:
    """Yield each file that is not as Debian has delivered it."""
    for path in _files(places):
        real = os.path.realpath(path)
        if IDLE.search(path) or (real in debian and not os.path.exists(real)):
            continue
        known = debian.get(real) or _delivered(real)
        if not known or known != _checksum(real):
            yield path


def _files(places: tuple[str, ...]) -> Iterator[str]:
    for place in places:
        if not os.path.isdir(place):
            yield from [place] if os.path.lexists(place) else []
        for folder, folders, names in os.walk(place):
            folders.sort()
            links = [name for name in folders if os.path.islink(f"{folder}/{name}")]
            yield from sorted(f"{folder}/{name}" for name in (*names, *links))


def _delivered(path: str) -> str:
    """Return the checksum of a file that is no setting, such as what loads a module of nginx."""
    wanted = path.lstrip("/")
    for listed in glob.glob("/var/lib/dpkg/info/*nginx*.md5sums"):
        for line in read_text(listed).splitlines():
            checksum, _spaces, name = line.partition("  ")
            if name == wanted:
                return checksum
    return ""


def _checksum(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.md5(file.read(1 << 20), usedforsecurity=False).hexdigest()
    except OSError:
        return ""


def pages() -> list[str]:
    """Return the pages that nginx serves although nobody has changed its settings."""
    if not os.path.lexists(DEFAULT_SITE) or not os.path.exists(NGINX):
        return []
    known = (_checksum(OWN_PAGE) or None, *APACHES)
    return [path for path in _files((PAGES,)) if _checksum(path) not in known]


def accounts() -> list[str]:
    """Return the accounts that Prosody has for people."""
    return sorted(glob.glob(ACCOUNTS))


def unit_of(pid: int, read: Callable[[str], str] = read_text) -> str:
    """Return the service that a process belongs to, by the kernel's word; nothing for none."""
    for line in read(f"/proc/{pid}/cgroup").splitlines():
        units = re.findall(r"/([^/]+\.(?:service|scope))", line.rpartition(":")[2])
        if units:
            return str(units[-1])
    return ""
