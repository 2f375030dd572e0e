"""`script/pictures`: records real commands in a terminal and draws them for the README."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

from provision.verify.chromium import installed
from tests.bench import Bench
from tests.figures import newcomer

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
DEMO = ROOT / ".bench" / "demo"
COMMANDS = ("provision deploy demo", "provision deploy demo", "provision teachers add demo a.meier")
FIRST_CONTACT = ("", "provision new demo", "provision check demo")
"""What the picture of the first contact shows, the mail first; the rest is on the other one."""


def main() -> None:
    """Write deploy.svg and page.png, and with a bare host first-contact.svg and report.png."""
    PICTURES.mkdir(exist_ok=True)
    draw("deploy.svg", [(command, run(command)) for command in COMMANDS])
    page = DEMO / "page.png"
    if page.exists():
        shutil.copyfile(page, PICTURES / "page.png")
    bench = Bench()
    bench.destroy("demo")
    host = bench.create("demo", "13")
    bench.names.set(f"meet.{host.name}.school.test", "A", host.address)
    seen = newcomer.play(host, DEMO, io.StringIO(), standins=True)
    draw("first-contact.svg", [part for part in seen if part[0] in FIRST_CONTACT])
    for report in (DEMO / "reports" / "demo").glob("*.html"):
        photograph(report, PICTURES / "report.png")


def run(command: str) -> str:
    """Return what a command shows at a terminal, in the demo's directory."""
    size = (40, newcomer.COLUMNS)
    return str(pexpect.run(command, cwd=str(DEMO), timeout=900, dimensions=size).decode())


def draw(name: str, recorded: list[tuple[str, str]]) -> None:
    """Draw commands with what they showed."""
    console = Console(record=True, width=newcomer.COLUMNS, file=io.StringIO())
    for command, output in recorded:
        if command:
            console.print(f"[bold]$ {command}[/bold]", highlight=False)
        # Not splitlines(): a carriage return alone writes over the line.
        for line in output.replace("\r\n", "\n").split("\n"):
            shown = line.split("\x1b[2K")[-1].split("\r")[-1]
            if shown.strip() or not line.strip():
                console.print(Text.from_ansi(shown))
        console.print()
    console.save_svg(str(PICTURES / name), title="provision")


def photograph(page: Path, target: Path) -> None:
    """Write the upper part of a page as a picture, where Chromium is there."""
    size = "--window-size=1000,1040"
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", size, f"--screenshot={target}"]
    if program := installed.chromium():
        subprocess.run([program, *options, page.as_uri()], capture_output=True, check=True)


if __name__ == "__main__":
    main()
