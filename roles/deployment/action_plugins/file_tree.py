"""Renders the trees of all roles here and hands them to the module in one call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from provision.deploy import control_side

ARGUMENTS = ("complete", "validate_all", "guard_seconds", "run")


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs the module of the same name with what the roles declare."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the result, and the packages, units and answers that the roles declare."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        given = json.loads(json.dumps(self._task.args))
        declared: dict[str, Any] = {}

        def render() -> dict[str, Any]:
            arguments, rest = control_side.declare(
                Path(__file__).resolve().parents[2],
                given["roles"],
                given["settings"],
                given["server"],
                control_side.directory(variables),
                rehearsal=self._task.check_mode,
            )
            declared.update(arguments)
            return rest

        rest = control_side.answer(render)
        if rest.get("failed"):
            return result | rest
        left = (rest["missing_packages"], rest["inactive"], rest["access_unsure"])
        declared["last"] = bool(given.get("last")) and not any(left)
        module = self._execute_module(
            module_name="file_tree",
            module_args=declared | {name: given[name] for name in ARGUMENTS if name in given},
            task_vars=variables,
        )
        module.pop("invocation", None)
        return result | module | rest
