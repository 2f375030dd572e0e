#!/usr/bin/python
"""Everything the deployment needs to know about a school's server, in one look."""

from __future__ import annotations

import glob
import hashlib
import ipaddress
import json
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from base64 import b64decode

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.prosody_store import account_path, password_matches
from ansible.module_utils.school_server import (
    CONFIG,
    PENDING,
    RUN,
    SECRETS,
    STATE,
    read_json,
    read_text,
    run,
)

DOCUMENTATION = r"""
module: server_facts
short_description: Look at a school's server
description:
  - Reads, in one call and without changing anything, what the other phases decide by.
options:
  domain:
    description: The host name of the conference server.
    type: str
    required: true
  units:
    description: Units whose state is wanted.
    type: list
    elements: str
    default: []
  repository:
    description: URL of the Jitsi package repository; looked at only while its key is missing.
    type: str
    required: true
  fingerprint:
    description: The fingerprint that the repository's key must have, 40 hexadecimal digits.
    type: str
    required: true
author: The jitsi-provision team
"""

KEYRING = "/etc/apt/keyrings/jitsi-provision.asc"


def system():
    """Return release, architecture, memory, cores and free disk of this machine."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', read_text("/etc/os-release"), re.MULTILINE))
    memory = re.search(r"MemTotal:\s+(\d+)", read_text("/proc/meminfo"))
    megabytes = int(memory.group(1)) // 1024 if memory else 0
    # A container's limit is what its services really get.
    limit = read_text("/sys/fs/cgroup/memory.max").strip()
    if limit.isdigit():
        megabytes = min(megabytes, int(limit) // 1048576)
    disk = os.statvfs("/var")
    return {
        "os": release.get("ID", ""),
        "os_name": release.get("PRETTY_NAME", "an unknown system"),
        "release": int(release["VERSION_ID"]) if release.get("VERSION_ID", "").isdigit() else 0,
        "codename": release.get("VERSION_CODENAME", ""),
        "architecture": run("dpkg", "--print-architecture").stdout.strip(),
        "memory_mb": megabytes,
        "cores": os.cpu_count() or 1,
        "disk_free_mb": disk.f_bavail * disk.f_frsize // 1048576,
        "time": time.time(),
    }


def addresses():
    """Return the addresses of the interfaces and the one that leads outside, a family each."""
    found = {"address4": "", "address6": "", "addresses": []}
    for interface in json.loads(run("ip", "-j", "address").stdout or "[]"):
        for entry in interface.get("addr_info", []):
            if entry.get("scope") == "global":
                found["addresses"].append(entry["local"])
    # No packet leaves: the kernel only says which source address it would take.
    for family, target in (("4", "192.0.2.1"), ("6", "2001:db8::1")):
        route = json.loads(run("ip", "-j", "-" + family, "route", "get", target).stdout or "[]")
        source = route[0].get("prefsrc", "") if route else ""
        if source and not ipaddress.ip_address(source).is_link_local:
            found["address" + family] = source
    return found


def packages():
    """Return installed packages with their versions, and whether dpkg was interrupted."""
    installed, broken = {}, False
    query = run("dpkg-query", "-W", "-f=${db:Status-Abbrev}\t${Package}\t${Version}\n")
    for line in query.stdout.splitlines():
        status, name, version = line.split("\t")
        if status.startswith(("ii", "hi")):
            installed[name] = version
        elif status[1:2] in "UFHWt" and status[:1] != "d":
            broken = True
    return {"packages": installed, "dpkg_interrupted": broken}


def debconf_host_name():
    """Return the host name that Jitsi's packages were once installed with, or nothing."""
    text = read_text("/var/cache/debconf/config.dat")
    entry = re.search(
        r"^Name: jitsi-videobridge/jvb-hostname\n(?:.+\n)*?Value: (.*)$", text, re.MULTILINE
    )
    return entry.group(1).strip() if entry else ""


def units(names):
    """Return for each unit whether it exists, runs, and since which invocation."""
    shown = run(
        "systemctl",
        "show",
        *names,
        "--property=Id,LoadState,ActiveState,SubState,SourcePath,InvocationID",
    )
    states = {}
    for block in shown.stdout.strip().split("\n\n"):
        entry = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if entry:
            states[entry["Id"]] = {
                "loaded": entry["LoadState"] == "loaded",
                # A service with only an init script (Jicofo) stays "active" when it has died.
                "active": entry["ActiveState"] in ("active", "activating", "reloading")
                and not (
                    entry["SourcePath"].startswith("/etc/init.d/") and entry["SubState"] == "exited"
                ),
                "invocation": entry.get("InvocationID", ""),
            }
    return states


def listeners():
    """Return who holds which port: a list of {protocol, address, port, program}."""
    held = []
    for line in run("ss", "-H", "-l", "-n", "-t", "-u", "-p").stdout.splitlines():
        columns = line.split()
        address, _colon, port = columns[4].rpartition(":")
        program = re.search(r'\(\("([^"]+)"', line)
        held.append(
            {
                "protocol": columns[0],
                "address": address.strip("[]"),
                "port": int(port),
                "program": program.group(1) if program else "",
            }
        )
    return held


