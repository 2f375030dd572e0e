#!/usr/bin/python
"""A certificate through certbot and HTTP-01, with the certificate authority's refusal in words."""

from __future__ import annotations

import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.school_server import fail, run

DOCUMENTATION = r"""
module: acme_certificate
short_description: Obtain a certificate with certbot
description:
  - Renewal is certbot's own timer; its deploy hook brings the certificate to the services.
options:
  domain: {description: The host name, type: str, required: true}
  contact: {description: The role mailbox given to the authority, type: str, required: true}
  directory: {description: The ACME directory, type: str, required: true}
  ca_file: {description: CA file of the directory's own HTTPS, type: str, default: ''}
  webroot: {description: Where nginx serves challenges from, type: path, required: true}
author: The jitsi-provision team
"""

CAUSES = (
    ("acme_dns", r"DNS problem|NXDOMAIN|no valid (?:A|IP)|No valid IP|SERVFAIL|:dns\b"),
    ("acme_caa", r"CAA record|:caa\b"),
    ("acme_rate_limit", r"rateLimited|too many certificates|rate limit"),
    (
        "acme_connection",
        r"Timeout during connect|Connection refused|Fetching http|:connection\b"
        r"|:unauthorized\b|Invalid response",
    ),
    (
        "acme_directory",
        r"ConnectionError|SSLError|CERTIFICATE_VERIFY_FAILED|Max retries exceeded"
        r"|NewConnectionError",
    ),
)


def main():
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "contact": {"type": "str", "required": True},
            "directory": {"type": "str", "required": True},
            "ca_file": {"type": "str", "default": ""},
            "webroot": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    trusted = {"REQUESTS_CA_BUNDLE": wanted["ca_file"]} if wanted["ca_file"] else {}
    result = run(
        "certbot",
        "certonly",
        "--non-interactive",
        "--agree-tos",
        "--no-eff-email",
        "--email",
        wanted["contact"],
        "--server",
        wanted["directory"],
        "--webroot",
        "--webroot-path",
        wanted["webroot"],
        "--key-type",
        "ecdsa",
        "--elliptic-curve",
        "secp256r1",
        "--cert-name",
        wanted["domain"],
        "--domain",
        wanted["domain"],
        # The deployment brings the certificate to the services itself, once, and checks that.
        "--no-directory-hooks",
        env=trusted,
    )
    said = result.stdout + result.stderr
    if result.returncode:
        kind = next(
            (k for k, words in CAUSES if re.search(words, said, re.IGNORECASE)), "acme_failed"
        )
        detail = re.search(r"Detail: (.*?)(?:\n\n|\nHint|\Z)", said, re.DOTALL)
        reason = (
            detail.group(1) if detail else said.strip().splitlines()[-1] if said.strip() else ""
        )
        fail(
            module, "There is no certificate yet", kind=kind, reason=" ".join(reason.split())[:600]
        )
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
