"""The catalogue of controls is complete, and says so where nothing measures one."""

from __future__ import annotations

import re
from collections import Counter

from provision.controls import catalogue, groups, sources
from provision.verify.judges import parts


def test_all_seventy_controls_are_there() -> None:
    numbers = {"MIN": 7, "THP": 10, "LOG": 9, "TLS": 6, "ACC": 7, "MOD": 7, "REC": 4, "STA": 3}
    numbers |= {"HST": 6, "OPS": 6, "DOC": 5}
    expected = [f"{key}-{n:02}" for key, count in numbers.items() for n in range(1, count + 1)]
    assert list(catalogue()) == expected
    assert list(groups()) == list(numbers)
    severities = Counter(control.severity for control in catalogue().values())
    assert severities == {"must": 54, "should": 16}


def test_each_control_of_the_tool_has_a_judge_or_a_written_reason() -> None:
    judged = set(parts())
    assert judged <= set(catalogue())
    silent = {
        control.id
        for control in catalogue().values()
        if "tool" in control.responsible and control.id not in judged and control.unmeasured is None
    }
    assert silent == set()


def test_a_reason_goes_when_a_judge_comes() -> None:
    assert {key for key in parts() if catalogue()[key].unmeasured} == set()


def test_titles_fit_a_table_and_sentences_end() -> None:
    for control in catalogue().values():
        for text in (control.title.en, control.title.de):
            assert len(text) <= 52, text
            assert not text.endswith(".")
            assert not re.search(r"\[[TGM]\]", text)
        for sentence in (control.requirement, control.unmeasured):
            assert sentence is None or (sentence.en[-1], sentence.de[-1]) == (".", ".")


def test_each_short_name_of_a_source_is_explained() -> None:
    used = " ".join(control.source for control in catalogue().values())
    assert {name for name in sources() if name not in used} == set()
