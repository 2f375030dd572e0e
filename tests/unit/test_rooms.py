"""The rooms of the program: small modules, in an order. Who imports whom, lint-imports looks at."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST = 300


def test_each_module_can_be_read_at_once() -> None:
    sources = [path for root in ("provision", "roles") for path in (ROOT / root).rglob("*.py")]
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources
    }
    assert {path: number for path, number in lines.items() if number > MOST} == {}


def test_the_rooms_are_told_in_their_order() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = declared["tool"]["importlinter"]["contracts"][0]["layers"]
    told = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").split("\n## ")
    section = next(text for text in told if text.startswith("The rooms\n"))
    rooms = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert rooms == [room for layer in layers for room in layer.split(" | ")]
    there = {path.stem for path in (ROOT / "provision").iterdir() if path.suffix == ".py"}
    there |= {path.parent.name for path in (ROOT / "provision").glob("*/__init__.py")}
    assert set(rooms) == there - {"__init__"}
