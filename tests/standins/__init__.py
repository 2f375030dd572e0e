"""Stand-ins for Jitsi's own Debian packages, for tests on real Debian hosts."""
