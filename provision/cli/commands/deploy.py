"""provision deploy."""

from provision.cli.options import (  # fmt: skip
    INVENTORY,
    AllOption,
    InventoryOption,
    JsonOption,
    SchoolsArgument,
    VerboseOption,
)


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
    from provision.deploy.run import deploy
    from provision.inventory.reading import chosen

    meant = chosen(inventory, schools or [], everyone=everyone)
    return deploy(inventory, meant, verbose=verbose, as_json=json)
