"""Judges what was seen on the server, before anything changes there."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.action import ActionBase

from provision.deploy import control_side

# With one of these Ansible signs in with a password; the program itself never does.
PASSWORDS = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")


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
        variables = task_vars or {}
        given = json.loads(json.dumps(self._task.args))
        if given.get("report"):
            return result | control_side.answer(
                lambda: control_side.report(given["settings"], given["server"])
            )
        given["server"]["key_sign_in"] = not (
            self._play_context.password or any(variables.get(name) for name in PASSWORDS)
        )
        return result | control_side.answer(
            lambda: control_side.judge(
                given["settings"],
                given["server"],
                control_side.directory(variables),
            )
        )
