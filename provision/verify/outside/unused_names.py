"""Names that nobody uses: asking for them disturbs no lesson, and opens no room."""

from __future__ import annotations

import secrets

ROOM = "<room>"
"""How a random room is written in evidence: the same in every report."""


def random_name() -> str:
    """Return a name that nobody can have guessed or taken."""
    return f"verify-{secrets.token_hex(16)}"
