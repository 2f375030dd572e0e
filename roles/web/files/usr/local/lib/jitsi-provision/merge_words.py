#!/usr/bin/python3
# Managed by jitsi-provision.
"""Writes the texts that Jitsi's web client shows, with the school's sentences in Jitsi's places.

    merge_words.py WORDS JITSI RESULT     as jitsi-provision-words.service does
    merge_words.py WORDS JITSI            says only what is no longer as we knew it

WORDS is a list of {at, upstream, ours, why}; `upstream` is what Jitsi said when the sentence was
written, null where it says nothing. What does not fit a newer Jitsi is left as Jitsi has it: a
sentence of ours may get lost, a text of the client never breaks.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys

VALUES = re.compile(r"\{\{\s*(\w+)[^}]*\}\}|\$t\([^)]*\)")
"""What the client puts into a sentence."""


def merge(jitsi: dict, words: list[dict]) -> tuple[dict, list[str]]:
    """Return Jitsi's texts with ours in them, and what was not as expected."""
    if not isinstance(jitsi, dict):
        raise TypeError("no groups of texts")
    merged = json.loads(json.dumps(jitsi))
    remarks = []
    for word in words:
        *groups, key = word["at"].split(".")
        place = merged
        for group in groups:
            place = place.get(group) if isinstance(place, dict) else None
        found = place.get(key) if isinstance(place, dict) else None
        if not isinstance(place, dict) or not isinstance(found, (str, type(None))):
            remarks.append(f"{word['at']}: Jitsi has no such group of texts any more")
        elif found is None and word["upstream"] is not None:
            remarks.append(f"{word['at']}: Jitsi has no such text any more")
        elif found is not None and word["upstream"] is None:
            remarks.append(f"{word['at']}: Jitsi has a text of its own now: {found}")
        elif _values(word["ours"]) - _values(found or ""):
            remarks.append(f"{word['at']}: Jitsi puts in other values now: {found}")
        else:
            if found != word["upstream"]:
                remarks.append(f"{word['at']}: Jitsi says something else now: {found}")
            place[key] = word["ours"]
    return merged, remarks


def _values(text: str) -> set[str]:
    return {found[1] or found[0] for found in VALUES.finditer(text)}


def read(path: str) -> object:
    """Return what a JSON file holds."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path: str, merged: dict) -> None:
    """Replace a file at once: nobody ever reads half of it."""
    fresh = path + ".new"
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump(merged, file, ensure_ascii=False, indent=1)
    os.chmod(fresh, 0o644)
    os.replace(fresh, path)


def main(words: str, jitsi: str, result: str | None = None) -> int:
    """Do it; where Jitsi's file cannot be read, the server gives it out as it is."""
    try:
        merged, remarks = merge(read(jitsi), read(words))
    except (OSError, ValueError, TypeError) as error:
        print(f"{jitsi}: {error}")
        if result:
            with contextlib.suppress(FileNotFoundError):
                os.remove(result)
        return 1
    for remark in remarks:
        print(remark)
    if result:
        write(result, merged)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
