"""How a figure is taken: whole commands, their minimum, and a row for the table."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    figure: str
    value: float
    unit: str
    hold: float
    at_least: bool = False
    detail: str = ""

    @property
    def missed(self) -> bool:
        """Tell whether the figure is not held."""
        return self.value < self.hold if self.at_least else self.value > self.hold

    def line(self) -> str:
        """Return the row as Markdown."""
        measured = f"{self.value:.2f}{self.unit}"
        if self.detail:
            measured += f" ({self.detail})"
        sign = "≥" if self.at_least else "≤"
        return f"| {self.figure:58} | {measured:>22} | {sign} {self.hold:g} |" + (
            "  missed" if self.missed else ""
        )


def seconds(
    command: list[str], cwd: Path | None = None, runs: int = 1, fine: tuple[int, ...] = (0,)
) -> float:
    """Return the least wall-clock seconds of a command; any other exit code ends the benchmark."""
    least = float("inf")
    for _run in range(runs):
        begun = time.monotonic()
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        took = time.monotonic() - begun
        if done.returncode not in fine:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        least = min(least, took)
    return least


def load() -> str:
    """Return how busy the machine is."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())
