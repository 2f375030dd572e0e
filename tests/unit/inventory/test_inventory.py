"""Reading inventory.yml: every problem at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.inventory import file, reading, writing
from provision.messages.errors import ExitCode, RefusedError, SettingsError, UsageError
from tests.inventories import NORD

ROOT = Path(__file__).parents[3]
SUED = """\
    sued:
      address: 203.0.113.11
      domain: meet.sued.example.org
      school: Gymnasium Süd
      contact: it@sued.example.org
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inventory.yml"


def read(path: Path, text: str) -> list[tuple[int, str, str, str]]:
    """Return the problems of a text as line, school, setting, sentence."""
    path.write_text(text, encoding="utf-8")
    try:
        reading.load(path)
    except SettingsError as error:
        found = error
    else:
        return []
    assert found.exit_code == ExitCode.USAGE
    return [(item.line, item.school, item.setting, item.sentence) for item in found.problems]


def test_the_example_is_without_problems_and_uses_the_examples_of_the_table() -> None:
    found = reading.load(ROOT / "inventory.example")
    assert list(found.schools) == ["gymnasium-nord", "comenius-school"]
    nord = found.schools["gymnasium-nord"]
    for name in ("address", "domain", "school", "imprint_url", "privacy_url", "retention_days"):
        assert str(getattr(nord, name)) == reading.TABLE[name].setting.example
    assert found.shared == {"contact": "it@schools.example.org", "retention_days": 7}
    assert nord.contact == "it@schools.example.org"
    assert found.schools["comenius-school"].contact == "office@comenius-school.example.org"


def test_a_school_inherits_what_is_shared_and_may_differ(path: Path) -> None:
    shared = "schools:\n  vars: {language: en, retention_days: 3}\n" + NORD.partition("\n")[2]
    path.write_text(shared + SUED + "      language: de\n")
    found = reading.load(path).schools
    assert (found["nord"].language, found["sued"].language) == ("en", "de")
    assert found["sued"].retention_days == 3


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "schools:\n", "schools:\n  hosts:\n"])
def test_a_file_without_schools_is_fine(path: Path, text: str) -> None:
    assert read(path, text) == []
    assert not reading.load(path).schools


def test_all_problems_of_a_file_come_at_once_in_its_order(path: Path) -> None:
    text = """\
schools:
  vars:
    language: fr
    retention_dayz: 8
    address: 203.0.113.9
  hosts:
    Nord:
      domain: meet.nord.example.org   # fine
      fqdn: x
      school: "x"
      contact: x
    sued:
"""
    missing = "It is missing. For instance: "
    assert read(path, text) == [
        (3, "vars", "language", "Possible values: de, en."),
        (
            4,
            "vars",
            "retention_dayz",
            "There is no such setting. Did you mean retention_days?",
        ),
        (5, "vars", "address", "Two schools cannot share this; write it below each school."),
        (
            7,
            "",
            "",
            (
                "Use small letters, digits and hyphens, at most 63, and begin with a letter or a "
                "digit, for instance gymnasium-nord."
            ),
        ),
        (9, "Nord", "fqdn", "This setting is called domain here."),
        (
            11,
            "Nord",
            "contact",
            "An e-mail address contains an @. For instance: it@gymnasium-nord.example.org",
        ),
        (12, "sued", "domain", missing + "meet.gymnasium-nord.example.org"),
        (12, "sued", "school", missing + "Gymnasium Nord"),
        (12, "sued", "contact", missing + "it@gymnasium-nord.example.org"),
    ]


def test_a_tab_is_named_as_such_with_its_line(path: Path) -> None:
    found = read(path, NORD.replace("      domain", "\tdomain"))
    assert found == [(5, "", "", "This line begins with a tab; YAML wants spaces.")]


def test_other_broken_yaml_is_named_with_its_line(path: Path) -> None:
    [(line, _school, _setting, sentence)] = read(path, NORD + "      ssh_user: 'root\n")
    assert (line, sentence[:18]) == (9, "This is not YAML: ")


