"""All settings of one school together."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from provision.messages.errors import SettingsError
from provision.settings.setting import RENAMED, Setting
from provision.settings.table import TABLE, Row
from provision.settings.validation import check_value, from_text, validate, validate_host_vars

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"
GOOD = {
    "address": "203.0.113.10",
    "domain": "meet.school.example.org",
    "school": "Gymnasium Nord",
    "contact": "it@school.example.org",
}
CONFIRMED = {"DOC-03": "AVV 1.3.2026", "DOC-05": "2026-04-01"}


@pytest.fixture
def optional_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting of a kind that there is none of yet."""

    class Wanted(BaseModel):
        number: Annotated[int | None, Field(strict=True, ge=2, le=500)] = None

    row = Row("optional_number", Wanted.model_fields["number"], Setting("A number.", "40"))
    monkeypatch.setitem(TABLE, row.name, row)


def problems(**values: Any) -> dict[str, str]:
    found = validate({**GOOD, **values})[1]
    return {problem.setting: problem.sentence for problem in found}


def test_the_required_settings_are_enough_and_the_others_have_defaults() -> None:
    """These are read by people in docs/settings.md, and stand in no third place."""
    table = re.findall(r"^\| `(\w+)` \|.* \| (.+) \| `.+` \|$", DOCUMENT.read_text(), re.MULTILINE)
    settings = validate_host_vars("nord", GOOD)
    assert {name: settings.pop(name) for name in GOOD} == GOOD
    assert dict(table) == dict.fromkeys(GOOD, "must be given") | {
        name: "none" if value in (None, [], {}) else f"`{value}`"
        for name, value in settings.items()
    }


def test_ansibles_own_variables_and_those_of_roles_do_not_disturb() -> None:
    variables = {**GOOD, "ansible_user": "x", "inventory_hostname": "nord", "base_packages": []}
    assert validate_host_vars("nord", variables)["ssh_user"] == "root"


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        validate_host_vars("nord", {"address": "localhost", "domain": "x", "retention_days": 0})
    assert {problem.setting for problem in error.value.problems} == {
        "address",
        "domain",
        "school",
        "contact",
        "retention_days",
    }
    assert error.value.what == "nord: 5 problems"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"school": True}, "It must be text; put it in quotes. For instance: Gymnasium Nord"),
        ({"school": 7}, "It must be text; put it in quotes. For instance: Gymnasium Nord"),
        ({"school": None}, "It is empty. For instance: Gymnasium Nord"),
        ({"school": ""}, "It is empty. For instance: Gymnasium Nord"),
        ({"retention_days": 91}, "It must be between 1 and 90."),
        ({"retention_days": 0}, "It must be between 1 and 90."),
        (
            {"retention_days": "7"},
            "It must be a whole number, without quotes. For instance: 7",
        ),
        (
            {"retention_days": True},
            "It must be a whole number, without quotes. For instance: 7",
        ),
        ({"ssh_port": 65536}, "It must be between 1 and 65535."),
        (
            {"school_networks": "192.0.2.0/24"},
            "It must be a list. For instance: [192.0.2.0/24]",
        ),
        (
            {"school_networks": ["192.0.2.0/24", "x"]},
            "“x” is not a network. For instance: [192.0.2.0/24]",
        ),
        (
            {"confirmed": "AVV"},
            (
                "It must hold indented lines of the form `name: value`. "
                "For instance: {DOC-03: AVV vom 2026-03-01}"
            ),
        ),
        (
            {"confirmed": {"DOC-3": "AVV vom 2026-03-01"}},
            (
                "There is no control DOC-3. Did you mean DOC-03? "
                "For instance: {DOC-03: AVV vom 2026-03-01}"
            ),
        ),
        (
            {"confirmed": {"x": "AVV vom 2026-03-01"}},
            (
                "There is no control x; docs/controls.md lists all of them. "
                "For instance: {DOC-03: AVV vom 2026-03-01}"
            ),
        ),
        (
            {"confirmed": {"TLS-01": "2026-03-01"}},
            (
                "TLS-01 is measured by `provision verify`; nobody can confirm it. "
                "For instance: {DOC-03: AVV vom 2026-03-01}"
            ),
        ),
        (
            {"confirmed": {"DOC-03": "signed"}},
            "Say for DOC-03 since when, with a date. For instance: {DOC-03: AVV vom 2026-03-01}",
        ),
        (
            {"confirmed": {"DOC-03": date(2026, 3, 1)}},
            "It must be text; put it in quotes. For instance: {DOC-03: AVV vom 2026-03-01}",
        ),
        ({"language": "german"}, "Possible values: de, en."),
        (
            {"certificate": "lets-encrypt"},
            "Possible values: letsencrypt, own, self-signed. Did you mean letsencrypt?",
        ),
        ({"adress": "x"}, "There is no such setting. Did you mean address?"),
        ({"zzz": "x"}, "There is no such setting; docs/settings.md lists all of them."),
        ({"fqdn": "x"}, "This setting is called domain here."),
        (
            {"certificate_file": "a.pem"},
            "It only counts with certificate: own. Change one of them.",
        ),
        (
            {"certificate": "own", "certificate_file": "a.pem"},
            (
                "It is needed, because certificate is own. "
                "For instance: certificates/gymnasium-nord.key"
            ),
        ),
    ],
)
def test_each_mistake_has_its_sentence(values: dict[str, Any], sentence: str) -> None:
    assert list(problems(**values).values()) == [sentence]


