"""provision check."""

from provision.cli.options import (  # fmt: skip
    INVENTORY,
    AllOption,
    InventoryOption,
    JsonOption,
    SchoolsArgument,
)
from provision.messages import console


def command(
    schools: SchoolsArgument = None,
    everyone: AllOption = False,
    json: JsonOption = False,
    inventory: InventoryOption = INVENTORY,
) -> int:
    """Find what would go wrong in a deployment; changes nothing on the server.

    Looks at the server, at its names in the DNS and, from this computer, at its ports: for some
    seconds the server listens where Jitsi will, unless it runs already.

    For example:
      provision check gymnasium-nord
      provision check --all --json
    """
    from provision.check.preflight import examine
    from provision.check.report import as_data, print_report
    from provision.inventory.reading import chosen

    meant = chosen(inventory, schools or [], everyone=everyone)
    found = examine(inventory, meant, ask=not json)
    if json:
        for key, one in found.items():
            console.result_line(as_data(key, one))
    else:
        print_report(found)
    return max(one.code for one in found.values())
