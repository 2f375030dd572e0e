"""How Ansible is started, as far as that can be judged without a server."""

from __future__ import annotations

import locale

import pytest

from provision import runner


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C.UTF-8", {}),
        # What ssh brings along from another computer.
        ("xx_XX.UTF-8", {"LC_ALL": "C.UTF-8"}),
        ("UTF-8", {"LC_ALL": "C.UTF-8"}),
    ],
)
def test_ansible_gets_a_locale_that_exists(
    monkeypatch: pytest.MonkeyPatch, name: str, expected: dict[str, str]
) -> None:
    before = locale.setlocale(locale.LC_ALL)
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LC_CTYPE", name)
    assert runner._usable_locale() == expected
    assert locale.setlocale(locale.LC_ALL) == before
