"""What apt says of each source of packages: which it refuses, whose that is, and what to do.

Judges apt's own words (module_utils/apt_update.py), not its exit code: where lists are kept from
before, it refuses a source and ends with 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provision.messages.i18n import _
from provision.messages.result import Result, failure, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

PATTERNS = (
    (
        "signature",
        (
            "NO_PUBKEY|BADSIG|EXPKEYSIG|KEYEXPIRED|REVKEYSIG|NODATA|Missing key|/sqv returned"
            "|signatures? (?:couldn't|could not) be verified|is not signed|Clearsigned file"
        ),
    ),
    ("expired", r"is expired|not valid yet|invalid since"),
    ("missing", r"\b404\b|\b410\b|no(?:t| longer) ha(?:s|ve) a Release file"),
)
# Lines that say the same as others, in more words.
SUMMARIES = re.compile(r"^E: (?:Some index files|Problem (?:executing|unlinking))")
DEBIAN = re.compile(r"(?:^|\.)debian\.org$")
DEBIAN_PATH = re.compile(r"/debian(?:-security|-updates)?$")


@dataclass(frozen=True)
class Refusal:
    """One source that apt cannot use; without an address, its list of sources as a whole."""

    url: str
    kind: str
    """signature, expired, missing, unreachable, or sources."""
    reason: str


def refusals(said: str) -> list[Refusal]:
    """Return the sources that apt refuses, each once, by what `apt-get update` has said."""
    reasons: dict[str, list[str]] = {}
    lines = said.splitlines()
    for number, line in enumerate(lines):
        if found := re.match(r"Err:\d+ (\S+)", line):
            after = lines[number + 1] if number + 1 < len(lines) else ""
            reason = after.strip() if after.startswith(" ") else ""
            reasons.setdefault(found[1], []).append(reason)
        elif found := re.match(r"E: Failed to fetch (\S+)\s+(.*)", line):
            reasons.setdefault(_of(found[1], reasons), []).append(found[2])
        elif found := re.match(r"E: The repository '(\S+) [^']*' (.*)", line):
            reasons.setdefault(found[1], []).append(found[2])
        elif found := re.match(r"E: Release file for (\S+) (.*)", line):
            reasons.setdefault(_of(found[1], reasons), []).append(found[2])
        elif line.startswith("E: ") and not SUMMARIES.match(line):
            reasons.setdefault("", []).append(line.removeprefix("E: "))
    return [_refusal(url, known) for url, known in reasons.items()]


def _of(address: str, known: Mapping[str, Any]) -> str:
    """Return the source that a file belongs to."""
    base = next((url for url in known if url and address.startswith(url.rstrip("/") + "/")), "")
    return base or re.sub(r"/(?:dists/.*|[^/]+/InRelease|InRelease)$", "", address)


def _refusal(url: str, reasons: list[str]) -> Refusal:
    plain = [re.sub(r"\s*\[IP:[^\]]*\]$", "", reason) for reason in reasons if reason]
    if not url:
        return Refusal("", "sources", plain[0])
    whole = "\n".join(plain)
    kind = next((kind for kind, words in PATTERNS if re.search(words, whole)), "unreachable")
    return Refusal(url, kind, plain[0] if plain else "?")


def misread(asked: Mapping[str, Any]) -> bool:
    """Tell whether apt does not understand its sources, and so answers no other question either."""
    return any(not one.url for one in refusals(asked.get("said", "")))


def is_ours(url: str, repository: str) -> bool:
    """Tell whether a source is the one that a deployment brings."""
    return url.rstrip("/") == repository.rstrip("/")


def is_debians(url: str) -> bool:
    """Tell whether a source is Debian's, or a mirror of it."""
    parts = urlsplit(url)
    return bool(DEBIAN.search(parts.hostname or "") or DEBIAN_PATH.search(parts.path.rstrip("/")))


def check(asked: Mapping[str, Any], repository: str) -> list[Result]:
    """Return which sources apt cannot use, by what it was asked; each host and reason once."""
    if asked.get("late"):
        return []  # who looks, says so
    wrong: dict[tuple[str, str], Refusal] = {}
    for refusal in refusals(asked["said"]):
        wrong.setdefault((urlsplit(refusal.url).netloc, refusal.reason), refusal)
    return [
        _finding(refusal, asked["places"], repository)
        for refusal in wrong.values()
        # Where its key is the reason, check_repository knows more.
        if not (refusal.kind == "signature" and is_ours(refusal.url, repository))
    ]


