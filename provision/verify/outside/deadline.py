"""A moment at which a probe gives up, whatever the server does."""

from __future__ import annotations

import time


class Deadline:
    """So many seconds from now; asked before everything that can wait."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raise TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def at_most(self, seconds: float) -> Deadline:
        """Return the earlier one of this deadline and so many seconds from now."""
        sooner = Deadline(seconds)
        sooner._end = min(self._end, sooner._end)
        return sooner
