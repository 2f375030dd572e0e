"""Why certbot got no certificate, read from its words, those of the authority, and the name."""

from __future__ import annotations

import ipaddress
import json
import re
import ssl
import urllib.request
from typing import Any, NamedTuple

from ansible.module_utils.school_server import run

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
ABOUT_THE_NAME = ("acme_dns", "acme_connection", "acme_caa")
"""The kinds by which an authority has judged a name, and will judge it again."""


class Server(NamedTuple):
    """What a name has to say of this server."""

    records: dict[str, str]
    """The address to enter by record type, A and AAAA."""
    addresses: list[str]
    """All addresses at which this server is right."""


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


def details(kind: str, said: str, reason: str, names: list[str], server: Server) -> dict[str, str]:
    """Return ``kind``, made more exact, and what its sentences need beside the reason.

    These are ``name`` and ``records`` (to enter, a line each), and ``found`` (where the name leads
    instead) or ``until`` (when asking is allowed again).
    """
    if kind == "acme_rate_limit":
        until = allowed_again(reason)
        return {"kind": "acme_rate_limit_until", "until": until} if until else {"kind": kind}
    if kind not in ABOUT_THE_NAME:
        return {"kind": kind}
    told = re.findall(r"Domain: +(\S+)", said)
    refused = [name for name in names if name in told] or names[:1]
    wrong = {"kind": kind, "name": refused[0], "records": to_enter(refused, server.records)}
    if kind == "acme_caa":
        return wrong | caa_owner(reason, refused[0])
    for name in refused:
        found = lookup(name)
        if found is None:
            continue
        if not found:
            return wrong | {"kind": "acme_dns", "name": name}
        if foreign := [address for address in found if address not in server.addresses]:
            return wrong | {"kind": "acme_elsewhere", "name": name, "found": ", ".join(foreign)}
    return wrong


def to_enter(names: list[str], records: dict[str, str]) -> str:
    """Return the records that the names need, a line each."""
    return "\n".join(
        f"{name}  {kind}  {address}"
        for name in names
        for kind, address in records.items()
        if address
    )


def allowed_again(reason: str) -> str:
    """Return when the authority may be asked again, such as `2026-11-23 04:04 UTC`, or nothing."""
    found = re.search(r"retry after (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d)? ?(?:UTC|Z)", reason)
    return f"{found[1]} {found[2]} UTC" if found else ""


def caa_owner(reason: str, name: str) -> dict[str, str]:
    """Return the name whose CAA record forbids: it may be one above the server's."""
    found = re.search(r"CAA record for (\S+) prevents", reason)
    return {"name": found[1] if found else name}


def lookup(name: str) -> list[str] | None:
    """Return the addresses that the name servers have for a name; nothing where none answers.

    Not through the system's own resolver, which would believe /etc/hosts.
    """
    found: list[str] = []
    for kind in ("A", "AAAA"):
        answer = run("dig", "+short", "+time=3", "+tries=2", kind, name)
        if answer.returncode:
            return None
        found += [line for line in answer.stdout.split() if is_address(line)]
    return found


def is_address(text: str) -> bool:
    """Tell an address from the other names that lead to it."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def identity(directory: str, ca_file: str) -> str:
    """Return what an authority is called in CAA records, by its own word (RFC 8555), or nothing."""
    context = ssl.create_default_context(cafile=ca_file or None)
    # Debian 13's Python refuses authorities of a school's own that certbot accepts.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        with urllib.request.urlopen(directory, timeout=20, context=context) as answer:  # noqa: S310
            known: Any = json.loads(answer.read(1 << 20))
    except (OSError, ValueError):
        return ""
    names = (known.get("meta") or {}).get("caaIdentities") or [""]
    return str(names[0])
