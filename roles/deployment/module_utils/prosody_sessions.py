"""Ends what somebody has open in Prosody, by way of its administration shell."""

from __future__ import annotations

import subprocess

from ansible.module_utils.school_server import run

# With a reason, as without one Prosody leaves whoever does not hang up five more seconds. It also
# finds who has told a password and not begun a session yet.
CLOSE = "c2s:close('{user}@{host}', nil, 'not-authorized')"
# A connection that broke waits to be taken up again. Closing it (Prosody 0.12 and 13) only takes
# away that it ends by itself: its place in a room would be there until the next restart, and so
# would the room.
DESTROY = (
    "> local there = prosody.hosts['{host}'].sessions['{user}']; local left = {{}}; "
    "for _, session in pairs(there and there.sessions or {{}}) do left[#left + 1] = session; end "
    "for _, session in ipairs(left) do "
    "require 'core.sessionmanager'.destroy_session(session, 'not-authorized'); end"
)
PATIENCE = 20
"""Seconds in which Prosody must have answered each of them."""


def end_sessions(host: str, user: str) -> bool:
    """End a user's sessions; return whether none is left, as where Prosody does not run."""
    try:
        done = all(
            run("prosodyctl", "shell", line.format(user=user, host=host), timeout=PATIENCE)
            .returncode == 0
            for line in (CLOSE, DESTROY)
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        done = False
    return done or not _running()


def _running() -> bool:
    try:
        asked = run("systemctl", "is-active", "--quiet", "prosody.service", timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0
