"""Gives the roles one school's settings, checked by the program's own table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from provision.deploy import control_side
from provision.settings.table import TABLE


class ActionModule(ActionBase):  # type: ignore[misc]
    """Validates; changes nothing and never contacts the server."""

    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return ``settings`` with all defaults, and the ``units`` of all roles."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        # Through JSON, because Ansible's values carry marks that pydantic rightly refuses.
        values = {
            name: json.loads(json.dumps(self._templar.template(variables[name]), default=str))
            for name in TABLE
            if name in variables
        }
        return result | control_side.answer(
            lambda: control_side.prepare(
                str(variables["inventory_hostname"]),
                values,
                control_side.directory(variables),
                Path(__file__).resolve().parents[2],
            )
        )
