"""provision schema."""

from provision import console


def command() -> None:
    """Print the JSON schema of inventory.yml, for editors.

    For example:
      provision schema > inventory.schema.json
    """
    from provision.schema import inventory_schema

    console.result_json(inventory_schema())
