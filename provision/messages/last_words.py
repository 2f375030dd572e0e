"""What a failed task said of its reason, without anything that could be a secret.

Since ansible-core 2.19 the message of a failed command is only that it failed; the reason stands in
its output.
"""

from __future__ import annotations

import re
from typing import Any

LINES, CHARACTERS = 4, 800
OUTPUTS = ("stderr", "module_stderr", "stdout", "module_stdout")
HIDDEN = "(hidden)"

# A secret of ours has letters and digits mixed, and nothing else; a word of a path has not so many.
_TOKEN = re.compile(r"\b(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}\b={0,2}")
_NAMED = re.compile(
    r"((?:pass\w*|secret|token|credentials?)\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s;,]+)",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def last_words(result: dict[str, Any]) -> str:
    """Return the last lines of a failed command, or of Ansible's message where it said nothing."""
    outputs = (_lines(result.get(name)) for name in OUTPUTS)
    said = next((lines[-LINES:] for lines in outputs if lines), _lines(result.get("msg"))[-1:])
    return redacted("\n".join(said)[-CHARACTERS:])


def redacted(text: str) -> str:
    """Return a text without what could be a password, a key or a token."""
    for pattern, instead in ((_IN_ADDRESS, HIDDEN), (_NAMED, rf"\1{HIDDEN}"), (_TOKEN, HIDDEN)):
        text = pattern.sub(instead, text)
    return text


def _lines(text: object) -> list[str]:
    """Return the lines that say something."""
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]
