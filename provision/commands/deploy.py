"""provision deploy."""

from provision.options import (
    INVENTORY,
    AllOption,
    InventoryOption,
    JsonOption,
    SchoolsArgument,
    VerboseOption,
)  # fmt: skip


def command(
    schools: SchoolsArgument = None,
    everyone: AllOption = False,
    verbose: VerboseOption = False,
    json: JsonOption = False,
    inventory: InventoryOption = INVENTORY,
) -> int:
    """Install and configure a school's server; a second run changes nothing.

    It can be interrupted at any time: the next run goes on where this one stopped.

    For example:
      provision deploy gymnasium-nord
      provision deploy --all --json
    """
    from provision.deploy import deploy
    from provision.inventory import chosen

    meant = chosen(inventory, schools or [], everyone=everyone)
    return deploy(inventory, meant, verbose=verbose, as_json=json)
