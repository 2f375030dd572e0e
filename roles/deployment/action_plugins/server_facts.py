"""Looks at the server, once no other deployment is at work there."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.action import ActionBase

from provision.deploy import control_side
from provision.play import at_work


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs the module of the same name, which takes the server for this deployment."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the module's result, or who else is at work."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = json.loads(json.dumps(self._task.args))

        def look(ended: str) -> dict[str, Any]:
            answer: dict[str, Any] = self._execute_module(
                module_name="server_facts", module_args=given | {"over": ended}, task_vars=task_vars
            )
            return answer

        return result | control_side.answer(lambda: at_work.begin(look))
