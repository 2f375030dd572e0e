"""provision schema."""

from provision.messages import console


def command() -> None:
    """Print the JSON schema of inventory.yml, for editors.

    For example:
      provision schema > inventory.schema.json
    """
    from provision.inventory.schema import inventory_schema

    console.result_json(inventory_schema())
