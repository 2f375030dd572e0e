"""How programs of ours that run on a server answer, whatever else is said on the way.

What a shell's start-up files write (a greeting, often without a line end) arrives on the same
stream, before an answer and after it. So an answer is one line of JSON behind a mark, on a line of
its own; everything else on that stream was said by somebody else. The programs get the mark with
what they are to do, and begin a new line before it.
"""

from __future__ import annotations

import json
from typing import Any

from provision.messages import legible

MARK = "provision-answers: "


def find(said: str | bytes) -> dict[str, Any] | None:
    """Return the first answer among what was said, or None where there is no whole one."""
    data = said.encode() if isinstance(said, str) else said
    for line in data.splitlines():
        if (found := read(line)) is not None:
            return found
    return None


def read(line: bytes) -> dict[str, Any] | None:
    """Return the answer that a line is, or None; names of files may hold what is no text."""
    if not line.startswith(MARK.encode()):
        return None
    try:
        found = json.loads(line[len(MARK) :])
        if b"\\ud" in line:
            found = json.loads(legible.shown(json.dumps(found, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
