"""Writing inventory.yml: what a person wrote there survives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from provision.inventory import reading, writing
from provision.inventory.edits import add_hosts
from provision.inventory.file import Document
from provision.messages.errors import RefusedError, SettingsError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

BY_HAND = """\
# All schools of the district
---
schools:
    vars:
        contact: 'it@district.example.org'   # one mailbox

    hosts:
        # the oldest one
        nord:
            school: "Gymnasium Nord"
            domain: meet.nord.example.org
            address: 203.0.113.10
            school_networks:
            -   192.0.2.0/24   # the computer room
            -   198.51.100.0/24

        # moved in 2025
        sued:
            address: "203.0.113.11"  # rented
            domain: meet.sued.example.org
            school: 'Gymnasium "Süd"'

        # opens in March
        west:
            address: 203.0.113.12
            domain: meet.west.example.org
            school: West
# the end
"""
NEW = {
    "address": "203.0.113.20",
    "domain": "meet.ost.example.org",
    "school": "Ost: die 1. # Schule",
    "contact": "it@ost.example.org",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.yml"
    path.write_text(BY_HAND, encoding="utf-8")
    return path


def test_adding_a_school_keeps_every_line(path: Path) -> None:
    writing.add_school(path, "ost", NEW)
    assert reading.load(path).schools["ost"].school == NEW["school"]
    assert path.read_text(encoding="utf-8") == BY_HAND.replace(
        "# the end\n",
        """\
        ost:
            address: 203.0.113.20
            domain: meet.ost.example.org
            school: 'Ost: die 1. # Schule'
            contact: it@ost.example.org
# the end
""",
    )


def test_setting_a_value_changes_its_line_only(path: Path) -> None:
    writing.set_value(path, "sued", "address", "203.0.113.99")
    expected = BY_HAND.replace('"203.0.113.11"  # rented', "203.0.113.99  # rented")
    assert path.read_text(encoding="utf-8") == expected


def test_setting_a_new_value_adds_one_line(path: Path) -> None:
    writing.set_value(path, "sued", "school_networks", ["192.0.2.0/24"])
    line = "            school: 'Gymnasium \"Süd\"'\n"
    expected = BY_HAND.replace(line, line + "            school_networks: [192.0.2.0/24]\n")
    assert path.read_text(encoding="utf-8") == expected


def test_an_empty_value_is_filled_in(path: Path) -> None:
    path.write_text(BY_HAND.replace("school: West", "school: West\n            language:"))
    with pytest.raises(SettingsError):
        reading.load(path)
    writing.set_value(path, "west", "language", "en")
    assert "            language: en\n" in path.read_text(encoding="utf-8")


def test_a_list_over_several_lines_is_left_to_an_editor(path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot edit"):
        writing.set_value(path, "nord", "school_networks", [])
    assert path.read_text(encoding="utf-8") == BY_HAND


def test_a_school_can_be_added_where_all_were_taken_out(path: Path) -> None:
    hosts = BY_HAND.index("        # the oldest one")
    path.write_text(BY_HAND[:hosts] + "        # opens in March\n# the end\n")
    assert not reading.load(path).schools
    writing.add_school(path, "ost", NEW)
    assert "# opens in March" in path.read_text(encoding="utf-8")
    assert list(reading.load(path).schools) == ["ost"]


def test_a_school_with_lines_in_braces_is_left_to_an_editor(path: Path) -> None:
    text = (
        "schools: {hosts: {a: {address: 203.0.113.1, domain: a.de, school: A, contact: a@b.de}}}\n"
    )
    path.write_text(text)
    with pytest.raises(RefusedError):
        writing.set_value(path, "a", "language", "en")
    assert path.read_text() == text


def test_a_bad_value_is_never_written(path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        writing.set_value(path, "sued", "domain", "https://x")
    assert error.value.next == "nothing was written; correct this first"
    assert path.read_text(encoding="utf-8") == BY_HAND


def test_unknown_schools_cannot_be_edited(path: Path) -> None:
    with pytest.raises(UsageError):
        writing.set_value(path, "x", "language", "de")


def test_the_file_keeps_its_mode_its_link_and_its_line_ends(path: Path) -> None:
    path.write_bytes(BY_HAND.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    link = path.with_name("link.yml")
    link.symlink_to(path)
    writing.add_school(link, "ost", NEW)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert list(path.parent.iterdir()) in ([path, link], [link, path])


def test_a_file_that_changed_meanwhile_is_left_alone(path: Path) -> None:
    document = add_hosts(Document.read(path), "schools", {"ost": NEW})
    path.write_text(BY_HAND + "# typed just now\n")
    with pytest.raises(RefusedError, match="changed by someone else"):
        document.save()
    assert path.read_text().endswith("# typed just now\n")
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_appeared_meanwhile_is_left_alone(path: Path) -> None:
    fresh = path.with_name("new.yml")
    document = add_hosts(Document.new(fresh, ""), "schools", {"ost": NEW})
    fresh.write_text("mine")
    with pytest.raises(RefusedError, match="changed by someone else"):
        document.save()
    assert fresh.read_text() == "mine"


def test_a_directory_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as error:
        writing.add_school(tmp_path / "gone" / "inventory.yml", "ost", NEW)
    assert error.value.why == "No such file or directory"


@pytest.mark.parametrize("before", ["", "# only a comment\n", "schools:\n", "schools:\n  hosts:\n"])
def test_the_first_school_of_a_file(path: Path, before: str) -> None:
    path.write_text(before)
    writing.add_school(path, "ost", NEW)
    assert reading.load(path).schools["ost"].domain == NEW["domain"]
    assert path.read_text().startswith(before.partition(":")[0])


TEXTS = st.text(max_size=40)


@given(school=TEXTS, key=st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True))
@example(school="no", key="on")
@example(school="1e3", key="1e3")
@example(school="12:30", key="0")
@example(school="'", key="null")
@example(school='"', key="022")
@example(school="- x", key="yes")
@example(school="!x &a *b", key="2026-01-01")
@example(school="a: b # c", key="y")
@example(school="=", key="0x1f")
@example(school="<<", key="1-1")
def test_whatever_is_written_ansible_and_we_read_back_the_same(
    school: str, key: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("written") / "inventory.yml"
    values: dict[str, Any] = {**NEW, "school": school}
    try:
        writing.add_school(path, key, values)
    except SettingsError as refusal:
        assert {problem.setting for problem in refusal.problems} == {"school"}  # noqa: PT017
        return
    assert reading.load(path).schools[key].school == school
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == {"schools": {"hosts": {key: values}}}
