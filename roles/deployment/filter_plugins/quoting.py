"""The program's quoting filters, where Ansible looks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.deploy.quoting import FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[[Any], str]]:
        """Return the filters by their names in templates."""
        return FILTERS
