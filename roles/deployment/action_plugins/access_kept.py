"""Signs in anew through changed settings of SSH and firewall, and only then has them kept."""

from __future__ import annotations

import json
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from provision.deploy import lock_out

# sshd shuts out, for a while, whoever fails more often.
PAUSE = 5.0
# A sign-in before the trial begins does not count; see module_utils/access_trial.py.
UNTIL_TRIAL = 1.2
# The server may be a little late.
GRACE = 15.0


class ActionModule(ActionBase):  # type: ignore[misc]
    """Fails with cause and remedy where nobody can sign in any more."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        seconds = float(self._task.args.get("seconds", 60))
        begun, why = time.monotonic(), ""
        time.sleep(UNTIL_TRIAL)
        while True:
            waited = time.monotonic() - begun
            try:
                # A connection of before would go on through any firewall.
                self._connection.reset()
                # Only what gets in and out while the trial lasts may have anything kept.
                seen = self._ask(task_vars, look=True)
                if seen.get("failed"):
                    return result | seen
                if seen["on_trial"]:
                    module = self._ask(task_vars)
                    if module.get("failed") or module.get("kept"):
                        return result | module
                    return result | self._locked_out(why, taken_back=True)
            except AnsibleConnectionFailure as error:
                why = why or str(error)
            if waited > seconds + GRACE:
                return result | self._locked_out(why, taken_back=False)
            time.sleep(PAUSE)

    def _ask(self, task_vars: dict[str, Any] | None, **more: bool) -> dict[str, Any]:
        """Return what the module answers, over the connection that it gets."""
        given = {"run": self._task.args.get("run", {}), **more}
        found: dict[str, Any] = self._execute_module(
            "access_kept", module_args=given, task_vars=task_vars
        )
        return found

    def _locked_out(self, why: str, *, taken_back: bool) -> dict[str, Any]:
        """Return the failed task, which names what of the sysadmin's own was closed."""
        given = json.loads(json.dumps(self._task.args))
        return lock_out.locked_out(
            why, given.get("settings", {}), given.get("server", {}), taken_back=taken_back
        )
