"""`script/bench`: measures the figures that the project holds itself to, and prints a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import Bench
from tests.figures import busy, fleet, floors, guessers, interrupt, measure

HEAD = f"| {'figure':58} | {'measured':>22} | {'hold':>6} |"


def main() -> int:
    """Run what was asked for; 1 if a figure is missed."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--fleet", action="store_true", help="also ten servers (5 more minutes)")
    parser.add_argument(
        "--interrupt", type=int, metavar="N", help="only: kill N deployments and run them again"
    )
    parser.add_argument("--runs", type=int, default=5, help="repetitions of each re-run")
    chosen = parser.parse_args()
    bench = Bench()
    bench.up()
    with TemporaryDirectory(prefix="provision-figures-") as folder:
        place = Path(folder)
        if chosen.interrupt:
            return interrupt.table(bench, place, chosen.interrupt)
        rows = floors.rows(bench, place, chosen.runs) + guessers.rows() + busy.rows()
        if chosen.fleet:
            rows += fleet.rows(bench, place, chosen.runs)
    print(HEAD)
    print("|" + "|".join("-" * len(part) for part in HEAD.split("|")[1:-1]) + "|")
    for row in rows:
        print(row.line())
    print(f"\nMeasured on this machine, load {measure.load()}; minimum of the repetitions.")
    return int(any(row.missed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
