"""The command line: registers commands and turns errors into text and exit codes."""

from __future__ import annotations

import typer

app = typer.Typer()


def main() -> None:
    """Run the program."""
    app()
