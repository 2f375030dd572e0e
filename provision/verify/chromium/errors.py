"""What can go wrong with a browser."""


class BrokenBrowserError(Exception):
    """Chromium ended, or refused a command."""


class OverdueError(Exception):
    """What was waited for did not happen in time."""
