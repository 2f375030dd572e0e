"""The list of every remedy sentence (remedies.yml), and what a printed one is in it.

A sentence is either followed by a test, which finds the fault gone afterwards, or the list says why
nobody tried. `python -m tests.remedies` writes what is missing, to be pasted, and counts.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import yaml

from tests.unit.remedies import all_remedies

FILE = Path(__file__).with_name("remedies.yml")
NOT_TRIED = "not tried: "


def table() -> dict[str, str]:
    """Return for each sentence the test that followed it, or why none did."""
    found: dict[str, str] = yaml.safe_load(FILE.read_text())
    return found


def tried_by(test: str) -> set[str]:
    """Return the sentences that the list says a test follows."""
    return {sentence for sentence, by in table().items() if by == test}


def printed(sentence: str) -> re.Pattern[str]:
    """Return what a sentence looks like when its holes are filled."""
    try:
        parts = [
            re.escape(text) + ("" if name is None else "[\\s\\S]*")
            for text, name, _spec, _kind in Formatter().parse(sentence)
        ]
    except ValueError:  # braces that are meant as such
        parts = [re.escape(sentence)]
    return re.compile("".join(parts))


def in_list(said: str) -> set[str]:
    """Return the sentences that a printed remedy may be, the ones with holes as well."""
    return {sentence for sentence in all_remedies() if printed(sentence).fullmatch(said)}


def main() -> None:
    """Say what the list lacks, and how many were tried."""
    known = table() if FILE.exists() else {}
    missing = {one: f"{NOT_TRIED}a new sentence" for one in all_remedies() if one not in known}
    print(yaml.safe_dump(missing, allow_unicode=True, sort_keys=False, width=10_000))
    tried = sum(not by.startswith(NOT_TRIED) for by in known.values())
    print(f"# {tried} of {len(known)} were tried")


if __name__ == "__main__":
    main()
