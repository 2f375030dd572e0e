"""What nginx counts in front of the web server: by the key of a zone, and for strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESSES = frozenset({"$binary_remote_addr", "$remote_addr"})
COUNTS, NOBODY, UNKNOWN = "counts", "nobody", "unknown"
DEPTH = 8


def counts_strangers(server: Mapping[str, Any], keys: Mapping[str, Any]) -> str:
    """Return COUNTS where each stranger's address is counted, else NOBODY, or UNKNOWN.

    ``keys`` are the zones and variables of the stream module, as inside/web.py tells them. nginx
    counts nobody whose key is empty, and all in one whose key is the same.
    """
    if "on" in server["limit_conn_dry_run"]:
        return NOBODY
    found = {
        _counts(keys["zones"].get(limit.split()[0], "$"), keys["variables"])
        for limit in server["limit_conn"]
    }
    return next((each for each in (COUNTS, UNKNOWN) if each in found), NOBODY)


def _counts(key: str, variables: Mapping[str, Any]) -> str:
    value = _value(key, variables, DEPTH)
    if value is None:
        return UNKNOWN
    return COUNTS if value in ADDRESSES else NOBODY


def _value(text: str, variables: Mapping[str, Any], depth: int) -> str | None:
    """Return what a text is for strangers: a variable of their address, or the same for all.

    None where nobody can say.
    """
    if "$" not in text or text in ADDRESSES:
        return text
    if text not in variables or not depth:
        return None
    of, cases = variables[text]["of"], variables[text]["cases"]
    given = _value(of, variables, depth - 1)
    if given in ADDRESSES:
        return _of_an_address(cases, given)
    if given is None or any(case.startswith("~") for case in cases):
        return None
    return _value(cases.get(given, cases.get("default", "")), variables, depth - 1)


def _of_an_address(cases: Mapping[str, str], address: str) -> str | None:
    """Return what a map makes of addresses: each counts by its own, or by a part of it."""
    results = {result for case, result in cases.items() if case != "default"}
    if cases.get("default") != address or not all(_is_a_part(each) for each in results):
        return None
    return address


def _is_a_part(result: str) -> bool:
    return result.startswith("$") and result[1:].isdecimal()
