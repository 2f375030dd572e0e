"""provision schema."""

from provision import console
from provision.schema import inventory_schema


def command() -> None:
    """Print the JSON schema of inventory.yml, for editors.

    For example:
      provision schema > inventory.schema.json
    """
    console.result_json(inventory_schema())
