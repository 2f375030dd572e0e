"""Prints a page into a PDF file, where a Chromium is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

from provision.verify.chromium import installed

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 60


def pdf(page: Path) -> Path | None:
    """Return the PDF beside a page, or nothing where it cannot be made."""
    program = installed.chromium()
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
