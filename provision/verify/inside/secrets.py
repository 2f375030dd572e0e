"""Files that hold secrets: who may read them, and whether their content also lies elsewhere.

A secret is compared on the server and never reported; of a readable copy only its place is.
"""

from __future__ import annotations

import grp
import re
from typing import TYPE_CHECKING, Any

from provision.verify.inside import copies, processes, reading

if TYPE_CHECKING:
    from pathlib import Path

HOLDERS = (
    "/etc/jitsi/videobridge/jvb.conf", "/etc/jitsi/videobridge/config",
    "/etc/jitsi/videobridge/sip-communicator.properties", "/etc/jitsi/jicofo/jicofo.conf",
    "/etc/jitsi/jicofo/config", "/etc/jitsi/jicofo/sip-communicator.properties",
    "/etc/turnserver.conf", "/etc/prosody/conf.avail/*.cfg.lua", "/etc/prosody/conf.d/*.cfg.lua",
    "/etc/prosody/prosody.cfg.lua", "/etc/jitsi-provision/secrets/*",
    "/etc/jitsi-provision/local/*",
)  # fmt: skip
KEYS = ("/etc/jitsi-provision/tls/key.pem", "/etc/coturn-tls/*key*", "/etc/coturn/certs/*key*",
        "/etc/jitsi/meet/*.key", "/etc/prosody/certs/*.key", "/var/lib/prosody/*.key",
        "/etc/letsencrypt/archive/*/privkey*.pem", "/etc/letsencrypt/accounts/**/private_key.json",
        "/etc/ssl/private/*.key", "/etc/ssh/ssh_host_*_key", "/root/.acme.sh/**/*.key",
        "/var/lib/jitsi-provision/**/key.pem", "/opt/acmesh/**/*.key")  # fmt: skip
VALUE = re.compile(
    r"""^\s*(?:[\w.\-]*\.)?(?P<name>[\w\-]*(?:password|secret)\w*)\s*[=:]\s*["']?(?P<value>[^\s"',;}]{4,})""",
    re.IGNORECASE | re.MULTILINE,
)
ELSEWHERE = ("/var/cache/debconf/config.dat", "/etc/jitsi/meet/*.js", "/usr/share/jitsi-meet/*.js",
             "/var/lib/jitsi-provision/www/*", "/etc/jitsi/*/config", "/etc/jitsi/*/*.conf",
             "/etc/default/*", "/etc/environment")  # fmt: skip
NOT_SECRET = re.compile(r"^(?:see-|true$|false$|changeme)", re.IGNORECASE)
SHORT = 16


def files(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return modes of the files that hold secrets, and what is wrong with the secrets."""
    holders: dict[str, dict[str, str]] = {}
    values: dict[str, str] = {}
    for path in _paths(HOLDERS):
        held = {
            (found["name"].lower(), found["value"])
            for found in VALUE.finditer(_code(path))
            if not NOT_SECRET.match(found["value"])
        }
        if path.parent.name == "secrets":
            held = {(path.name, reading.text(path).strip())}
        if held:
            holders[str(path)] = _rights(path)
            values |= {value: name for name, value in held if value}
    shown = {
        str(path)
        for path in _paths(ELSEWHERE)
        if path.stat().st_mode & 0o004 and any(value in reading.text(path) for value in values)
    }
    keys = _paths(KEYS)
    texts = [text for path in keys for text in copies.key_texts(reading.text(path))]
    # Of the files themselves, the rights are judged.
    shown |= copies.found([*values, *texts]) - {*holders, *map(str, keys)}
    arguments = {
        process["unit"] or str(process["pid"])
        for process in processes.every()
        if any(value in word for value in values for word in process["arguments"])
    }
    return {
        "holders": holders,
        "keys": {str(path): _rights(path) for path in keys},
        "short": sorted({name for value, name in values.items() if len(value) < SHORT}),
        "readable_copies": sorted(shown),
        "in_arguments": sorted(arguments),
        "count": len(values),
    }


def _code(path: Path) -> str:
    """Return a file without the lines that are comments."""
    lines = reading.text(path).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("#", "--", "//")))


def _paths(patterns: tuple[str, ...]) -> list[Path]:
    """Return the true files, each once, however many links lead there."""
    every = [path for pattern in patterns for path in reading.found(pattern)]
    return sorted({path.resolve() for path in every if path.is_file()})


def _rights(path: Path) -> dict[str, str]:
    """Return mode and group, and whether everybody may enter the directories above it."""
    status = path.stat()
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    closed = any(not parent.stat().st_mode & 0o001 for parent in path.parents)
    return {"mode": f"{status.st_mode & 0o7777:04o}", "group": group, "closed": str(closed).lower()}
