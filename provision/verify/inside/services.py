"""Units of systemd: how they are confined, what runs by the clock, and the certificates."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from provision.verify.inside import reading

SERVICES = ("nginx", "prosody", "jicofo", "jitsi-videobridge2", "coturn")
DAY = 86400
TIMERS = ("certbot", "apt-daily", "apt-daily-upgrade", "logrotate", "acme")
CERTIFICATES = ("/etc/jitsi-provision/tls/fullchain.pem", "/etc/coturn-tls/cert.pem",
                "/etc/jitsi/meet/*.crt", "/etc/coturn/certs/*.fullchain.pem",
                "/etc/coturn/certs/*.crt")  # fmt: skip
OURS = Path("/var/lib/jitsi-provision")


def confinement(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return {"nginx": 1.4}: how exposed systemd thinks each service to be, 0 to 10 (worst)."""
    # Named, they cost a seventh of what the list of all services would.
    units = [f"{name}.service" for name in SERVICES]
    said = reading.ask("systemd-analyze", "security", "--no-pager", *units)
    levels = re.findall(r"exposure level for (\S+)\.service: ([0-9.]+)", said)
    exposure = {name: float(level) for name, level in levels}
    return {"exposure": exposure}


def timers(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return for each timer whether it is active, and how its service last ended."""
    units = _show([f"{name}.{kind}" for name in TIMERS for kind in ("timer", "service")])
    found = {}
    for name in TIMERS:
        timer, service = units.get(name + ".timer", {}), units.get(name + ".service", {})
        if timer.get("LoadState") == "loaded":
            found[name] = {
                "active": timer.get("ActiveState") == "active",
                "ran": service.get("ExecMainExitTimestamp", "") not in {"", "n/a"},
                "result": service.get("Result", ""),
                "status": service.get("ExecMainStatus", ""),
            }
    cron = [str(path) for path in reading.found("/etc/cron.d/*") if path.name != ".placeholder"]
    return {
        "timers": found,
        "cron": {
            word: any(
                word in reading.text(path) for path in [*cron, "/var/spool/cron/crontabs/root"]
            )
            for word in ("certbot", "acme.sh", "logrotate")
        },
        "daily": Path("/etc/cron.daily/logrotate").exists(),
    }


def certificates(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return of each certificate that is served: days left, days it is good for, kind of key."""
    found, unread = {}, list[str]()
    for path in {each.resolve() for pattern in CERTIFICATES for each in reading.found(pattern)}:
        said = reading.run("openssl", "x509", "-in", str(path), "-noout", "-dates", "-issuer",
                           "-subject", "-fingerprint", "-sha256", "-text")  # fmt: skip
        ends = re.search(r"^notAfter=(.*)$", said, re.MULTILINE)
        begins = re.search(r"^notBefore=(.*)$", said, re.MULTILINE)
        if not ends or not begins:
            unread.append(str(path))
            continue
        bits = re.search(r"Public-Key: \((\d+) bit\)", said)
        issuer = re.search(r"^issuer=(.*)$", said, re.MULTILINE)
        subject = re.search(r"^subject=(.*)$", said, re.MULTILINE)
        print_ = re.search(r"Fingerprint=([0-9A-F:]+)", said)
        found[str(path)] = {
            "left": round((_moment(ends[1]) - time.time()) / DAY, 2),
            "lifetime": round((_moment(ends[1]) - _moment(begins[1])) / DAY, 2),
            "elliptic": "id-ecPublicKey" in said,
            "bits": int(bits[1]) if bits else 0,
            "self_signed": bool(issuer and subject and issuer[1] == subject[1]),
            "fingerprint": print_[1] if print_ else "",
        }
    renewal = [str(path) for path in reading.found("/etc/letsencrypt/renewal/*.conf")]
    hooks = [str(path) for path in reading.found("/etc/letsencrypt/renewal-hooks/deploy/*")]
    return {
        "served": found,
        "unread": sorted(unread),
        "renewal": renewal,
        "hooks": [hook for hook in hooks if Path(hook).stat().st_mode & 0o100],
        "own_hook": any(
            "deploy" in reading.text(path) and "hook" in reading.text(path) for path in renewal
        ),
        "acme_sh": bool(
            reading.found("/opt/acmesh/.acme.sh/*/*.conf")
            or reading.found("/root/.acme.sh/*/*.conf")
        ),
    }


def deployment(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what this program's own records say: files changed since, and local additions."""
    try:
        known = json.loads(reading.text(OURS / "written.json", 4 * reading.LIMIT) or "{}")
    except ValueError:
        known = {}
    return {
        "ours": OURS.is_dir(),
        "files": len(known),
        "changed": sorted(path for path, digest in known.items() if _differs(path, digest)),
        "pending": _record("pending.json"),
        "local": [
            str(path) for path in reading.found("/etc/jitsi-provision/local/**") if path.is_file()
        ],
    }


def _differs(path: str, digest: str) -> bool:
    try:
        return reading.digest(path) != digest
    except OSError:
        return True


def _record(name: str) -> dict[str, Any]:
    """Return a record of ours: numbers and words that the program wrote itself."""
    found = json.loads(reading.text(OURS / name) or "{}")
    if not isinstance(found, dict):
        raise TypeError(f"{name} is torn")
    return found


def _show(units: list[str]) -> dict[str, dict[str, str]]:
    """Return what systemd knows of units, by name."""
    wanted = "Id,LoadState,ActiveState,Result,ExecMainStatus,ExecMainExitTimestamp"
    said = reading.ask("systemctl", "show", "--property=" + wanted, *units)
    blocks = [
        dict(line.partition("=")[::2] for line in block.splitlines())
        for block in said.strip().split("\n\n")
    ]
    return {block["Id"]: block for block in blocks if "Id" in block}


def _moment(text: str) -> float:
    import ssl  # noqa: PLC0415 - costs 20 ms, only here

    return float(ssl.cert_time_to_seconds(text.strip()))
