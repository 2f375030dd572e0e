"""The list of every remedy sentence (remedies.yml), and what a printed one is in it.

A sentence is either followed by a test, which finds the fault gone afterwards, or the list says why
nobody tried. `python -m tests.remedies` enters what is new, and counts.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import yaml

from tests.unit.remedies import all_remedies

FILE = Path(__file__).with_name("remedies.yml")
NOT_TRIED = "not tried: "
HEAD = """\
# Every sentence of the program that says what to do, below the test that followed it and found the
# fault gone, or below the reason why none did. tests/unit/test_remedies.py compares it with the
# source; `python -m tests.remedies` enters new sentences and takes out those that are gone.
# yamllint disable rule:line-length
"""


def table() -> dict[str, str]:
    """Return for each sentence the test that followed it, or why none did."""
    groups: dict[str, list[str]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {sentence: by for by, sentences in groups.items() for sentence in sentences}


def dump(known: dict[str, str]) -> str:
    """Return the list as a file: each test, or reason, with its sentences."""
    groups: dict[str, list[str]] = {}
    for sentence, by in sorted(known.items(), key=lambda pair: pair[1].startswith(NOT_TRIED)):
        groups.setdefault(by, []).append(sentence)
    body = yaml.dump(groups, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=86)
    return HEAD + body


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists as well."""
        del indentless
        super().increase_indent(flow, False)


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
    """Return the sentences that a printed remedy is, those with the most words of their own."""
    found = {
        sentence: len(re.sub(r"\{[^}]*\}", "", sentence))
        for sentence in all_remedies()
        if printed(sentence).fullmatch(said)
    }
    most = max(found.values(), default=0)
    return {sentence for sentence, words in found.items() if words == most}


def main() -> None:
    """Bring the list up to date: new sentences untried, those that are gone out; say how many."""
    known, there = table(), all_remedies()
    present = {one: known.get(one, f"{NOT_TRIED}a new sentence") for one in there}
    FILE.write_text(dump(present), encoding="utf-8")
    tried = sum(not by.startswith(NOT_TRIED) for by in present.values())
    print(f"{tried} of {len(present)} were tried; {len(set(there) - set(known))} are new")


if __name__ == "__main__":
    main()
