"""Every sentence that says what to do is in the list, with the test that followed it."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.remedies import FILE, NOT_TRIED, in_list, printed, table
from tests.unit.remedies import all_remedies

ROOT = Path(__file__).parents[2]
MOST_UNTRIED = 175
"""How many may be without a test; smaller each time somebody tries one."""


def test_the_list_has_every_remedy_and_no_other() -> None:
    known, there = table(), all_remedies()
    missing = {sentence: where for sentence, where in there.items() if sentence not in known}
    assert not missing, f"add them to {FILE.name} (python -m tests.remedies does)"
    assert sorted(set(known) - set(there)) == []


def test_each_is_followed_by_a_test_that_there_is_or_has_a_reason() -> None:
    tests = {by for by in table().values() if not by.startswith(NOT_TRIED)}
    for test in tests:
        file, _separator, name = test.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names = {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
        assert name.startswith("test_"), test
        assert name in names, test
    reasons = [by for by in table().values() if by.startswith(NOT_TRIED)]
    assert all(len(reason) > len(NOT_TRIED) + 10 for reason in reasons)


def test_no_more_remedies_are_untried_than_before() -> None:
    untried = [one for one, by in table().items() if by.startswith(NOT_TRIED)]
    assert len(untried) <= MOST_UNTRIED


def test_a_printed_remedy_is_found_in_the_list() -> None:
    assert printed("on the server: apt-mark unhold {names}").fullmatch(
        "on the server: apt-mark unhold nginx coturn"
    )
    assert in_list("chmod 600 /home/me/school.key") == {"chmod 600 {key}"}


def test_the_reader_of_sources_finds_each_way_of_making_one() -> None:
    found = all_remedies()
    for sentence in (
        "chmod 600 {key}",  # the second argument of a finding, as an f-string
        "ssh-add {written(path)}",  # the third of an error
        "for instance: --password-fd 0 < FILE",  # by its name
        "look at its files with `provision check`, or have a new certificate issued",  # in a pair
        (
            "find out who, and why; then give it to root, with `chown root:root` and `chmod go-w`, "
            "and run this again"
        ),  # in a table
        "Get a certificate for {domain}. `provision deploy` does.",  # under a name
        "`provision new --csv-template > schools.csv` writes an empty list",  # by a function
    ):
        assert sentence in found, sentence