def test_a_school_that_stands_twice_is_refused_with_both_lines(path: Path) -> None:
    again = NORD.partition("hosts:\n")[2]
    assert read(path, NORD + again) == [
        (8, "", "nord", "It stands in line 3 and again in line 8; remove one.")
    ]


def test_a_setting_that_stands_twice_is_refused_with_both_lines(path: Path) -> None:
    assert read(path, NORD + "      address: 203.0.113.12\n") == [
        (8, "nord", "address", "It stands in line 4 and again in line 8; remove one.")
    ]


def test_two_schools_cannot_share_a_domain_or_a_server(path: Path) -> None:
    text = NORD + SUED.replace("sued.ex", "nord.ex").replace("113.11", "113.10")
    assert read(path, text) == [
        (9, "sued", "address", "nord in line 4 has the same; each school needs its own."),
        (10, "sued", "domain", "nord in line 5 has the same; each school needs its own."),
    ]


def test_two_servers_behind_one_address_with_different_ports_are_possible(path: Path) -> None:
    text = NORD + SUED.replace("113.11", "113.10") + "      ssh_port: 2222\n"
    assert read(path, text) == []


@pytest.mark.parametrize("bare", ["no", "on", "2026-01-01", "12:30", "022", "0x1f", "1_000"])
def test_a_word_that_ansible_would_read_differently_wants_quotes(path: Path, bare: str) -> None:
    found = read(path, NORD.replace("Gymnasium Nord", bare))
    assert [item[:3] for item in found] == [(6, "nord", "school")] * len(found) != []
    assert "quotes" in found[0][3]
    assert read(path, NORD.replace("Gymnasium Nord", f'"{bare}"')) == []


def test_an_octal_port_is_refused_because_ansible_counts_differently(path: Path) -> None:
    assert read(path, NORD + "      ssh_port: 022\n") == [
        (
            8,
            "nord",
            "ssh_port",
            "Ansible would read this differently; put text in quotes, begin no number with 0.",
        )
    ]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("- a\n- b\n", 1, "The file must hold indented lines of the form `name: value`."),
        ("schools: x\n", 1, "schools must hold indented lines of the form `name: value`."),
        (
            "schools:\n  hosts: [a]\n",
            2,
            "hosts must hold indented lines of the form `name: value`.",
        ),
        (
            "schools:\n  hosts:\n    nord: x\n",
            3,
            "nord must hold indented lines of the form `name: value`.",
        ),
        ("school:\n  hosts:\n", 1, '"school" does not belong here; possible here: schools.'),
        (
            "schools:\n  hosts:\n  children:\n",
            3,
            '"children" does not belong here; possible here: vars, hosts.',
        ),
    ],
)
def test_a_wrong_structure_is_explained(path: Path, text: str, line: int, sentence: str) -> None:
    assert [(item[0], item[3]) for item in read(path, text)] == [(line, sentence)]


def test_two_variables_of_ansible_are_allowed_everywhere(path: Path) -> None:
    shared = "schools:\n  vars:\n    ansible_ssh_timeout: 60\n" + NORD.partition("\n")[2]
    assert read(path, shared + "      ansible_ssh_private_key_file: ~/.ssh/nord\n") == []
    found = reading.ansible_variables(path, ["nord"])
    assert found == {
        "nord": {"ansible_ssh_timeout": 60, "ansible_ssh_private_key_file": "~/.ssh/nord"}
    }


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "ansible_become: true",
            (
                "This variable of Ansible is not allowed: it could run a program on this computer. "
                "Possible are: ansible_ssh_private_key_file, ansible_ssh_timeout."
            ),
        ),
        ("ansible_host: 203.0.113.9", "This setting is called address here."),
        ("ansible_user: root", "This setting is called ssh_user here."),
        ("ansible_ssh_timeout: 0", "It must be between 1 and 600."),
        ('ansible_ssh_timeout: "60"', "It must be between 1 and 600."),
        (
            "ansible_ssh_private_key_file: -oProxyCommand=x",
            "It must be the path of a key that begins with / or ~/, without quotation marks.",
        ),
        (
            'ansible_ssh_private_key_file: ~/x" -o y',
            "It must be the path of a key that begins with / or ~/, without quotation marks.",
        ),
        (
            "ansible_ssh_private_key_file: '/{{ x }}'",
            "Ansible would calculate with {{, {% and {#; leave them out.",
        ),
    ],
)
def test_every_other_variable_of_ansible_is_refused(path: Path, line: str, sentence: str) -> None:
    name = line.partition(":")[0]
    assert read(path, NORD + f"      {line}\n") == [(8, "nord", name, sentence)]


