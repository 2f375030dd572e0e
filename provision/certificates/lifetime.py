"""When a certificate is too close to its end, by its own life: all numbers are days.

Authorities issue for 90 days today, for 64 and 45 soon, for six on request. certbot up to 4.0
renews when 30 days are left, whatever the life; from 4.1 on, and most others, when a third is left,
or half of a life below ten days.
"""

from __future__ import annotations

LEAST = 1.0
"""Renewal is tried twice a day."""
RENEWED_MOST = 25.0
BY_HAND_MOST = 30.0


def late(left: float, life: float) -> bool:
    """Return whether a certificate that renews itself should have been renewed: a quarter left."""
    return left < max(LEAST, min(life / 4, RENEWED_MOST))


def soon(left: float, life: float) -> bool:
    """Return whether somebody should bring a new one: a third left, and at most a month."""
    return left < max(LEAST, min(life / 3, BY_HAND_MOST))
