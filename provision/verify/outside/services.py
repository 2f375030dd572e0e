"""The ports where a school's services answer."""

from __future__ import annotations

HTTP = 80
HTTPS = 443
TURNS = 5349
"""TURN inside TLS."""
STUN = 3478
MEDIA = 10000
"""The bridge's UDP port, which answers STUN requests too."""
