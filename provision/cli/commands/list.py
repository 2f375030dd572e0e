"""provision list."""

from provision.cli.options import INVENTORY, InventoryOption, JsonOption
from provision.messages import console
from provision.messages.i18n import _


def command(inventory: InventoryOption = INVENTORY, json: JsonOption = False) -> None:
    """List the schools of inventory.yml, and what is wrong with the file.

    For example:
      provision list
    """
    from provision.inventory.reading import load

    schools = load(inventory).schools
    if json:
        console.result_line({key: school.model_dump() for key, school in schools.items()})
        return
    if not schools:
        console.note(_("There is no school in {path} yet.").format(path=inventory))
        console.note(_("Next: provision new"))
        return
    console.table(
        [_("short name"), _("school"), _("domain"), _("address")],
        [[key, item.school, item.domain, item.address] for key, item in schools.items()],
    )
