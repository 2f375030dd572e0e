"""Measures as people say them."""

from __future__ import annotations

from provision.i18n import _


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest) if minutes else (
        _("{seconds} s").format(seconds=rest)
    )  # fmt: skip
