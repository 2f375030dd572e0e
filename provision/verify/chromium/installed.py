"""Which Chromium this computer has."""

from __future__ import annotations

import shutil

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Return the program, or nothing where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), "")
