"""How much is read of what others send, and how long: one place for all of it.

Whoever runs a server, wrote an inventory or stands in between may send without end. Every reading
is bounded in bytes and in time; what goes on beyond is cut off and refused. (The proof's own probes
have theirs in `verify/outside` and `verify/xmpp/limits.py`, by the same rule.)
"""

from __future__ import annotations

KIBIBYTE, MEBIBYTE = 2**10, 2**20

# What a server says over SSH.
SSH_ANSWER = 256 * KIBIBYTE
"""Everything that a command of the first contact says; the longest honest one is a few lines."""
SSH_SECONDS = 60
SSH_REASON = 300
"""So many signs of why it ended a connection are shown."""
SSH_SESSION = MEBIBYTE
"""Everything that a server sends in one connection of the first contact, its greeting included."""
SSH_SESSION_SECONDS = 150.0
PROMPT = 16 * KIBIBYTE
"""What stands in front of a question, for instance for a new password."""
PORTS_ANSWER = 256 * KIBIBYTE
"""Everything that the listener of `provision check` says."""

# What Ansible's own process may take, and tell.
ANSIBLE_MEMORY = 512 * MEBIBYTE
"""Of each of its processes; one school needs 66."""
ANSIBLE_ANSWER = 8 * MEBIBYTE
"""Everything that one call of ssh brings."""
ANSIBLE_RESULT = 16 * MEBIBYTE
"""The result of one task; the longest honest one is some hundred kilobytes."""
ANSIBLE_SILENCE = 900.0
"""For so long it may say nothing: a slow mirror installs packages in less."""
ANSIBLE_OUTPUT = 64 * KIBIBYTE
"""What is kept of its own lines, for a failure that no task tells."""

# Files that may be somebody else's.
FILE = MEBIBYTE
"""inventory.yml, known_hosts, a list of schools (a thousand need half), a certificate, a key."""
REPORT = 16 * MEBIBYTE
"""A report of `verify`, with all that was measured."""
YAML_DEPTH = 12
YAML_ENTRIES = 50_000
"""Everything in a file, each anchor counted as often as it is referred to."""
YAML_WORD = 4 * KIBIBYTE
