"""A value comes out of the real parser as it went in, or the filter refuses it. Nothing else."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import HealthCheck, example, given, settings

from provision.deploy import quoting
from tests.quoting import values
from tests.quoting.judges import JAVA, LUA, NODE, RUBY, Judge, Systemd, sourced, typesafe_jar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EXACT = 2**53 - 1

thorough = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
slow = settings(thorough, max_examples=40)


@pytest.fixture(scope="module", params=["lua", "javascript", "hocon-ruby", "hocon-java"])
def language(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Judge]]:
    """A filter's name and the parser that judges it."""
    folder: Path = tmp_path_factory.mktemp("judge")
    if request.param == "lua":
        (folder / "judge.lua").write_text(LUA)
        judge = Judge("lua5.4", str(folder / "judge.lua"))
    elif request.param == "javascript":
        judge = Judge("node", "-e", NODE)
    elif request.param == "hocon-ruby":
        judge = Judge("ruby", "-e", RUBY)
    else:
        (folder / "Judge.java").write_text(JAVA)
        judge = Judge("java", "-cp", str(typesafe_jar()), str(folder / "Judge.java"))
    yield request.param.partition("-")[0], judge
    judge.close()


def written(name: str, value: Any) -> str | None:
    """Return what a filter writes, None if it refuses."""
    try:
        literal = getattr(quoting, name)(value)
    except AnsibleFilterError:
        return None
    assert isinstance(literal, str)
    return literal


def as_lua_shows(value: Any) -> Any:
    """Return a value as the judge for Lua prints it: text in hexadecimal, an empty table is {}."""
    if isinstance(value, str):
        return value.encode().hex()
    if isinstance(value, dict):
        return {as_lua_shows(name): as_lua_shows(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_lua_shows(each) for each in value] or {}
    return value


@thorough
@given(value=values.structures)
@example(value="\ud800")
@example(value={"__proto__": {"x": 1}})
@example(value=[2**53, -(2**53)])
def test_values_come_back_as_they_went_in(language: tuple[str, Judge], value: Any) -> None:
    name, judge = language
    literal = written(name, value)
    leaves = values.leaves(value)
    refused = not values.is_text(value) or any(
        isinstance(leaf, int) and abs(leaf) > EXACT for leaf in leaves
    )
    if "__proto__" in leaves and literal is None:
        return  # refused as a name
    assert (literal is None) == refused
    if literal is not None:
        assert judge(literal) == (as_lua_shows(value) if name == "lua" else value)


@pytest.mark.parametrize("text", [t for t in values.HOSTILE if values.is_text(t)])
def test_no_known_trick_leaves_its_quotes(language: tuple[str, Judge], text: str) -> None:
    name, judge = language
    expected = as_lua_shows(text) if name == "lua" else text
    assert judge(getattr(quoting, name)(text)) == expected


@thorough
@given(value=values.structures)
def test_javascript_holds_nothing_that_html_or_nginx_would_notice(value: Any) -> None:
    literal = written("javascript", value) or ""
    assert literal.isascii()
    assert not set(literal) & set("<>&\n\r")


@thorough
@given(text=values.texts)
def test_shell_words_come_back(text: str) -> None:
    shell_word(text)


@pytest.mark.parametrize("text", values.HOSTILE)
def test_no_known_trick_leaves_a_shell_word(text: str) -> None:
    shell_word(text)


def shell_word(text: str) -> None:
    """Let a shell read a word, and compare."""
    literal = written("shell", text)
    assert (literal is None) == (not values.is_text(text) or "\0" in text)
    if literal is not None:
        assert sourced("/bin/sh", literal) == text.encode()


@slow
@given(text=values.texts)
def test_shell_words_come_back_from_bash(text: str) -> None:
    literal = written("shell", text)
    if literal is not None:
        assert sourced("/bin/bash", literal) == text.encode()


@pytest.fixture(scope="module")
def systemd() -> Systemd:
    """The reader of environment files."""
    return Systemd()


@thorough
@given(text=values.texts)
def test_environment_files_say_the_same_to_systemd_and_to_shells(
    systemd: Systemd, text: str
) -> None:
    environment_line(systemd, text)


@pytest.mark.parametrize("text", values.HOSTILE)
def test_no_known_trick_leaves_an_environment_file(systemd: Systemd, text: str) -> None:
    environment_line(systemd, text)


def environment_line(systemd: Systemd, text: str) -> None:
    """Let systemd and a shell read a line, and compare."""
    literal = written("systemd_env", text)
    assert (literal is None) == (not values.is_text(text) or values.has_control(text))
    if literal is not None:
        content = f"BEFORE=1\nVALUE={literal}\nAFTER=2\n"
        assert systemd(content) == {"BEFORE": "1", "VALUE": text, "AFTER": "2"}
        assert sourced("/bin/sh", content, "VALUE") == text.encode()


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str | None] = []
        self.content = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.content += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


@thorough
@given(text=values.texts)
def test_xml_and_html_hold_the_text(text: str) -> None:
    element_and_attributes(text)


@pytest.mark.parametrize("text", values.HOSTILE)
def test_no_known_trick_leaves_xml(text: str) -> None:
    element_and_attributes(text)


def element_and_attributes(text: str) -> None:
    """Let parsers of XML and HTML read a text, and compare."""
    literal = written("xml", text)
    bad = any(c < " " and c not in "\t\n\r" for c in text)
    assert (literal is None) == (not values.is_text(text) or bad)
    if literal is None:
        return
    document = f"<a x=\"{literal}\" y='{literal}'>{literal}</a>"
    element = ET.fromstring(document)
    assert (element.text or "") == element.get("x") == element.get("y") == text
    page = Page(document)
    assert (page.tags, page.attributes, page.content) == (["a"], [text, text], text)


NAMES = ["lua", "hocon", "javascript", "nginx", "shell", "xml", "systemd_env"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [None, 1.5, b"bytes", object(), {1, 2}])
def test_what_is_no_value_is_refused(name: str, value: object) -> None:
    with pytest.raises(
        AnsibleFilterError, match=f"'{name}' cannot write this value: it is .*not text"
    ):
        getattr(quoting, name)(value)


@pytest.mark.parametrize("name", ["nginx", "shell", "xml", "systemd_env"])
@pytest.mark.parametrize("value", [1, True, ["a"], {"a": "b"}])
def test_languages_of_plain_text_take_only_text(name: str, value: object) -> None:
    with pytest.raises(AnsibleFilterError, match="not text"):
        getattr(quoting, name)(value)


@pytest.mark.parametrize("name", ["lua", "hocon", "javascript"])
def test_names_of_entries_have_to_be_text(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match="not text"):
        getattr(quoting, name)({1: "a"})


def test_no_refusal_shows_the_value() -> None:
    for name in NAMES:
        with pytest.raises(AnsibleFilterError) as refusal:
            getattr(quoting, name)("s3cret$\ud800\0")
        assert "s3cret" not in str(refusal.value)


def test_ansible_finds_every_filter() -> None:
    filters: dict[str, Callable[[Any], str]] = values.load().FilterModule().filters()
    assert sorted(filters) == sorted(NAMES)
    assert all(filters[name] is getattr(quoting, name) for name in NAMES)
