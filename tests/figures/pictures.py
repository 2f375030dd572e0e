"""`script/pictures`: records real commands in a terminal and draws them for the README."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

from provision.verify import paper

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
COMMANDS = ("provision deploy demo", "provision deploy demo", "provision teachers add demo a.meier")
COLUMNS = 92


def main() -> None:
    """Write docs/pictures/deploy.svg, page.png and report.png."""
    console = Console(record=True, width=COLUMNS, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    for command in COMMANDS:
        console.print(f"[bold]$ {command}[/bold]", highlight=False)
        output = pexpect.run(
            command, cwd=str(ROOT / ".bench" / "demo"), timeout=900, dimensions=(40, COLUMNS)
        )
        # Not splitlines(): a carriage return alone writes over the line.
        for line in str(output.decode()).split("\r\n"):
            shown = line.split("\x1b[2K")[-1].split("\r")[-1]
            if shown.strip() or not line.strip():
                console.print(Text.from_ansi(shown))
        console.print()
    PICTURES.mkdir(exist_ok=True)
    console.save_svg(str(PICTURES / "deploy.svg"), title="provision")
    page = ROOT / ".bench" / "demo" / "page.png"
    if page.exists():
        shutil.copyfile(page, PICTURES / "page.png")
    pexpect.run("provision verify demo", cwd=str(ROOT / ".bench" / "demo"), timeout=300)
    for report in (ROOT / ".bench" / "demo" / "reports" / "demo").glob("*.html"):
        photograph(report, PICTURES / "report.png")


def photograph(page: Path, target: Path) -> None:
    """Write the upper part of a page as a picture, where Chromium is there."""
    size = "--window-size=1000,1040"
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", size, f"--screenshot={target}"]
    if program := paper.chromium():
        subprocess.run([program, *options, page.as_uri()], capture_output=True, check=True)


if __name__ == "__main__":
    main()
