"""What a change looks like to a person, without any secret, old or new."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = re.compile(r"[\w+/=-]{12,}")


def hide(text: str, secrets: Mapping[str, str]) -> str:
    """Return a text with the names of secrets in the place of their values."""
    for name, value in secrets.items():
        text = text.replace(value, f"(secret {name})")
    return text


def hide_tokens(text: str, kept: str) -> str:
    """Return a text in which whatever may be a secret is hidden, but for lines that are kept.

    A rotated secret's old value is in no file of ours any more, so nobody can name it.
    """
    known = set(kept.splitlines())
    return "".join(
        line if line.rstrip("\n") in known else TOKEN.sub("(hidden)", line)
        for line in text.splitlines(keepends=True)
    )


def unified(path: str, before: str | None, after: str) -> dict[str, str]:
    """Return the difference of a file in the form that Ansible shows."""
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True),
        after.splitlines(keepends=True),
        "(no file)" if before is None else path,
        path,
    )
    return {"prepared": "".join(lines)}
