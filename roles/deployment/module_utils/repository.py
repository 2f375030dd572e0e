"""The repository of Jitsi's packages: whether apt takes it, and by which key."""

from __future__ import annotations

import email.utils
import http.client
import itertools
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ansible.module_utils import apt_trial, apt_update
from ansible.module_utils.openpgp import armour, keys
from ansible.module_utils.school_server import read_text

EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"
KEYRING = "/etc/apt/keyrings/jitsi-provision.asc"
SOURCE = "/etc/apt/sources.list.d/jitsi-provision.sources"
SIGNATURE = re.compile("PUBKEY|SIG|Missing key|/sqv returned|verified|not signed|Clearsigned")
APT_SECONDS = 40


def trial(url: str, found: dict[str, Any], packages: list[str], seconds: float) -> list[str]:
    """Return why a deployment could not install its packages, as far as the repository is there."""
    key = {"new": found.get("key", ""), "known": read_text(KEYRING)}.get(found["state"], "")
    return apt_trial.reasons(url, key, packages, seconds) if key else []


def look(url: str, accepted: list[str], *, thorough: bool, seconds: float) -> dict[str, Any]:
    """Return whether the repository answers with an expected key, and why not otherwise.

    Only such keys are handed on, whatever else the file holds: apt would trust all of it. Where apt
    refuses a repository that is known, its key is fetched again: it may have been prolonged, or
    replaced by another of the accepted ones.
    """
    held = keys(read_text(KEYRING))
    known = bool(held) and set(held) <= set(accepted)
    reason = refused() if known and os.path.exists(SOURCE) else ""
    if known and not reason and not thorough:
        return {"state": "known"}
    try:
        found = keys(fetch(url + "/jitsi-key.gpg.key", seconds)[0]) if reason or not known else {}
        _text, told = fetch(url + "/stable/InRelease", seconds)
    except (OSError, ValueError, http.client.HTTPException) as error:
        # What is installed goes on; it is apt that counts.
        return {"state": "refused", "reason": reason, "found": ""} if reason else absent(error)
    usable = {name: key for name, key in found.items() if name in accepted}
    state: dict[str, Any] = {"state": "known"}
    if usable and usable != held:
        state = {"state": "new", "key": "".join(map(armour, usable.values())), "reason": reason}
    elif reason:
        state = {"state": "refused", "reason": reason, "found": ", ".join(found)}
    elif not known:
        state = {"state": "other_key", "found": ", ".join(found)}
    return state | {"time": told}


def is_shared(url: str) -> bool:
    """Tell whether other packages come from the same host as Jitsi's."""
    others = {address for address in apt_update.source_files() if address != url.rstrip("/")}
    return host_of(url) in {host_of(address) for address in others}


def host_of(address: str) -> str | None:
    """Return the host that an address names; what apt was told by hand may be no address."""
    try:
        return urllib.parse.urlsplit(address).hostname
    except ValueError:
        return None


def absent(error: Exception) -> dict[str, Any]:
    """Return why there is no repository."""
    if isinstance(error, urllib.error.HTTPError):
        return {"state": "missing", "url": error.url, "reason": f"it answers {error.code}"}
    return {"state": "unreachable", "reason": str(getattr(error, "reason", error))}


def refused() -> str:
    """Return why apt refuses the signature of our source, or nothing."""
    asked = apt_update.ask_apt(APT_SECONDS, SOURCE)
    if asked.get("late") or not asked["code"]:
        return ""
    pairs = itertools.pairwise(asked["said"].splitlines())
    reasons = [after.strip() for line, after in pairs if line.startswith("Err:")]
    return next((reason for reason in reasons if SIGNATURE.search(reason)), "")


def fetch(url: str, seconds: float) -> tuple[str, float]:
    """Return the text behind a URL and the time there (0: not told); raises OSError."""
    with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310
        told = email.utils.parsedate_to_datetime(answer.headers.get("Date") or EPOCH).timestamp()
        age = answer.headers.get("Age", "0")
        text = answer.read(1 << 20).decode("utf-8", "replace")
    return text, told and told + int(age if age.isdigit() else 0)
