"""Texts of a stranger's server in our sentences: harmless and short."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 4


def listed(items: Iterable[object], most: int = MOST) -> str:
    """Return the first few items with commas, and dots where there are more."""
    texts = [str(item) for item in items]
    return ", ".join(texts[:most] + (["…"] if len(texts) > most else []))


def printable(text: str, longest: int = 4096) -> str:
    """Return a text that cannot do anything to a terminal, cut to a length."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:longest])
