"""The school's sentences in the texts of Jitsi's client, and in those of a newer one."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

WEB = Path(__file__).parents[3] / "roles" / "web" / "files" / "usr" / "local"
PROGRAM = WEB / "lib/jitsi-provision/merge_words.py"
WORDS: list[dict[str, str]] = json.loads(
    (WEB / "share/jitsi-provision/words/main-de.json").read_text(encoding="utf-8")
)
JITSI = {
    "lobby": {"knockButton": "Beitritt anfragen", "title": "Lobby"},
    "notify": {"kickParticipant": "{{kicked}} wurde von {{kicker}} ausgewiesen"},
    "toolbar": {"accessibilityLabel": {"mute": "Mikrofon deaktivieren"}},
}
OURS = [
    {"at": "lobby.knockButton", "upstream": "Beitritt anfragen", "ours": "Anklopfen"},
    {
        "at": "notify.kickParticipant",
        "upstream": "{{kicked}} wurde von {{kicker}} ausgewiesen",
        "ours": "{{kicker}} hat {{kicked}} entfernt",
    },
    {"at": "toolbar.accessibilityLabel.stop", "upstream": None, "ours": "Beenden"},
]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The program that a server runs."""
    spec = importlib.util.spec_from_file_location("merge_words", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_our_sentences_stand_in_jitsis_places_and_nothing_else_changes(program: ModuleType) -> None:
    before = json.dumps(JITSI)
    assert program.merge(JITSI, OURS) == (
        {
            "lobby": {"knockButton": "Anklopfen", "title": "Lobby"},
            "notify": {"kickParticipant": "{{kicker}} hat {{kicked}} entfernt"},
            "toolbar": {"accessibilityLabel": {"mute": "Mikrofon deaktivieren", "stop": "Beenden"}},
        },
        [],
    )
    assert json.dumps(JITSI) == before


@pytest.mark.parametrize(
    ("newer", "merged", "remark"),
    [
        pytest.param(
            {"lobby": {"knockButton": "Eintreten"}}, {"lobby": {"knockButton": "Anklopfen"}},
            "lobby.knockButton: Jitsi says something else now: Eintreten", id="another sentence",
        ),
        pytest.param(
            {"lobby": {"title": "Lobby"}}, {"lobby": {"title": "Lobby"}},
            "lobby.knockButton: Jitsi has no such text any more", id="no such sentence",
        ),
        pytest.param(
            {}, {}, "lobby.knockButton: Jitsi has no such group of texts any more",
            id="no such group",
        ),
        pytest.param(
            {"lobby": "Lobby"}, {"lobby": "Lobby"},
            "lobby.knockButton: Jitsi has no such group of texts any more", id="a text for a group",
        ),
        pytest.param(
            {"lobby": {"knockButton": {"a": "A"}}}, {"lobby": {"knockButton": {"a": "A"}}},
            "lobby.knockButton: Jitsi has no such group of texts any more", id="a group for a text",
        ),
    ],
)  # fmt: skip
def test_a_newer_jitsi_is_never_broken(
    program: ModuleType, newer: dict[str, Any], merged: dict[str, Any], remark: str
) -> None:
    assert program.merge(newer, OURS[:1]) == (merged, [remark])


def test_a_value_that_jitsi_no_longer_gives_is_not_asked_for(program: ModuleType) -> None:
    newer = {"notify": {"kickParticipant": "{{name}} wurde ausgewiesen"}}
    assert program.merge(newer, OURS[1:2]) == (
        newer,
        ["notify.kickParticipant: Jitsi puts in other values now: {{name}} wurde ausgewiesen"],
    )


def test_a_text_that_jitsi_lacked_is_its_own_when_it_comes(program: ModuleType) -> None:
    newer = {"toolbar": {"accessibilityLabel": {"stop": "Anhalten"}}}
    assert program.merge(newer, OURS[2:]) == (
        newer,
        ["toolbar.accessibilityLabel.stop: Jitsi has a text of its own now: Anhalten"],
    )


def test_a_file_that_cannot_be_read_leaves_jitsis_own(
    program: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, jitsi, result = (tmp_path / name for name in ("words", "jitsi", "result"))
    words.write_text(json.dumps(OURS))
    jitsi.write_text(json.dumps(JITSI))
    assert program.main(str(words), str(jitsi), str(result)) == 0
    assert json.loads(result.read_text())["lobby"]["knockButton"] == "Anklopfen"
    for broken in ("{", "[]", ""):
        jitsi.write_text(broken)
        assert program.main(str(words), str(jitsi), str(result)) == 1
        assert capsys.readouterr().out.startswith(f"{jitsi}: ")
        assert list(tmp_path.glob("result*")) == []


def test_each_sentence_stands_once_is_another_and_says_why() -> None:
    assert len({word["at"] for word in WORDS}) == len(WORDS)
    for word in WORDS:
        assert set(word) == {"at", "upstream", "ours", "why"}
        assert word["ours"] != word["upstream"]
        assert word["why"]


def test_nobody_is_addressed_with_du() -> None:
    addressed = re.compile(r"\b(du|dich|dir|dein\w*|euch|euer|eure\w*)\b", re.IGNORECASE)
    assert [word["at"] for word in WORDS if addressed.search(word["ours"])] == []


def test_jitsis_newest_file_is_as_we_knew_it(program: ModuleType) -> None:
    """Before a release: PROVISION_JITSI_WORDS names the lang/main-de.json of a new package."""
    path = os.environ.get("PROVISION_JITSI_WORDS")
    if not path:
        pytest.skip("PROVISION_JITSI_WORDS names no file of Jitsi's texts")
    assert program.merge(program.read(path), WORDS)[1] == []
