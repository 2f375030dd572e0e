"""Judges what was seen on the server, before anything changes there."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.action import ActionBase

from provision import deployment


class ActionModule(ActionBase):  # type: ignore[misc]
    """Fails with cause and remedy where the server cannot be used; never contacts it."""

    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return ``server`` with what follows from the facts, and what the certificate needs.

        With ``report``, return all ``findings`` of a thorough look instead.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = json.loads(json.dumps(self._task.args))
        judge = deployment.report if given.get("report") else deployment.judge
        return result | deployment.answer(lambda: judge(given["settings"], given["server"]))
