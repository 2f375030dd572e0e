"""Whole trees for invented schools: every kind of certificate, release, language and address."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from provision.deploy import tree
from provision.settings.table import School

ROLES = Path(__file__).parents[2] / "roles"
PLAYBOOK = yaml.safe_load((ROLES.parent / "playbooks" / "deploy.yml").read_text("utf-8"))
NAMES: list[str] = PLAYBOOK[0]["roles"][0]["deployment_roles"]
"""In the order in which a deployment applies them."""
NONCE = "0123456789abcdef"
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 47])
"""The longest name that is accepted."""
DOMAINS = [
    "meet.example.org",
    "x.de",
    "xn--mnchen-3ya.example",
    "meet.xn--strae-oqa.de",
    "1-2.a-b.c.d.example.org",
    LONGEST,
]
HOSTILE = [
    "Gymnasium „Am Markt“, Köln",
    "O'Neill & Söhne <b>",
    "${HOME} $(id) `id` $remote_addr",
    '"; os.exit(1) --',
    "</script><script>alert(1)</script>",
    '<!--#include virtual="/secret" -->',
    "]==] */ # // ; } %s \\",
    "@@secret:NONCE:focus@@",
]


PROTECTED = {
    "private_mounts": True,
    "sshd": True,
    "key_sign_in": True,
    "ssh_ports": [22],
    "tunnels": {"ports": {}, "way_in": {}},
    "own_rules": [],
    "ssh": {"line_missing": False, "options": []},
    "overruled": [],
    "disobeyed": [],
    "open_now": None,
    "firewall_possible": True,
    "access_kept": True,
    "asks_at_boot": False,
}
"""What module_utils/protection.py sees of a server on which nothing of it is missing."""


def school(**settings: Any) -> dict[str, Any]:
    """Return all settings of a school, checked as inventory.yml is, and what joins them later."""
    usual = {
        "address": "203.0.113.10",
        "domain": "meet.example.org",
        "school": "Gymnasium Nord",
        "contact": "it@example.org",
    }
    checked = School.model_validate(usual | settings).model_dump()
    return checked | {
        "acme_ca_text": "-----BEGIN CERTIFICATE-----\nx\n",
        "repository_host": "download.jitsi.org",
    }


def server(**facts: Any) -> dict[str, Any]:
    """Return what was seen of a server, as far as templates know it."""
    return {
        "release": 13,
        "memory_mb": 7900,
        "address4": "203.0.113.10",
        "address6": "2001:db8::10",
        "ipv6": True,
        "public_address4": "203.0.113.10",
        "public": True,
        "nat": False,
        "time_service": "",
        "packages": {},
        "units": {},
        "container": False,
        **PROTECTED,
        "host_key_algorithms": ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"],
        "repository_shared": False,
    } | facts


def rendered(settings: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """Return what all roles declare."""
    return tree.render(ROLES, NAMES, settings, seen, NONCE)


def contents(whole: dict[str, Any]) -> dict[str, str]:
    """Return the content of each file by its path."""
    return {declared["path"]: declared["content"] for declared in whole["files"]}


@cache
def every_tree() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the settings of each school and what all roles declare for it."""
    return [(settings, rendered(settings, seen)) for settings, seen in every_school()]


def every_school() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return settings and servers in which each branch of each template occurs."""
    made = []
    kinds = product((12, 13), ("letsencrypt", "own", "self-signed"), ("de", "en"))
    for number, (release, certificate, language) in enumerate(kinds):
        settings: dict[str, Any] = {
            "domain": DOMAINS[number % len(DOMAINS)],
            "school": HOSTILE[number % len(HOSTILE)],
            "certificate": certificate,
            "language": language,
        }
        if certificate == "own":
            settings |= {"certificate_file": "a.pem", "certificate_key_file": "a.key"}
        if number % 2:
            settings |= {
                "imprint_url": "https://example.org/imprint?a=b&c=d%22",
                "privacy_url": "https://example.org/privacy#x",
                "school_networks": ["8.8.8.0/24", "2a01:4f8::/32"],
                "retention_days": 90,
            }
        if certificate == "letsencrypt" and language == "en":
            settings["acme_ca_file"] = "root.pem"
        if number % 4 == 3:
            settings["turn_domain"] = "turn.example.org"
        seen = server(release=release)
        if number % 3 == 1:
            seen |= {"nat": True, "address4": "10.0.0.5", "public_address4": "203.0.113.10"}
        elif number % 3:
            seen |= {"public": False, "address6": "", "address4": "10.0.0.5", "memory_mb": 1700}
            seen["ipv6"] = False
            seen["time_service"] = "chrony"
            # Of a small container of a provider.
            seen |= {"container": True, "private_mounts": False, "ssh_ports": [22, 2222]}
            seen |= {"asks_at_boot": True, "host_key_algorithms": []}
        made.append((school(**settings), seen))
    return made
