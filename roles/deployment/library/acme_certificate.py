#!/usr/bin/python
"""A certificate through certbot and HTTP-01, with the certificate authority's refusal in words."""

from __future__ import annotations

import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.school_server import fail, read_text, run

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

LOG = "/var/log/letsencrypt/letsencrypt.log"
# The authority's own word for what is wrong with the name.
REFUSALS = {
    "dns": "acme_dns",
    "caa": "acme_caa",
    "rateLimited": "acme_rate_limit",
    "connection": "acme_connection",
    "unauthorized": "acme_connection",
    "tls": "acme_connection",
}
# What certbot says where the authority judged nothing yet.
ERRORS = (
    ("acme_rate_limit", r"too many|rate.?limit|Service busy"),
    ("acme_caa", r"CAA record"),
    (
        "acme_directory",
        (
            r"ConnectionError|SSLError|Max retries exceeded|^ValueError: Requesting |ClientError"
            r"|ReadTimeout|ConnectTimeout"
        ),
    ),
)
MOST_CHARACTERS = 600


def cause(said: str, log: str = "") -> tuple[str, str]:
    """Return why there is no certificate, as a word and in certbot's or the authority's words."""
    refusals = re.findall(r"Type:\s+(\w+)\s+Detail: (.*?)(?:\n\n|\nHint|\Z)", said, re.DOTALL)
    if not refusals and "AttributeError" in said:
        # certbot 2.1, of Debian 12, stumbles over some refusals; they are in its log.
        refusals = re.findall(
            r'"type": "urn:ietf:params:acme:error:(\w+)",\s*"detail": "(.*)"', log
        )
    if refusals:
        word, detail = refusals[-1]
        kind = REFUSALS.get(word, "acme_failed")
        # Not every authority has a word for it.
        return ("acme_dns" if "could not resolve" in detail else kind), shorten(detail)
    error = re.search(r"An unexpected error occurred:\n(.*?)\nAsk for help", said, re.DOTALL)
    reason = error[1] if error else (said.strip().splitlines() or [""])[-1]
    kind = next((kind for kind, words in ERRORS if re.search(words, reason)), "acme_failed")
    return kind, shorten(reason)


def shorten(text: str) -> str:
    """Return a text as one line that can be shown."""
    return " ".join(text.split())[:MOST_CHARACTERS]


def main() -> None:
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
    # Asked for another authority's certificate, certbot else keeps the one that is not due yet.
    renewal = read_text(f"/etc/letsencrypt/renewal/{wanted['domain']}.conf")
    moved = renewal and f"server = {wanted['directory']}\n" not in renewal
    result = run(
        *("certbot", "certonly", "--non-interactive", "--agree-tos", "--no-eff-email"),
        *("--email", wanted["contact"], "--server", wanted["directory"]),
        *("--webroot", "--webroot-path", wanted["webroot"]),
        *("--key-type", "ecdsa", "--elliptic-curve", "secp256r1"),
        *("--cert-name", wanted["domain"], "--domain", wanted["domain"]),
        # The deployment brings the certificate to the services itself, once, and checks that.
        "--no-directory-hooks",
        *(["--force-renewal"] if moved else []),
        env=trusted,
    )
    if result.returncode:
        kind, reason = cause(result.stdout + result.stderr, read_text(LOG))
        fail(module, "There is no certificate yet", kind=kind, reason=reason)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
