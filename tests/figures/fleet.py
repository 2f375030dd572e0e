"""Ten servers: how much longer a re-run takes than for one; check and proof of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.figures import project
from tests.figures.measure import Row, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Bench

NUMBER = 10


def rows(bench: Bench, place: Path, runs: int) -> list[Row]:
    """Return the figures of ten servers; their first deployment is not counted."""
    names = [f"fleet-{number}" for number in range(1, NUMBER + 1)]
    hosts = bench.fleet(names)
    folder = project.make(bench, place / "fleet", hosts)
    seconds(project.deploy(), folder)
    one = seconds(project.deploy(names[0]), folder, runs)
    ten = seconds(project.deploy(), folder, runs)
    # From the chair, whose name server knows the hosts.
    checked = seconds(bench.chair().command(project.check(), cwd=folder), runs=runs)
    proven = seconds(bench.chair().command(project.verify(), cwd=folder), runs=runs, fine=(0, 1))
    for name in names:
        bench.destroy(name)
    return [
        Row("re-run of ten servers ÷ one", ten / one, "", 4, detail=f"{ten:.1f} s"),
        Row("check of ten servers", checked, " s", 15),
        Row("verify of ten servers", proven, " s", 40),
    ]
