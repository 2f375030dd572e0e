"""jitsi-provision: a school's own Jitsi Meet on a rented server."""
