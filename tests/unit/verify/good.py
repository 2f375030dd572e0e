"""Evidence of a server on which everything is as it should be, recorded on the bench.

`python -m tests.unit.verify.good INVENTORY SCHOOL [SECTION...]` measures a deployed school and
writes good/<section>.json. Evidence holds no secret, so nothing is taken out of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from provision.inventory.reading import load
from provision.verify.evidence import SECTIONS, Evidence
from provision.verify.measure import measure
from provision.verify.target import of_school

HERE = Path(__file__).parent / "good"


def data() -> dict[str, dict[str, Any]]:
    """Return a fresh copy of the data of all recorded sections."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(HERE.glob("*.json"))
    }


def evidence() -> Evidence:
    """Return the recorded evidence."""
    return Evidence(data())


def record(inventory: Path, key: str, sections: list[str]) -> None:
    """Measure a deployed school and write what was found; print why something could not be."""
    school = load(inventory).schools[key]
    found = measure(of_school(inventory, key, school), sections or SECTIONS)
    for section, content in found.data.items():
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
        (HERE / f"{section}.json").write_text(text + "\n", encoding="utf-8")
    for section, reason in found.missing.items():
        print(f"{section}: {reason}", file=sys.stderr)


if __name__ == "__main__":
    record(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
