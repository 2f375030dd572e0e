"""Times, and texts of others, as they are shown to people."""

from __future__ import annotations

from provision.messages.i18n import _


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest) if minutes else (
        _("{seconds} s").format(seconds=rest)
    )  # fmt: skip


def cut(text: str, most: int) -> str:
    """Return a text of somebody else's, not longer than so many signs; a cut one shows it."""
    return text if len(text) <= most else text[: most - 2] + " …"