def _finding(refusal: Refusal, places: Mapping[str, str], repository: str) -> Result:
    url, reason = refusal.url, refusal.reason
    if not url:
        return failure(
            _("apt does not understand its list of package sources: {reason}").format(
                reason=reason
            ),
            _("on the server, correct what is below /etc/apt/sources.list.d"),
        )
    if refusal.kind == "unreachable":
        return failure(
            _("The server cannot reach the package source {url}: {reason}.").format(
                url=url, reason=reason.rstrip(".")
            ),
            _("in the provider's firewall, allow outgoing TCP, ports 80 and 443; or "
              "correct this source below /etc/apt/sources.list.d"),
        )  # fmt: skip
    file = places.get(url.rstrip("/"), "/etc/apt/sources.list.d")
    sentence = _("apt refuses what comes from {url}, so no update arrives from there: {reason}")
    said = sentence.format(url=url, reason=reason)
    if is_ours(url, repository):
        return failure(said, _("correct `repository` in inventory.yml"))
    if is_debians(url):
        remedy = _("this is Debian's own source: on the server, correct its address and its key in "
                   "{file}, and look at the clock")  # fmt: skip
        return failure(said, remedy.format(file=file))
    remedy = _("this source is not from this program: get its new key from whoever runs it, or "
               "delete {file} on the server")  # fmt: skip
    return warning(said, remedy.format(file=file))


def check_repository(server: dict[str, Any], url: str) -> list[Result]:
    """Return whether the repository of Jitsi's packages can be used from the server."""
    found = server["repository"]
    if found["state"] == "missing":
        return [
            failure(
                _("There is no package repository at {url}: {reason}.").format(
                    url=found["url"], reason=found["reason"]
                ),
                _("correct `repository` in inventory.yml"),
            )
        ]
    if found["state"] == "unreachable":
        return [
            failure(
                _("The server cannot reach {url}: {reason}.").format(
                    url=url, reason=found["reason"]
                ),
                _("allow the server outgoing HTTP and HTTPS, and check its name server"),
            )
        ]
    if found["state"] == "other_key":
        return [
            failure(
                _("The repository {url} is signed with another key: {found}.").format(
                    url=url, found=found["found"] or "?"
                ),
                _(
                    "ask the repository's owner for its fingerprint; only if it is this one, enter "
                    "it as `repository_fingerprint` in inventory.yml"
                ),
                refusal=True,
            )
        ]
    if found["state"] == "refused":
        # What is installed goes on, so this stops no deployment; but no update will come.
        return [
            warning(
                _("apt on the server refuses Jitsi's packages, so no update of Jitsi arrives: "
                  "{reason}").format(reason=found["reason"]),
                _("ask the repository's owner for its key's new fingerprint ({found}?) and enter "
                  "it as `repository_fingerprint` in inventory.yml, behind the former one and a "
                  "comma; then: provision deploy").format(found=found["found"] or "?"),
            )
        ]  # fmt: skip
    return []


def key_to_come(server: dict[str, Any]) -> list[Result]:
    """Return that apt refuses Jitsi's packages by a key in whose place a deployment brings one."""
    found = server["repository"]
    if found["state"] != "new" or not found.get("reason"):
        return []
    return [
        warning(
            _("apt on the server refuses Jitsi's packages, so no update of Jitsi arrives: "
              "{reason}").format(reason=found["reason"]),
            _("`provision deploy` brings the key that they are signed with now"),
        )
    ]  # fmt: skip


def check_packages(server: dict[str, Any], url: str) -> list[Result]:
    """Return why a deployment could not install its packages, as apt has tried it."""
    reasons = server["repository"].get("lacks")
    if not reasons:
        return []
    of_ours = any(re.search(r"\b(?:jitsi-|jicofo)", reason) for reason in reasons)
    return [
        failure(
            _("A deployment could not install its packages: {reasons}").format(
                reasons="; ".join(reasons)
            ),
            (
                _("ask whoever runs {url} for what is missing there, or correct `repository` in "
                  "inventory.yml")
                if of_ours
                else _("on the server, look at the packages that this names: apt-cache policy "
                       "NAME; correct what is below /etc/apt")
            ).format(url=url),
        )
    ]  # fmt: skip
