"""The ports where a school's services answer, and those where they should answer nobody.

This list is verify's own, on purpose: it judges a server by what is known of Jitsi, and believes no
declaration of our roles.
"""

from __future__ import annotations

HTTP = 80
HTTPS = 443
TURNS = 5349
"""TURN inside TLS."""
STUN = 3478
MEDIA = 10000
"""The bridge's UDP port, which answers STUN requests too."""
COMPONENTS = 5347
SIGNALLING = (5222, 5223, 5269, 5280, 5281, COMPONENTS)
"""Prosody: clients, other servers, its own HTTP and HTTPS, components."""
BRIDGE, FOCUS = 8080, 8888
"""What both tell of themselves; inside/java.py, which travels alone, asks there, too."""
MANAGEMENT = (5582, 5766, BRIDGE, FOCUS, 9090)
"""Prosody's shell, the old and new relay's shell, bridge, focus, the bridge's websocket."""
