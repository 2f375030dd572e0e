"""Prints a page into a PDF file, where a Chromium is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60


def chromium() -> str:
    """Return the program, or nothing where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), "")


def pdf(page: Path) -> Path | None:
    """Return the PDF beside a page, or nothing where it cannot be made."""
    program = chromium()
    if not program:
        return None
    target = page.with_suffix(".pdf")
    with tempfile.TemporaryDirectory(prefix="provision-") as folder:
        made = f"{folder}/page.pdf"
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={made}",
            page.resolve().as_uri(),
        ]
        if os.geteuid() == 0:
            # Chromium refuses root with its sandbox; the page is ours and has no script.
            command.insert(1, "--no-sandbox")
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
            shutil.move(made, target)
        except (OSError, subprocess.SubprocessError):
            return None
    return target