def test_an_empty_link_is_no_link() -> None:
    school, found = validate({**GOOD, "imprint_url": "", "privacy_url": None})
    assert found == []
    assert school is not None
    assert (school.imprint_url, school.privacy_url) == (None, None)


def test_files_must_exist_and_be_readable_beside_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "there.pem").write_text("x")
    (tmp_path / "folder").mkdir()
    values = {**GOOD, "certificate": "own", "certificate_file": "there.pem"}
    missing = validate({**values, "certificate_key_file": "gone.key"}, tmp_path)[1]
    assert [problem.sentence for problem in missing] == [f"There is no file {tmp_path}/gone.key."]
    folder = validate({**values, "certificate_key_file": "folder"}, tmp_path)[1]
    assert [problem.sentence for problem in folder] == [f"{tmp_path}/folder is not a file."]


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "root.pem"
    secret.write_text("x")
    # Tests may run as root, who may read everything.
    monkeypatch.setattr("provision.settings.validation.os.access", lambda _path, _mode: False)
    with pytest.raises(ValueError, match=f"You may not read {secret}"):
        check_value("acme_ca_file", "root.pem", tmp_path)


def test_a_single_value_comes_back_in_its_one_right_form() -> None:
    assert check_value("address", "2001:DB8::0") == "2001:db8::"
    assert check_value("school_networks", ["192.0.2.1"]) == ["192.0.2.1/32"]


def test_a_long_hostile_value_is_shown_short_and_on_one_line() -> None:
    problem = validate({**GOOD, "domain": "x\n" * 500})[1][0]
    assert len(problem.value) == 60
    assert "\n" not in problem.value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("retention_days", "14", 14),
        ("retention_days", "1e3", "1e3"),
        ("optional_number", "14", 14),
        ("optional_number", "some", "some"),
        ("optional_number", "", None),
        ("school_networks", "192.0.2.0/24, 2001:db8::/32", ["192.0.2.0/24", "2001:db8::/32"]),
        ("school_networks", "", []),
        ("confirmed", "DOC-03: AVV 1.3.2026; DOC-05: 2026-04-01", CONFIRMED),
        ("confirmed", "", {}),
        ("imprint_url", "", None),
        ("certificate", "", "letsencrypt"),
        ("school", "7", "7"),
        ("school", "", ""),
    ],
)
@pytest.mark.usefixtures("optional_number")
def test_what_a_person_types_gets_the_type_of_the_setting(
    name: str, text: str, value: object
) -> None:
    found = from_text(name, text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.usefixtures("optional_number")
def test_a_number_that_may_be_missing_is_checked_as_any_other() -> None:
    assert check_value("optional_number", 14) == 14
    assert check_value("optional_number", None) is None
    with pytest.raises(ValueError, match=r"It must be between 2 and 500\."):
        check_value("optional_number", 501)
    with pytest.raises(ValueError, match=r"It must be a whole number, without quotes\."):
        check_value("optional_number", "14")


def test_every_setting_explains_itself_and_its_example_is_right() -> None:
    for name, row in TABLE.items():
        assert row.setting.help.endswith("."), name
        text = row.setting.example.strip("[]{}")
        assert check_value(name, from_text(name, text)) == from_text(name, text), name


def test_at_most_nine_questions_and_every_required_setting_is_asked() -> None:
    assert sum(row.asked for row in TABLE.values()) <= 9
    assert all(row.asked for row in TABLE.values() if row.required)


def test_other_names_lead_to_existing_settings_and_hide_none() -> None:
    assert set(RENAMED.values()) <= set(TABLE)
    assert not set(RENAMED) & set(TABLE)


def test_an_ansible_plugin_can_use_it_without_the_terminal_libraries() -> None:
    code = (
        "import sys, provision.settings.validation; "
        "print([m for m in ('typer', 'rich', 'ruamel.yaml', 'cryptography') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert out == "[]\n"


def test_the_second_name_is_another_one() -> None:
    school, problems = validate({**GOOD, "turn_domain": GOOD["domain"]})
    assert school is None
    assert [(problem.setting, problem.sentence) for problem in problems] == [
        (
            "turn_domain",
            "It must be another name than domain. For instance: turn.gymnasium-nord.example.org",
        )
    ]
    assert validate({**GOOD, "turn_domain": "turn.example.org"})[1] == []
