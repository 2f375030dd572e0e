#!/usr/bin/python
"""Everything the deployment needs to know about a school's server, in one look."""

from __future__ import annotations

import errno
import glob
import os
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils import (
    deployment_lock,
    obeyed,
    others,
    packet_filters,
    preflight,
    protection,
    readings,
    repository,
    same_source,
)
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.prosody_store import account_path, password_matches, read_plain
from ansible.module_utils.school_server import (
    CONFIG,
    PENDING,
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
  - Before, it takes the server for this deployment, unless another one is at work there.
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
    description: The fingerprints that the key may have, separated by a comma and a space.
    type: str
    required: true
  packages:
    description: What a thorough look tries to install, changing nothing.
    type: list
    elements: str
    default: []
  absent:
    description: Files that a deployment takes away, which are in nobody's way.
    type: list
    elements: str
    default: []
  thorough:
    description: Also look at what only a check before the deployment needs.
    type: bool
    default: false
  run: {description: Which deployment this belongs to, type: dict, default: {}}
  over: {description: A deployment that is known to have ended, type: str, default: ''}
author: The jitsi-provision team
"""


def system(given: dict[str, Any]) -> dict[str, Any]:
    """Return release, architecture, memory, cores, free disk and names of this machine."""
    disk = os.statvfs("/var")
    name = os.uname().nodename
    return readings.release(read_text("/etc/os-release")) | {
        "architecture": run("dpkg", "--print-architecture").stdout.strip(),
        "memory_mb": readings.memory(
            read_text("/proc/meminfo"), read_text("/sys/fs/cgroup/memory.max")
        ),
        "cores": os.cpu_count() or 1,
        "disk_free_mb": disk.f_bavail * disk.f_frsize // 1048576,
        "time": time.time(),
        "host_name": name,
        "hosts": readings.hosts(read_text("/etc/hosts"), given["domain"], name),
    }


def addresses(_given: dict[str, Any]) -> dict[str, Any]:
    """Return the addresses of the interfaces and the one that leads outside, a family each."""
    # No packet leaves: the kernel only says which source address it would take.
    return {
        "addresses": readings.interfaces(run("ip", "-j", "address").stdout),
        "address4": readings.route(run("ip", "-j", "-4", "route", "get", "192.0.2.1").stdout),
        "address6": readings.route(run("ip", "-j", "-6", "route", "get", "2001:db8::1").stdout),
        "ipv6": knows_ipv6(),
    }


def knows_ipv6() -> bool:
    """Tell whether a program can open a port over IPv6; a parameter of the kernel takes it away.

    Switched off by a setting of the kernel alone, it lacks addresses, and ports can be opened.
    """
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tried:
            tried.bind(("::", 0))
    except OSError as error:
        return error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return True


def packages(_given: dict[str, Any]) -> dict[str, Any]:
    """Return what is installed, and whether an installation was interrupted."""
    return readings.packages(run("dpkg-query", "-W", "-f", readings.PACKAGE_FORMAT).stdout)


def units(given: dict[str, Any]) -> dict[str, Any]:
    """Return for each unit whether it exists, runs, and since which invocation."""
    wanted = f"--property={readings.UNIT_PROPERTIES}"
    return {"units": readings.units(run("systemctl", "show", *given["units"], wanted).stdout)}


def access(_given: dict[str, Any]) -> dict[str, Any]:
    """Return which programs listen, and how the server is protected."""
    listeners = readings.listeners(run("ss", "-H", "-l", "-n", "-t", "-u", "-p").stdout)
    for held in listeners:
        held["unit"] = others.unit_of(next(iter(held["pids"]), 0))
    filters = packet_filters.look()
    return {"listeners": listeners, "packet_filters": filters, **protection.look(listeners)}


def certificates(given: dict[str, Any]) -> dict[str, Any]:
    """Return the certificates that there are, which of them is served, and how it is renewed."""
    domain = given["domain"]
    found = {
        path: certificate(path)
        for path in (
            CONFIG + "/tls/fullchain.pem",
            f"/etc/letsencrypt/live/{domain}/fullchain.pem",
            STATE + "/own/chain.pem",
            STATE + "/self-signed/certificate.pem",
        )
    }
    return {
        "certificates": found,
        "served": [path for path, known in found.items() if known and served_everywhere(path)],
        "acme_renewal": read_text(f"/etc/letsencrypt/renewal/{domain}.conf"),
    }


def certificate(path: str) -> dict[str, Any]:
    """Return subject names, issuer and life of a certificate, or nothing where there is none."""
    if not os.path.exists(path):
        return {}
    parts = ("-issuer", "-subject", "-dates", "-fingerprint", "-sha256", "-ext", "subjectAltName")
    return readings.certificate(run("openssl", "x509", "-in", path, "-noout", *parts).stdout)


def served_everywhere(path: str) -> bool:
    """Tell whether web and TURN have this very certificate."""
    text = read_text(path)
    return all(
        read_text(copy) == text
        for copy in (CONFIG + "/tls/fullchain.pem", "/etc/coturn-tls/cert.pem")
    )


def outward(given: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of the package repository, and if asked whether it has all packages."""
    url = given["repository"].rstrip("/")
    found = repository.look(
        url,
        given["fingerprint"].split(", "),
        thorough=given["thorough"],
        seconds=preflight.PATIENCE if given["thorough"] else 20,
    )
    if given["thorough"]:
        found["lacks"] = repository.trial(url, found, given["packages"], preflight.TRIAL_PATIENCE)
    return {"repository": found, "repository_shared": repository.is_shared(given["repository"])}


def thorough(given: dict[str, Any]) -> dict[str, Any]:
    """Return what takes time, where it is asked for."""
    return {"preflight": preflight.look()} if given["thorough"] else {}


def files(given: dict[str, Any]) -> dict[str, Any]:
    """Return what files tell of users, of earlier deployments and of what the sysadmin added."""
    local = glob.glob(CONFIG + "/local/**", recursive=True)
    return {
        "users": re.findall(r"^([^:]+):", read_text("/etc/passwd"), re.MULTILINE),
        "debconf_host_name": readings.debconf_host_name(read_text("/var/cache/debconf/config.dat")),
        "pending": read_json(PENDING, {}),
        "policy_rc_d": os.path.exists("/usr/sbin/policy-rc.d"),
        "local_changes": sorted(path for path in local if os.path.isfile(path)),
        "same_sources": same_source.look(given["repository"]),
        **others.look(),
    }


def in_force(given: dict[str, Any]) -> dict[str, Any]:
    """Return in which ways services do not obey the files that a deployment brings."""
    return {"disobeyed": obeyed.look(given["domain"], given["absent"])}


def trusted_internally(name: str) -> bool:
    """Tell whether this machine's trust store holds Prosody's own certificate."""
    body = "".join(read_text(f"/etc/prosody/certs/{name}.crt").split("-----")[2:3]).strip()
    return bool(body) and body in read_text("/etc/ssl/certs/ca-certificates.crt")


def accounts(given: dict[str, Any]) -> dict[str, Any]:
    """Tell whether focus and bridge can sign in with the secrets that their files hold."""
    host = "auth." + given["domain"]
    found = {}
    for user, secret in (("focus", "focus"), ("jvb", "bridge")):
        password = read_text(f"{SECRETS}/{secret}").strip()
        found[user] = bool(password) and password_matches(account_path(host, user), password)
    roster = read_plain(account_path(host, "focus").replace("/accounts/", "/roster/"))
    found["roster"] = f"focus.{given['domain']}" in roster
    return {"accounts": found, "trusted": trusted_internally(host)}


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "units": {"type": "list", "elements": "str", "default": []},
            "repository": {"type": "str", "required": True},
            "fingerprint": {"type": "str", "required": True, "no_log": False},
            "packages": {"type": "list", "elements": "str", "default": []},
            "absent": {"type": "list", "elements": "str", "default": []},
            "thorough": {"type": "bool", "default": False},
            "run": deployment_lock.ARGUMENT,
            "over": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    run, over = module.params["run"], module.params["over"]
    if run and (holder := deployment_lock.take(run, over, rehearsal=module.check_mode)):
        deployment_lock.refuse(module, holder)
    looks = (
        system, addresses, packages, units, access, files, in_force, certificates, accounts,
        outward, thorough,
    )  # fmt: skip
    # Most of the time goes by in other programs: dpkg, systemctl, sshd, nft, openssl.
    with ThreadPoolExecutor(len(looks)) as pool:
        found = [pool.submit(look, module.params) for look in looks]
        facts = {name: fact for part in found for name, fact in part.result().items()}
    module.exit_json(changed=False, server=facts)


if __name__ == "__main__":
    main()