def certificate(path):
    """Return subject names, issuer and end of a certificate, or nothing where there is none."""
    if not os.path.exists(path):
        return {}
    shown = run(
        "openssl",
        "x509",
        "-in",
        path,
        "-noout",
        "-issuer",
        "-subject",
        "-enddate",
        "-fingerprint",
        "-sha256",
        "-ext",
        "subjectAltName",
    ).stdout
    end = re.search(r"^notAfter=(.*)$", shown, re.MULTILINE)
    issuer = re.search(r"^issuer=(.*)$", shown, re.MULTILINE)
    subject = re.search(r"^subject=(.*)$", shown, re.MULTILINE)
    print_ = re.search(r"Fingerprint=([0-9A-F:]+)", shown)
    return {
        "names": sorted(re.findall(r"DNS:([^,\s]+)", shown)),
        "issuer": issuer.group(1).strip() if issuer else "",
        "self_signed": bool(issuer and subject and issuer.group(1) == subject.group(1)),
        "ends": int(ssl.cert_time_to_seconds(end.group(1))) if end else 0,
        "fingerprint": print_.group(1) if print_ else "",
    }


def served_everywhere(path):
    """Tell whether web and TURN have this very certificate."""
    text = read_text(path)
    return all(
        read_text(copy) == text
        for copy in (CONFIG + "/tls/fullchain.pem", "/etc/coturn-tls/cert.pem")
    )


def key_fingerprint(armoured):
    """Return the version 4 fingerprint of an OpenPGP public key (RFC 4880, section 12.2)."""
    body = re.search(r"BLOCK-----\n(?:.*:.*\n)*\n([A-Za-z0-9+/=\s]+?)(?:\n=|\n-----END)", armoured)
    if not body:
        return ""
    data = b64decode(body.group(1))
    first = data[0]
    if first & 0x40:  # new packet format
        size, start = data[1], 2
        if 192 <= size < 224:
            size, start = ((size - 192) << 8) + data[2] + 192, 3
        elif size == 255:
            size, start = int.from_bytes(data[2:6], "big"), 6
    else:
        width = 1 << (first & 3)
        size, start = int.from_bytes(data[1 : 1 + width], "big"), 1 + width
    packet = data[start : start + size]
    return hashlib.sha1(b"\x99" + len(packet).to_bytes(2, "big") + packet).hexdigest().upper()


def fetch(url):
    """Return the text behind a URL; raises OSError with the reason."""
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310
        return answer.read(1 << 20).decode("utf-8", "replace")


def repository(url, fingerprint):
    """Return whether the repository answers with the expected key, and why not otherwise."""
    if key_fingerprint(read_text(KEYRING)) == fingerprint:
        return {"state": "known"}
    try:
        key = fetch(url.rstrip("/") + "/jitsi-key.gpg.key")
        fetch(url.rstrip("/") + "/stable/InRelease")
    except urllib.error.HTTPError as error:
        return {"state": "missing", "url": error.url, "reason": f"it answers {error.code}"}
    except OSError as error:
        return {"state": "unreachable", "reason": str(getattr(error, "reason", error))}
    found = key_fingerprint(key.replace("\r\n", "\n"))
    if found != fingerprint:
        return {"state": "other_key", "found": found}
    return {"state": "new", "key": key}


def trusted_internally(name):
    """Tell whether this machine's trust store holds Prosody's own certificate."""
    body = "".join(read_text(f"/var/lib/prosody/{name}.crt").split("-----")[2:3]).strip()
    return bool(body) and body in read_text("/etc/ssl/certs/ca-certificates.crt")


def service_accounts(domain):
    """Tell whether focus and bridge can sign in with the secrets that their files hold."""
    accounts = {}
    for user, secret in (("focus", "focus"), ("jvb", "bridge")):
        password = read_text(f"{SECRETS}/{secret}").strip()
        accounts[user] = bool(password) and password_matches(
            account_path("auth." + domain, user), password
        )
    roster = read_text(account_path("auth." + domain, "focus").replace("/accounts/", "/roster/"))
    accounts["roster"] = f"focus.{domain}" in roster
    return accounts


def main():
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "units": {"type": "list", "elements": "str", "default": []},
            "repository": {"type": "str", "required": True},
            "fingerprint": {"type": "str", "required": True, "no_log": False},
        },
        supports_check_mode=True,
    )
    domain = module.params["domain"]
    facts = system()
    facts.update(addresses())
    facts.update(packages())
    facts["users"] = re.findall(r"^([^:]+):", read_text("/etc/passwd"), re.MULTILINE)
    facts["debconf_host_name"] = debconf_host_name()
    facts["ours"] = os.path.isdir(CONFIG)
    facts["units"] = units(module.params["units"])
    facts["listeners"] = listeners()
    facts["certificates"] = {
        path: certificate(path)
        for path in (
            CONFIG + "/tls/fullchain.pem",
            f"/etc/letsencrypt/live/{domain}/fullchain.pem",
            STATE + "/own/chain.pem",
            STATE + "/self-signed/certificate.pem",
        )
    }
    facts["served"] = [
        path for path, found in facts["certificates"].items() if found and served_everywhere(path)
    ]
    facts["acme_renewal"] = read_text(f"/etc/letsencrypt/renewal/{domain}.conf")
    facts["repository"] = repository(module.params["repository"], module.params["fingerprint"])
    facts["trusted"] = trusted_internally("auth." + domain)
    facts["accounts"] = service_accounts(domain)
    facts["pending"] = read_json(PENDING, {})
    facts["conference"] = read_text(RUN + "/first-conference").strip()
    facts["policy_rc_d"] = os.path.exists("/usr/sbin/policy-rc.d")
    facts["local_changes"] = sorted(
        p for p in glob.glob(CONFIG + "/local/**", recursive=True) if os.path.isfile(p)
    )
    module.exit_json(changed=False, server=facts)


if __name__ == "__main__":
    main()
