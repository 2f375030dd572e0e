"""The JSON schema of inventory.yml, so that an editor completes and checks it while typing."""

from __future__ import annotations

from typing import Any

from provision.inventory import ansible_names
from provision.messages.i18n import _
from provision.settings.table import TABLE, School
from provision.settings.values import RESERVED


def inventory_schema() -> dict[str, Any]:
    """Return the schema; what only the program can check is left to the program."""
    properties = School.model_json_schema()["properties"]
    for name, row in TABLE.items():
        described: dict[str, Any] = {"description": _(row.setting.help)}
        if row.required:
            described["examples"] = [row.setting.example]
        properties[name].pop("title", None)
        properties[name] = described | properties[name]
    shared = {name: item for name, item in properties.items() if _can_be_shared(name)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "inventory.yml",
        "type": "object",
        "required": ["schools"],
        "additionalProperties": False,
        "properties": {
            "schools": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {
                    "vars": _variables(shared),
                    "hosts": {
                        "type": ["object", "null"],
                        "propertyNames": {
                            "pattern": "^[a-z0-9][a-z0-9-]{0,62}$",
                            "not": {"enum": sorted(RESERVED)},
                        },
                        "additionalProperties": _variables(properties),
                    },
                },
            }
        },
    }


def _can_be_shared(name: str) -> bool:
    return not TABLE[name].setting.one_school_only


def _variables(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": properties | {name: {} for name in sorted(ansible_names.ALLOWED)},
    }
