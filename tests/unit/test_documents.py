"""What is generated agrees with the program, and the example with Ansible."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from provision import docs
from provision.cli import COMMANDS
from provision.inventory.schema import inventory_schema
from provision.settings.table import TABLE

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "inventory.example"


@pytest.mark.parametrize("path", docs.documents(), ids=lambda path: path.name)
def test_generated_documents_are_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == docs.documents()[path], (
        "run: python -m provision.docs"
    )


def test_every_command_and_setting_is_documented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert all(f"`provision {verb}`" in readme for verb in COMMANDS)
    assert all(f"| `{name}` |" in settings for name in TABLE)


def test_the_german_readme_says_the_same_commands_and_settings() -> None:
    words = re.compile(r"`[a-z0-9_*-]+`|^(?:provision|script/)[a-z -]+", re.MULTILINE)
    english, german = (
        set(words.findall((ROOT / name).read_text(encoding="utf-8")))
        for name in ("README.md", "README.de.md")
    )
    assert german - english == set()
    assert {f"`{name}`" for name in TABLE} & english <= german


def test_a_block_is_replaced_and_the_rest_of_a_document_stays() -> None:
    text = f"# Title\n\n{docs.BEGIN}\nold\n{docs.END}\n\nrest\n"
    assert docs.with_block(text, r"new \1") == text.replace("old", r"new \1")
    assert docs.with_block("# Title\n", "x") == f"# Title\n\n{docs.BEGIN}\nx\n{docs.END}\n"


def test_a_table_survives_a_bar() -> None:
    assert docs.table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"


def test_the_schema_is_one_and_accepts_the_example() -> None:
    schema = inventory_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(EXAMPLE.read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize(
    "host",
    [
        {"adress": "203.0.113.10"},
        {"certificate": "bought"},
        {"retention_days": 91},
        {"school": True},
    ],
)
def test_the_schema_refuses_what_an_editor_can_see(host: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schools": {"hosts": {"nord": host}}}, inventory_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schools": {"vars": {"domain": "x.de"}}}, inventory_schema())
