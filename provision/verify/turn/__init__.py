"""STUN (RFC 8489) and TURN (RFC 8656), as much of them as a browser and a curious guest use."""
