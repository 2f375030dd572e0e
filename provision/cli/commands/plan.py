"""provision plan."""

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
    """Say what a deployment would change, and change nothing.

    With -v, Ansible shows each line that would change.

    For example:
      provision plan gymnasium-nord
    """
    from provision.deploy.run import deploy
    from provision.inventory.reading import chosen

    meant = chosen(inventory, schools or [], everyone=everyone)
    return deploy(inventory, meant, verbose=verbose, as_json=json, rehearse=True)
