#!/usr/bin/python
"""A certificate through certbot and HTTP-01, with the certificate authority's refusal in words."""

from __future__ import annotations

import re
from typing import NoReturn

from ansible.module_utils.acme_refusal import ABOUT_THE_NAME, Server, cause, details, identity
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.deployment_lock import ARGUMENT, hold
from ansible.module_utils.school_server import fail, read_text, run

DOCUMENTATION = r"""
module: acme_certificate
short_description: Obtain a certificate with certbot
description:
  - Renewal is certbot's own timer; its deploy hook brings the certificate to the services.
  - Where the authority has a service for trials, that is asked first, so that a name which does
    not lead here yet uses up none of the few attempts that the authority allows.
options:
  names:
    description: The host names; the first also names the certificate.
    type: list
    elements: str
    required: true
  contact: {description: The role mailbox given to the authority, type: str, required: true}
  directory: {description: The ACME directory, type: str, required: true}
  ca_file: {description: CA file of the directory's own HTTPS, type: str, default: ''}
  webroot: {description: Where nginx serves challenges from, type: path, required: true}
  records: {description: The server's addresses by record type, type: dict, default: {}}
  addresses: {description: All addresses of the server, type: list, elements: str, default: []}
  run: {description: Which deployment this belongs to, type: dict, default: {}}
author: The jitsi-provision team
"""

LOG = "/var/log/letsencrypt/letsencrypt.log"
WITH_TRIALS = ("https://acme-v02.api.letsencrypt.org/directory",)
"""Authorities with another directory for trials, to which certbot turns by itself."""


ATTEMPTS = 4
"""How often certbot is called where the authority mislaid a number; certbot itself tries twice."""


def refuse(module: AnsibleModule, said: str) -> NoReturn:
    """End the module with what certbot said."""
    wanted = module.params
    kind, reason = cause(said, read_text(LOG))
    server = Server(wanted["records"], wanted["addresses"])
    more = details(kind, said, reason, wanted["names"], server)
    if kind == "acme_caa" and (authority := identity(wanted["directory"], wanted["ca_file"])):
        more |= {"kind": "acme_caa_record", "authority": authority}
    fail(module, "There is no certificate yet", reason=reason, **more)


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "contact": {"type": "str", "required": True},
            "directory": {"type": "str", "required": True},
            "ca_file": {"type": "str", "default": ""},
            "webroot": {"type": "path", "required": True},
            "records": {"type": "dict", "default": {}},
            "addresses": {"type": "list", "elements": "str", "default": []},
            "run": ARGUMENT,
        },
        supports_check_mode=True,
    )
    hold(module)
    wanted = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    trusted = {"REQUESTS_CA_BUNDLE": wanted["ca_file"]} if wanted["ca_file"] else {}
    lineage = wanted["names"][0]
    # Asked for another authority's certificate, certbot else keeps the one that is not due yet.
    renewal = read_text(f"/etc/letsencrypt/renewal/{lineage}.conf")
    moved = renewal and f"server = {wanted['directory']}\n" not in renewal
    command = (
        *("certbot", "certonly", "--non-interactive", "--agree-tos", "--no-eff-email"),
        *("--email", wanted["contact"], "--server", wanted["directory"]),
        *("--webroot", "--webroot-path", wanted["webroot"]),
        *("--key-type", "ecdsa", "--elliptic-curve", "secp256r1"),
        *("--cert-name", lineage, "--domains", ",".join(wanted["names"])),
        # A second name came or went.
        "--renew-with-new-domains",
        # The deployment brings the certificate to the services itself, once, and checks that.
        "--no-directory-hooks",
        *(["--force-renewal"] if moved else []),
    )
    if wanted["directory"] in WITH_TRIALS:
        trial = run(*command, "--dry-run", env=trusted)
        said = trial.stdout + trial.stderr
        # The trial only counts where a name was judged: its service may rest when the other works.
        if trial.returncode and cause(said, read_text(LOG))[0] in ABOUT_THE_NAME:
            refuse(module, said)
    for _attempt in range(ATTEMPTS):
        result = run(*command, env=trusted)
        if not result.returncode:
            module.exit_json(changed=True)
        if not re.search(r"badNonce|anti-replay nonce", result.stdout + result.stderr):
            break
    refuse(module, result.stdout + result.stderr)


if __name__ == "__main__":
    main()
