"""The one error of the bench: a sentence for the person who runs the tests."""

from __future__ import annotations


class BenchError(Exception):
    """Something the bench needs is missing or failed; the text says what and what to do."""