def test_a_yaml_tag_is_no_text(path: Path) -> None:
    found = read(path, NORD.replace("Gymnasium Nord", "!vault x"))
    assert found == [
        (6, "nord", "school", "It must be text; put it in quotes. For instance: Gymnasium Nord")
    ]


def test_a_missing_file_says_what_writes_one(path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        reading.load(path)
    assert error.value.rows() == [
        ("Why", "There is no such file."),
        ("Next", "`provision new` writes one"),
    ]


def test_a_directory_or_other_bytes_are_no_inventory(path: Path) -> None:
    path.write_bytes(b"schools:\n  # S\xfcd\n")
    with pytest.raises(SettingsError) as error:
        reading.load(path)
    assert error.value.problems[0].line == 2
    assert error.value.problems[0].sentence.startswith("This is not UTF-8 text")
    with pytest.raises(SettingsError) as error:
        reading.load(path.parent)
    assert error.value.problems[0].sentence == "It cannot be read: Is a directory."


def test_a_file_that_may_not_be_read_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> bytes:  # chmod would not do: tests may run as root
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(file, "read_bytes", refuse)
    assert read(path, NORD) == [(0, "", "", "It cannot be read: Permission denied.")]


def test_schools_are_chosen_by_name_or_all_or_the_only_one(path: Path) -> None:
    path.write_text(NORD)
    one = reading.load(path)
    assert reading.select(one, []) == ["nord"]
    path.write_text(NORD + SUED)
    two = reading.load(path)
    assert reading.select(two, [], everyone=True) == ["nord", "sued"]
    assert reading.select(two, ["sued", "nord", "sued"]) == ["sued", "nord"]


@pytest.mark.parametrize(
    ("names", "everyone", "what", "why"),
    [
        ([], False, "Which school?", "{path} has several: nord, sued"),
        (["nort"], False, 'There is no school "nort" in {path}', "did you mean nord?"),
        (["xyz"], False, 'There is no school "xyz" in {path}', "these are there: nord, sued"),
        (["nord"], True, "Name schools or write --all, not both", ""),
    ],
)
def test_an_unclear_choice_is_refused(
    path: Path, names: list[str], everyone: bool, what: str, why: str
) -> None:
    path.write_text(NORD + SUED)
    with pytest.raises(UsageError) as error:
        reading.select(reading.load(path), names, everyone=everyone)
    assert error.value.what == what.format(path=path)
    assert (error.value.why or error.value.next) == why.format(path=path)


def test_an_empty_inventory_has_nothing_to_choose(path: Path) -> None:
    path.write_text("schools:\n")
    with pytest.raises(UsageError) as error:
        reading.select(reading.load(path), [])
    assert error.value.next == "provision new"


def test_an_existing_school_is_never_overwritten(path: Path) -> None:
    path.write_text(NORD)
    with pytest.raises(RefusedError):
        writing.add_school(path, "nord", {})
    assert path.read_text() == NORD


@pytest.mark.parametrize("key", ["schools", "all", "ungrouped", "localhost"])
def test_a_school_is_not_called_like_one_of_ansibles_own_names(path: Path, key: str) -> None:
    (problem,) = read(path, NORD.replace("nord:", f"{key}:", 1))
    assert problem[0] == 3
    assert "Ansible" in problem[3]


@pytest.mark.parametrize("key", ["12", "2026-01-01"])
def test_a_short_name_is_text(path: Path, key: str) -> None:
    (problem,) = read(path, NORD.replace("nord:", f"{key}:", 1))
    assert problem[0] == 3
    assert "quotes" in problem[3]
    assert read(path, NORD.replace("nord:", f'"{key}":', 1)) == []
